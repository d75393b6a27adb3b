"""Whoever waits for somebody else waits longer: one table, and the files that really set it."""

from __future__ import annotations

import json
import re
import runpy
from itertools import pairwise
from pathlib import Path

import pytest

from photos.backends import aws
from photos.config import Settings

ROOT = Path(__file__).parents[2]


def table() -> dict[str, int]:
    """Who gives up -> seconds, in the order of docs/operating.md."""
    text = (ROOT / "docs/operating.md").read_text()
    rows = re.findall(r"^\| (\w+) \| [^|]+ \| (\d+) \| [^|]+ \|$", text, re.MULTILINE)
    return {who: int(seconds) for who, seconds in rows}


def options() -> dict[str, str]:
    """The options of the worker's environment."""
    listed = json.loads((ROOT / "infra/options/worker.json").read_text())
    return {option["OptionName"]: option["Value"] for option in listed}


def nginx(name: str) -> int:
    """Seconds of a directive in the http part."""
    text = (ROOT / ".platform/nginx/conf.d/bigimage.conf").read_text()
    (seconds,) = re.findall(rf"^{name} (\d+)s;", text, re.MULTILINE)
    return int(seconds)


def gunicorn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> int:
    """The time-out that the worker's gunicorn reads."""
    settings = {
        "PLATFORM": "aws",
        "TIER": "worker",
        "BIGIMAGE_DATA": str(tmp_path),
        "SECRET_KEY": "k" * 40,
        "DATABASE_URL": f"sqlite:///{tmp_path}/x.db",
        "BASE_URL": "https://photos.example.org",
        "STORAGE": "folder",
        "JOBS_QUEUE": "jobs",
        "JOBS_DEAD_QUEUE": "dead",
        "AWS_REGION": "eu-central-1",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return int(runpy.run_path(str(ROOT / "gunicorn.conf.py"))["timeout"])


def test_the_table_is_what_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert table() == {
        "SDK": aws.READ_SECONDS,
        "job": Settings().job_seconds,
        "gunicorn": gunicorn(monkeypatch, tmp_path),
        "daemon": int(options()["InactivityTimeout"]),
        "nginx": nginx("proxy_read_timeout"),
        "SQS": int(options()["VisibilityTimeout"]),
    }


def test_each_waits_longer_than_the_one_before() -> None:
    seconds = list(table().values())
    assert all(shorter + 10 <= longer for shorter, longer in pairwise(seconds))


def test_a_photo_is_developed_well_within_a_job() -> None:
    settings = Settings()
    assert settings.decode_seconds + 4 * aws.READ_SECONDS < settings.job_lease_seconds < settings.job_seconds


def test_the_daemon_knocks_at_the_door_and_brings_no_more_than_is_done_at_once() -> None:
    settings, given = Settings(), options()
    assert given["HttpPath"] == "/worker/message"
    assert int(given["HttpConnections"]) <= settings.web_processes * settings.web_threads
    assert int(given["MaxRetries"]) == settings.job_attempts
