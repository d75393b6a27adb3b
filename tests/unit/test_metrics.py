"""Measurements are lines that CloudWatch takes as metrics, few of them, and with nobody's name in them."""

from __future__ import annotations

import io
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import pytest

from photos import logs, metrics
from photos.errors import Invalid
from photos.models import Job
from photos.tasks import run

UNITS = {"Seconds", "Microseconds", "Milliseconds", "Bytes", "Count", "Percent", "None"}


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the measurements write while they are on."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.JsonFormatter())
    log = logging.getLogger("photos.metrics")
    log.addHandler(handler)
    metrics.configure("web", is_on=True)
    yield stream
    metrics.configure("web", is_on=False)
    log.removeHandler(handler)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """The lines so far, each held against the rules of the format."""
    metrics.configure("web", is_on=False)
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    for line in found:
        about = line["_aws"]
        assert set(about) == {"Timestamp", "CloudWatchMetrics"}
        assert isinstance(about["Timestamp"], int)
        for directive in about["CloudWatchMetrics"]:
            assert 1 <= len(directive["Namespace"]) <= 1024
            for names in directive["Dimensions"]:
                assert 1 <= len(names) <= 30
                for name in names:
                    assert isinstance(line[name], str)
                    assert 1 <= len(line[name]) <= 1024
            assert 1 <= len(directive["Metrics"]) <= 100
            for metric in directive["Metrics"]:
                assert metric["Unit"] in UNITS
                values = line[metric["Name"]]
                assert 1 <= len(values) <= 100
                assert all(isinstance(value, int | float) for value in values)
    return found


def test_values_of_one_kind_share_a_line(written: io.StringIO) -> None:
    for value in (1, 2.5, 3):
        metrics.record("JobTime", value, "Milliseconds", Job="process_photo")
    metrics.record("JobTime", 4, "Milliseconds", Job="read_text")
    first, second = lines(written)
    assert first["JobTime"] == [1, 2.5, 3]
    assert (first["Tier"], first["Job"]) == ("web", "process_photo")
    assert first["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Tier", "Job"]]
    assert second["JobTime"] == [4]


def test_a_line_holds_no_more_values_than_the_format_allows(written: io.StringIO) -> None:
    for value in range(250):
        metrics.record("CallTime", value, "Milliseconds", Service="s3")
    assert [len(line["CallTime"]) for line in lines(written)] == [100, 100, 50]


def test_what_is_measured_is_written_soon_also_where_nothing_follows(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "GATHER_SECONDS", 0.05)
    for value in (1, 2):
        metrics.record("JobTime", value, "Milliseconds", Job="process_photo")
        give_up_at = time.monotonic() + 10
        while len(written.getvalue().splitlines()) < value:
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
    assert [line["JobTime"] for line in lines(written)] == [[1], [2]]


def test_nothing_is_written_where_nothing_is_measured(written: io.StringIO) -> None:
    metrics.configure("web", is_on=False)
    metrics.record("CallTime", 1, "Milliseconds", Service="s3")
    assert lines(written) == []


def test_a_job_that_fails_is_told_by_the_kind_of_its_failure(written: io.StringIO) -> None:
    with pytest.raises(Invalid):
        run(Job("1", "somebody@example.org", {}, 3), None)  # type: ignore[arg-type]
    measured = {name: line for line in lines(written) for name in ("JobTime", "JobRetries") if name in line}
    assert measured["JobTime"]["Job"] == "unknown", "what a message says is no dimension"
    assert measured["JobTime"]["Outcome"] == "Invalid"
    assert measured["JobRetries"]["JobRetries"] == [1]
