"""The worker tier under its gunicorn and a daemon that doubles, mixes up and forgets (F5-F11): killed, hung,
poisoned. What is left at the end is a library without a difference."""

from __future__ import annotations

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from photos.models import PhotoState
from tests import pictures
from tests.faults.worker_tier import (
    TRIES,
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
WARM = 4
"""Photos by which one is timed."""


@pytest.fixture
def library(worker_library: Library) -> Library:
    return worker_library


def finish(library: Library, count: int) -> None:
    """Queue so many photos and wait until they are ready."""
    done = ready(library) + count
    queue(library, count)
    sweep_until(library, lambda: ready(library) >= done)


def seconds_of_a_photo(library: Library) -> float:
    """From its beginning to its end, by a worker that has a decoder already."""
    finish(library, 1)
    seconds = 0.0
    for _ in range(WARM):
        begun, done = sum(attempts(library)), ready(library)
        queue(library, 1)
        until(lambda begun=begun: sum(attempts(library)) > begun)  # type: ignore[misc]
        began = time.monotonic()
        until(lambda done=done: ready(library) > done)  # type: ignore[misc]
        seconds += time.monotonic() - began
    return seconds / WARM


def assert_killing_changes_nothing(
    library: Library, worker: Worker, kill: Callable[[], None], moto: Moto, *, kills: int
) -> Counter[int]:
    """Kills it while it works, each time a moment after a photo is begun that is not its first.

    Returns how many photos that left half done -> how often.
    """
    moments, left = random.Random(kills), Counter[int]()
    with Sqsd(moto, worker.url, connections=2, times=2, shuffle=True, lose_answers=0.2) as daemon:
        photo_seconds = seconds_of_a_photo(library)
        for _ in range(kills):
            finish(library, 1)  # the first one waits for a decoder to start
            begun = sum(attempts(library))
            queue(library, 2)
            sweep_until(library, lambda begun=begun: sum(attempts(library)) > begun)  # type: ignore[misc]
            time.sleep(moments.uniform(0, photo_seconds))
            kill()
            left[list(states(library).values()).count(PhotoState.PROCESSING)] += 1
        photos = len(states(library))
        sweep_until(library, lambda: ready(library) == photos)
        wait_until_empty(moto, WORK_SECONDS)
        assert daemon.answers[0] > 0, "answers were lost"
    print(f"a photo takes {photo_seconds:.2f} s; photos left half done -> kills: {dict(left)}")
    made = renditions(library)
    assert len(made) == photos * 3
    jobs = library.backends.jobs
    # a worker that is away for ten tries makes dead letters; their photos were swept meanwhile
    jobs.revive([dead.id for dead in jobs.list_dead(limit=1000)])
    for photo_id in states(library):
        jobs.send("process_photo", {"photo_id": photo_id})
    with Sqsd(moto, worker.url, times=3):
        wait_until_empty(moto, WORK_SECONDS + photos)
    assert renditions(library) == made, "the same again is the same"
    library.sweep()
    assert library.fsck().total() == 0
    assert queues.depth(moto.client("sqs"), queues.DEAD_QUEUE) == 0
    return left


def test_f05_f09_a_worker_killed_while_messages_are_doubled_and_lost_ends_with_every_photo_once(
    library: Library, start_worker: Callable[..., Worker], moto: Moto
) -> None:
    worker = start_worker()

    def kill() -> None:
        worker.kill()
        worker.start()

    assert assert_killing_changes_nothing(library, worker, kill, moto, kills=2).total() == 2


@pytest.mark.proof
def test_f05_f09_a_worker_killed_at_many_points(
    library: Library, start_worker: Callable[..., Worker], moto: Moto, sweep: Sweep
) -> None:
    sweep.area, sweep.name = "faults", "the worker tier killed while messages are doubled, mixed up and lost"
    worker, kills = start_worker(is_loaded_once=True), max(5, min(1000, PROOF_N))
    left = assert_killing_changes_nothing(library, worker, worker.kill_process, moto, kills=kills)
    sweep.cases = left.total()
    assert kills < 20 or left.keys() - {0}, "some were hit in the middle"


def test_f10_poison_ends_among_the_dead_and_keeps_nobody_waiting(
    library: Library, start_worker: Callable[..., Worker], moto: Moto
) -> None:
    sqs = moto.client("sqs")
    for number in range(6):
        sqs.send_message(QueueUrl=queues.url(sqs), MessageBody=f"poison {number}")
    queue(library, 3)
    worker = start_worker()
    with Sqsd(moto, worker.url, error_visible_again_seconds=0) as daemon:
        until(lambda: ready(library) == 3)
        wait_until_empty(moto, WORK_SECONDS)
    assert daemon.answers[400] == 6 * TRIES
    dead = library.backends.jobs.list_dead(limit=10)
    assert sorted(one.body for one in dead) == [f"poison {number}" for number in range(6)]


@pytest.mark.proof
def test_f11_many_dead_letters_are_sent_back_the_good_ones_are_done_and_the_bad_ones_return(
    library: Library, start_worker: Callable[..., Worker], moto: Moto, sweep: Sweep
) -> None:
    sweep.area, sweep.name = "faults", "dead letters sent back at once, half of them poison"
    sweep.cases = max(40, min(1000, PROOF_N * 5)) // 2 * 2
    sqs, jobs = moto.client("sqs"), library.backends.jobs
    photos = queue(library, 4)
    for number in range(sweep.cases // 2 - len(photos)):
        jobs.send("process_photo", {"photo_id": photos[number % len(photos)]})
    good = [job["Body"] for job in take_all(sqs)]
    assert len(good) == sweep.cases // 2
    for number, body in enumerate(good):
        for text in (body, f"poison {number}"):
            sqs.send_message(QueueUrl=queues.url(sqs, queues.DEAD_QUEUE), MessageBody=text)
    dead = jobs.list_dead(limit=1000)
    assert len(dead) == sweep.cases
    assert jobs.revive([one.id for one in dead]) == sweep.cases
    assert jobs.list_dead(limit=10) == []
    worker = start_worker()
    with Sqsd(moto, worker.url, connections=8, error_visible_again_seconds=0) as daemon:
        wait_until_empty(moto, WORK_SECONDS * 3)
    assert ready(library) == len(photos)
    returned = {one.body for one in jobs.list_dead(limit=1000)}
    assert returned == {f"poison {number}" for number in range(sweep.cases // 2)}
    assert daemon.answers == {200: sweep.cases // 2, 400: sweep.cases // 2 * TRIES}
    assert library.fsck().total() == 0


def take_all(sqs: Any) -> list[dict[str, Any]]:
    """Every message of the queue, taken out of it."""
    taken: list[dict[str, Any]] = []
    address = queues.url(sqs)
    while received := sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10).get("Messages"):
        for message in received:
            sqs.delete_message(QueueUrl=address, ReceiptHandle=message["ReceiptHandle"])
        taken += received
    return taken


@pytest.mark.proof
def test_c10_a_hanging_job_is_ended_by_its_limit_and_the_others_go_on(
    library: Library, start_worker: Callable[..., Worker], moto: Moto, sweep: Sweep
) -> None:
    sweep.area, sweep.name, sweep.cases = "faults", "a job of the worker tier that hangs", 1
    (hanging,) = queue(library, 1)
    original = Path(library.backends.settings.data, "storage/objects", library.photo(hanging).storage_key)
    kept = shutil.move(original, original.with_name("kept"))
    os.mkfifo(original)  # whoever opens it waits for a writer
    worker = start_worker(JOB_SECONDS="15")  # a cold start on a busy machine takes some of that
    with Sqsd(moto, worker.url):
        until(lambda: "a job hangs" in worker.log)
        queue_again = [library.accept(pictures.jpeg(48, 36, seed=number)).photo for number in (1, 2)]
        until(lambda: ready(library) == len(queue_again))
        original.unlink()
        shutil.move(kept, original)
        sweep_until(library, lambda: ready(library) == 3)
        wait_until_empty(moto, WORK_SECONDS)
    assert library.fsck().total() == 0


def test_the_hours_of_cron_yaml_find_what_was_lost(
    library: Library, start_worker: Callable[..., Worker], moto: Moto
) -> None:
    photos = queue(library, 2)
    sqs = moto.client("sqs")
    sqs.purge_queue(QueueUrl=queues.url(sqs))
    worker = start_worker()
    with Sqsd(moto, worker.url, times=2) as daemon:
        daemon.send_hour("sweep", "/worker/cron/sweep")
        until(lambda: ready(library) == len(photos))
        daemon.send_hour("mend", "/worker/cron/mend")
        wait_until_empty(moto, WORK_SECONDS)
    assert set(daemon.answers) == {200}
    assert library.fsck().total() == 0
