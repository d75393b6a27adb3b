"""Odd and hostile pictures through the whole program, as somebody would send them from a terminal.

`BIGIMAGE_CORPUS` names the folder that holds `images/expected.csv`, what another decoder made of each file.
`make test` sends every fiftieth file, `make proof` all of them (fewer where N is below 100).
"""

from __future__ import annotations

import csv
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from photos.backends.jobs.local import LocalJobs
from photos.db.engine import Database
from tests.e2e.furnished import Furnished, furnish, until
from tests.proof import Sweep
from tests.recogniser import models_folder
from tests.servers.app import RunningApp
from tests.unit.test_corpus import OUR_FORMATS

CORPUS = os.environ.get("BIGIMAGE_CORPUS", "")
pytestmark = [
    pytest.mark.e2e,
    pytest.mark.xdist_group("one run of the whole program"),
    pytest.mark.skipif(not CORPUS, reason="BIGIMAGE_CORPUS does not name a folder of odd pictures"),
]

PROOF_STRIDE = max(1, 100 // int(os.environ.get("BIGIMAGE_PROOF_N", "100")))
IMAGES = Path(CORPUS) / "images"
MOST_BYTES = 10**9
WORK_SECONDS = 900
STATES_AT_ONCE = 200


@dataclass(frozen=True)
class Run:
    """What became of the files of `rows`, and what it cost."""

    library: Furnished
    rows: list[dict[str, str]]
    outcomes: dict[str, tuple[str, str]]
    """Path -> `ready` or `refused`, and the reason."""
    peak_bytes: int
    peak_at: dict[str, int]
    """Which processes held how many bytes at the peak."""


@pytest.fixture(
    scope="module",
    params=[50, pytest.param(PROOF_STRIDE, marks=pytest.mark.proof)],
    ids=["a sample", "for proof"],
)
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    with (IMAGES / "expected.csv").open(encoding="utf-8", newline="") as table:
        rows = list(csv.DictReader(table))[:: request.param]
    app = RunningApp(
        tmp_path_factory.mktemp("corpus") / "data",
        {"RECOGNITION": "local", "BIGIMAGE_MODELS": str(models_folder())},
    )
    try:
        library = furnish(app)
        peaks: list[tuple[int, dict[str, int]]] = []
        started = time.monotonic()
        with _watched(app, peaks):
            sent = _send(library, rows)
            _wait_for_work(app)
            cpu_seconds = _cpu_seconds(app)
        outcomes = _outcomes(library, sent)
        peak_bytes, peak_at = max(peaks, key=lambda peak: peak[0])
        print(
            f"{len(rows)} files: {time.monotonic() - started:.0f} s, {cpu_seconds:.0f} s of CPU, "
            f"peak {peak_bytes / 1e6:.0f} MB {peak_at}"
        )
        yield Run(library, rows, outcomes, peak_bytes, peak_at)
    finally:
        app.kill()


@contextmanager
def _watched(app: RunningApp, peaks: list[tuple[int, dict[str, int]]]) -> Iterator[None]:
    """Note ten times a second what all processes hold."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.1):
            held = app.memory_by_process()
            peaks.append((sum(held.values()), held))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def _send(library: Furnished, rows: list[dict[str, str]]) -> dict[str, dict[str, str]]:
    """Path -> what `flask upload` says of it."""
    paths = [str(IMAGES / row["path"]) for row in rows]
    sent = library.app.command(
        "upload", "--json", "--server", library.app.url, "--token", library.token, *paths
    )
    lines = [json.loads(line) for line in sent.stdout.splitlines()]
    assert len(lines) == len(rows), sent.stderr
    return {line["path"].removeprefix(f"{IMAGES}/"): line for line in lines}


def _wait_for_work(app: RunningApp) -> None:
    database = Database(f"sqlite:///{app.data / 'bigimage.db'}")
    try:
        until(lambda: LocalJobs(database).count() == 0, "no job is left", WORK_SECONDS)
    finally:
        database.close()


def _outcomes(library: Furnished, sent: dict[str, dict[str, str]]) -> dict[str, tuple[str, str]]:
    ids = sorted({line["photo_id"] for line in sent.values() if line["photo_id"]})
    states = {}
    for start in range(0, len(ids), STATES_AT_ONCE):
        some = ",".join(ids[start : start + STATES_AT_ONCE])
        for photo in library.api("GET", f"photos/states?ids={some}")["items"]:
            states[photo["id"]] = (photo["state"], photo["reason"])
    return {
        path: states[line["photo_id"]] if line["photo_id"] else (line["status"], line["reason"])
        for path, line in sent.items()
    }


def _cpu_seconds(app: RunningApp) -> float:
    """CPU time of all processes that live, and of those that ended below them."""
    ticks = 0
    for pid in app.pids():
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        ticks += sum(map(int, fields[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")


@pytest.fixture
def counted(run: Run, sweep: Sweep) -> None:
    """Every file of the run is a case."""
    sweep.name = f"odd pictures through the whole program: {sweep.name}"
    sweep.cases = len(run.rows)


@pytest.mark.usefixtures("counted")
def test_what_is_a_picture_gets_ready_and_the_rest_is_refused(run: Run) -> None:
    wanted = {
        row["path"]: "ready" if row["outcome"] == "decoded" and row["format"] in OUR_FORMATS else "refused"
        for row in run.rows
    }
    assert {path: state for path, (state, _) in run.outcomes.items()} == wanted


@pytest.mark.usefixtures("counted")
def test_every_refusal_says_why_in_a_sentence(run: Run) -> None:
    reasons = {reason for state, reason in run.outcomes.values() if state == "refused"}
    assert reasons
    for reason in reasons:
        assert reason[0].isupper(), reason
        assert reason.endswith("."), reason
        assert "Error" not in reason


def test_all_processes_together_stay_below_a_gigabyte(run: Run) -> None:
    assert 0 < run.peak_bytes <= MOST_BYTES, run.peak_at


def test_nothing_died_and_nothing_was_logged_as_a_bug(run: Run) -> None:
    assert "starting it again" not in run.library.app.output
    assert "Traceback" not in run.library.app.log


def test_rows_objects_and_index_agree(run: Run) -> None:
    checked = run.library.app.command("fsck")
    assert checked.returncode == 0, checked.stdout + checked.stderr
