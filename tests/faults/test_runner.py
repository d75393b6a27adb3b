"""A runner that is killed, and what it worked on (F5, F12); a photo that asks for too much memory (F40)."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from photos.config import read_settings
from photos.db.schema import photo as photo_table
from photos.models import PhotoState
from photos.wiring import open_backends
from tests import pictures
from tests.faults.conftest import ROOT
from tests.proof import Sweep
from tests.services.conftest import Library, lay_foundation, somebody

LEASE_SECONDS = 5
WORK_SECONDS = 120
PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "0"))


class RunnerProcess:
    """`photos.runner` on a data folder, which can be killed and started again."""

    def __init__(self, data: Path, **settings: str) -> None:
        self._environ = {
            **os.environ,
            "BIGIMAGE_DATA": str(data),
            "RECOGNITION": "off",
            "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
            "LOG_LEVEL": "error",
            **settings,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; it begins to work within a second or so."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "photos.runner"],
            cwd=ROOT,
            env=self._environ,
            start_new_session=True,
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        """SIGKILL; nothing of it can tidy up."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def library(data_folder: Path, migrated_file: Path) -> Iterator[Library]:
    """A library that only a runner of its own works for."""
    lay_foundation(data_folder, migrated_file)
    backends = open_backends(read_settings({"BIGIMAGE_DATA": str(data_folder), "RECOGNITION": "off"}))
    yield Library(backends, somebody("owner", backends.database))
    backends.close()


@pytest.fixture
def start_runner(library: Library) -> Iterator[Callable[..., RunnerProcess]]:
    """Start a runner on the library; all are killed at the end."""
    runners: list[RunnerProcess] = []

    def start(**settings: str) -> RunnerProcess:
        runner = RunnerProcess(library.backends.settings.data, **settings)
        runners.append(runner)
        runner.start()
        return runner

    yield start
    for runner in runners:
        runner.kill()


def _states(library: Library) -> dict[str, PhotoState]:
    with library.backends.database.read() as connection:
        rows = connection.execute(select(photo_table.c.id, photo_table.c.state)).all()
    return {row.id: PhotoState(row.state) for row in rows}


def _count(library: Library, state: PhotoState) -> int:
    return list(_states(library).values()).count(state)


def _attempts(library: Library) -> dict[str, int]:
    with library.backends.database.read() as connection:
        rows = connection.execute(select(photo_table.c.id, photo_table.c.attempts)).all()
    return {row.id: row.attempts for row in rows}


def _until(is_so: Callable[[], bool], seconds: float = WORK_SECONDS) -> float:
    """Wait; how many seconds that took."""
    started = time.monotonic()
    while not is_so():
        assert time.monotonic() - started < seconds, "waited in vain"
        time.sleep(0.01)
    return time.monotonic() - started


def _queue(library: Library, count: int) -> None:
    for number in range(count):
        assert library.accept(pictures.jpeg(48, 36, seed=number)).status == "send"


def _assert_all_done_once(library: Library, count: int) -> None:
    states = _states(library)
    assert len(states) == count
    assert set(states.values()) == {PhotoState.READY}
    assert len(library.objects()) == count * 4
    _until(lambda: library.backends.jobs.count() == 0)
    library.sweep()
    assert library.fsck().total() == 0


def test_f12_a_runner_killed_with_a_full_queue_does_every_photo_once(
    library: Library, start_runner: Callable[..., RunnerProcess]
) -> None:
    _killed_with_a_full_queue(library, start_runner, 40)


@pytest.mark.proof
def test_f12_a_runner_killed_with_hundreds_queued_does_every_photo_once(
    library: Library, start_runner: Callable[..., RunnerProcess], sweep: Sweep
) -> None:
    sweep.cases = max(40, min(500, PROOF_N * 5))
    _killed_with_a_full_queue(library, start_runner, sweep.cases)


def _killed_with_a_full_queue(
    library: Library, start_runner: Callable[..., RunnerProcess], count: int
) -> None:
    _queue(library, count)
    runner = start_runner()
    _until(lambda: _count(library, PhotoState.READY) >= 3 and _count(library, PhotoState.PROCESSING) >= 2)
    runner.kill()
    under_way = {key for key, state in _states(library).items() if state is PhotoState.PROCESSING}
    done = _count(library, PhotoState.READY)
    assert done < count
    runner.start()
    _until(lambda: _count(library, PhotoState.READY) > done)
    _until(lambda: _count(library, PhotoState.READY) == count)
    attempts = _attempts(library)
    assert {key for key, tried in attempts.items() if tried > 1} <= under_way
    assert max(attempts.values()) <= 2
    _assert_all_done_once(library, count)


def test_f05_a_runner_killed_again_and_again_loses_and_doubles_nothing(
    library: Library, start_runner: Callable[..., RunnerProcess]
) -> None:
    count, kills = 30, 4
    _queue(library, count)
    moments = random.Random(5)
    runner = start_runner()
    for _ in range(kills):
        done = _count(library, PhotoState.READY)
        _until(lambda before=done: _count(library, PhotoState.READY) > before or before == count)  # type: ignore[misc]
        time.sleep(moments.uniform(0, 0.2))
        runner.kill()
        runner.start()
    _until(lambda: _count(library, PhotoState.READY) == count)
    assert max(_attempts(library).values()) <= kills + 1
    _assert_all_done_once(library, count)


def test_f40_a_photo_that_needs_too_much_memory_is_refused_and_the_next_one_is_ready(
    library: Library, start_runner: Callable[..., RunnerProcess]
) -> None:
    large = library.accept(pictures.encode(Image.new("RGB", (7000, 7000), "navy"), "PNG")).photo
    small = library.accept(pictures.jpeg(48, 36)).photo
    assert large is not None and small is not None
    runner = start_runner(DECODERS="1", DECODE_MEMORY_BYTES=str(64 << 20))
    _until(lambda: not {PhotoState.NEW, PhotoState.PROCESSING} & set(_states(library).values()))
    assert "more memory" in library.photo(large.id).reason
    assert library.photo(small.id).state is PhotoState.READY
    assert runner.process is not None and runner.process.poll() is None
