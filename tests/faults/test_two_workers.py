"""Two machines of the worker tier at one queue (F6, F8), and one that is to end while it works (F36)."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing, suppress

import pytest
from sqlalchemy import make_url

from photos.models import PhotoState
from tests import pictures
from tests.faults.worker_tier import (
    LEASE_SECONDS,
    WORK_SECONDS,
    attempts,
    queue,
    ready,
    renditions,
    states,
    sweep_until,
    until,
)
from tests.proof import Sweep
from tests.servers import queues
from tests.servers.moto import Moto
from tests.servers.sqsd import Sqsd, wait_until_empty
from tests.servers.worker import Worker
from tests.services.conftest import Library

PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "0"))
GRACE_SECONDS = 20
"""What gunicorn.conf.py leaves to requests when it is asked to end; it has ended a little later."""


@pytest.fixture
def library(worker_library: Library) -> Library:
    return worker_library


def assert_each_photo_is_there_once(library: Library, photos: int) -> None:
    assert ready(library) == photos
    assert len(renditions(library)) == photos * 3
    library.sweep()
    assert library.fsck().total() == 0


def test_f06_each_message_at_two_workers_at_once_is_done_once(
    library: Library, start_worker: Callable[..., Worker], moto: Moto
) -> None:
    photos = queue(library, 6)
    first, second = start_worker(), start_worker()
    with Sqsd(moto, first.url, also=(second.url,), times=4, connections=8, shuffle=True) as daemon:
        wait_until_empty(moto, WORK_SECONDS)
        until(lambda: ready(library) == len(photos))
    assert daemon.answers == {200: 4 * len(photos)}, "who comes second does not wait and does not fail"
    assert attempts(library) == [1] * len(photos)
    assert_each_photo_is_there_once(library, len(photos))


def pause_between_writes(worker: Worker, library: Library) -> None:
    """SQLite has one writer at a time: one that stands still holds up everybody, as on no server."""
    database = make_url(library.backends.settings.database_url).database
    assert database is not None
    while True:
        worker.pause()
        with closing(sqlite3.connect(database, timeout=0)) as connection, suppress(sqlite3.OperationalError):
            connection.execute("BEGIN IMMEDIATE")
            return
        worker.resume()
        time.sleep(0.01)


def assert_a_late_worker_changes_nothing(
    library: Library, slow: Worker, other: Worker, moto: Moto, seed: int, *, pause_seconds: float = 0
) -> None:
    """The slow one stands still with a photo in its hands until the other one has done the same photo."""
    photo = library.accept(pictures.jpeg(640, 480, seed=seed)).photo
    assert photo is not None
    before = ready(library)
    with Sqsd(moto, slow.url, visible_again_seconds=1) as its_daemon:
        until(lambda: states(library)[photo.id] is not PhotoState.NEW)
        time.sleep(pause_seconds)
        pause_between_writes(slow, library)
        with Sqsd(moto, other.url, visible_again_seconds=1):
            sweep_until(library, lambda: ready(library) > before)
            wait_until_empty(moto, WORK_SECONDS)
        done, made = library.photo(photo.id), renditions(library)
        slow.resume()
        until(lambda: sum(its_daemon.answers.values()) > 0)
    assert library.photo(photo.id) == done, "what comes late is not written"
    assert renditions(library) == made


def test_f08_a_worker_slower_than_the_queue_waits_changes_nothing_when_it_comes_to_itself(
    library: Library, start_worker: Callable[..., Worker], moto: Moto
) -> None:
    slow, other = start_worker(), start_worker()
    # its first photo waits for a decoder to start, so it is stopped before it has stored anything
    assert_a_late_worker_changes_nothing(library, slow, other, moto, seed=1)
    assert attempts(library) == [2]
    assert_each_photo_is_there_once(library, 1)


@pytest.mark.proof
def test_f08_a_worker_that_stands_still_anywhere(
    library: Library, start_worker: Callable[..., Worker], moto: Moto, sweep: Sweep
) -> None:
    sweep.area, sweep.name = "faults", "a worker that stands still until another has done its photo"
    sweep.cases = max(3, min(40, PROOF_N // 10))
    moments = random.Random(sweep.cases)
    slow, other = start_worker(), start_worker()
    for seed in range(sweep.cases):
        pause = moments.uniform(0, 0.15)
        assert_a_late_worker_changes_nothing(library, slow, other, moto, seed, pause_seconds=pause)
    assert_each_photo_is_there_once(library, sweep.cases)


def test_f36_a_worker_that_is_asked_to_end_ends_its_jobs_or_gives_them_back(
    library: Library, start_worker: Callable[..., Worker], moto: Moto
) -> None:
    photos = queue(library, 6)
    worker = start_worker()
    with Sqsd(moto, worker.url, connections=2) as daemon:
        until(lambda: PhotoState.PROCESSING in states(library).values())
        assert worker.end(GRACE_SECONDS) == 0
        assert PhotoState.PROCESSING not in states(library).values()
        # a decoder that is asked to end, too, while it starts makes the answer "later"
        assert set(daemon.answers) <= {0, 200, 503}
        worker.start()
        sweep_until(library, lambda: ready(library) == len(photos))
        wait_until_empty(moto, WORK_SECONDS)
    assert sum(attempts(library)) <= len(photos) + 2, "only what was given back was begun twice"
    assert queues.depth(moto.client("sqs"), queues.DEAD_QUEUE) == 0
    assert_each_photo_is_there_once(library, len(photos))


@pytest.mark.proof
def test_f36_a_job_that_takes_longer_than_a_worker_may_take_to_end_is_done_by_the_next(
    library: Library, start_worker: Callable[..., Worker], moto: Moto, sweep: Sweep
) -> None:
    sweep.area, sweep.name, sweep.cases = (
        "faults",
        "a worker asked to end in a long job",
        1,
    )
    (hanging,) = queue(library, 1)
    original = library.backends.settings.data / "storage/objects" / library.photo(hanging).storage_key
    kept = original.rename(original.with_name("kept"))
    os.mkfifo(original)  # whoever opens it waits for a writer
    worker = start_worker()
    with Sqsd(moto, worker.url) as daemon:
        until(lambda: states(library)[hanging] is PhotoState.PROCESSING)
        asked_at = time.monotonic()
        worker.end(GRACE_SECONDS + LEASE_SECONDS)
        assert time.monotonic() - asked_at > GRACE_SECONDS - 1, "it was given its time"
        assert daemon.answers[200] == 0
        original.unlink()
        kept.rename(original)
        worker.start()
        sweep_until(library, lambda: ready(library) == 1)
        wait_until_empty(moto, WORK_SECONDS)
    assert_each_photo_is_there_once(library, 1)
