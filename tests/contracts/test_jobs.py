"""What every job queue owes: at least once, one holder at a time, nothing forgotten."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photos.backends.jobs import Jobs
from photos.backends.jobs.local import LocalJobs
from photos.db import migrate
from photos.db.engine import Database
from photos.errors import JobsError
from photos.models import Job

LEASE = 60


@pytest.fixture
def sqlite_jobs(sqlite_url: str) -> Iterator[LocalJobs]:
    yield from _local(sqlite_url)


@pytest.fixture
def mariadb_jobs(mariadb_url: str) -> Iterator[LocalJobs]:
    yield from _local(mariadb_url)


def _local(url: str) -> Iterator[LocalJobs]:
    database = Database(url)
    migrate.upgrade(database)
    yield LocalJobs(database, last=("read_text",))
    database.close()


@pytest.fixture(params=["sqlite", "mariadb"])
def jobs(request: pytest.FixtureRequest) -> Jobs:
    found: Jobs = request.getfixturevalue(f"{request.param}_jobs")
    return found


def receive_one(jobs: Jobs, *, lease_seconds: int = LEASE) -> Job:
    (job,) = jobs.receive(limit=1, lease_seconds=lease_seconds)
    return job


def test_a_job_arrives_with_its_payload_and_is_gone_when_done(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a ü 🌊"})
    job = receive_one(jobs)
    assert (job.name, job.payload, job.attempt) == ("process_photo", {"photo_id": "a ü 🌊"}, 1)
    jobs.done(job)
    assert jobs.count() == 0


def test_a_leased_job_is_nobody_else_s(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"})
    receive_one(jobs)
    assert list(jobs.receive(limit=10, lease_seconds=LEASE)) == []
    assert jobs.count() == 1


def test_a_lease_that_ran_out_is_delivered_again_and_the_first_holder_is_too_late(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"})
    first = receive_one(jobs, lease_seconds=0)
    second = receive_one(jobs)
    assert second.attempt == 2
    jobs.done(first)
    assert jobs.count() == 1, "the late holder must not take the job from the second"
    jobs.done(second)
    assert jobs.count() == 0


def test_a_job_given_back_comes_later_with_the_next_attempt(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"})
    jobs.retry(receive_one(jobs), error="storage is down", delay_seconds=3600)
    assert list(jobs.receive(limit=1, lease_seconds=LEASE)) == []
    jobs.send("process_photo", {"photo_id": "a"})
    assert receive_one(jobs).attempt == 2


def test_the_same_job_waits_only_once(jobs: Jobs) -> None:
    for _ in range(5):
        jobs.send("process_photo", {"photo_id": "a"})
    jobs.send("process_photo", {"photo_id": "b"})
    jobs.send("label_photo", {"photo_id": "a"})
    assert jobs.count() == 3


def test_a_job_sent_again_while_it_runs_runs_once_more(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"})
    running = receive_one(jobs)
    jobs.send("process_photo", {"photo_id": "a"})
    jobs.done(running)
    assert jobs.count() == 1


def test_a_sweep_leaves_a_job_that_waits_for_its_next_try_alone(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"}, delay_seconds=3600)
    jobs.send("process_photo", {"photo_id": "a"}, unless_queued=True)
    assert list(jobs.receive(limit=1, lease_seconds=LEASE)) == []
    jobs.send("process_photo", {"photo_id": "b"}, unless_queued=True)
    assert receive_one(jobs).payload == {"photo_id": "b"}


def test_a_delayed_job_waits(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"}, delay_seconds=3600)
    assert list(jobs.receive(limit=1, lease_seconds=LEASE)) == []


def test_oldest_first_and_background_work_last(jobs: Jobs) -> None:
    jobs.send("read_text", {"photo_id": "a"})
    jobs.send("process_photo", {"photo_id": "b"})
    jobs.send("process_photo", {"photo_id": "c"})
    received = [(job.name, job.payload["photo_id"]) for job in jobs.receive(limit=10, lease_seconds=LEASE)]
    assert received == [("process_photo", "b"), ("process_photo", "c"), ("read_text", "a")]


def test_a_receiver_may_leave_background_work_to_others(jobs: Jobs) -> None:
    jobs.send("read_text", {"photo_id": "a"})
    assert list(jobs.receive(limit=10, lease_seconds=LEASE, urgent_only=True)) == []
    jobs.send("process_photo", {"photo_id": "b"})
    (urgent,) = jobs.receive(limit=10, lease_seconds=LEASE, urgent_only=True)
    assert urgent.name == "process_photo"
    assert receive_one(jobs).name == "read_text"


def test_many_receivers_share_the_work_without_doing_any_twice(jobs: Jobs) -> None:
    for number in range(60):
        jobs.send("process_photo", {"photo_id": str(number)})
    seen: Counter[str] = Counter()
    guard = threading.Lock()

    def work(_: int) -> None:
        while received := jobs.receive(limit=3, lease_seconds=LEASE):
            for job in received:
                with guard:
                    seen[job.payload["photo_id"]] += 1
                jobs.done(job)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    # a receiver may come back empty-handed while another holds the rows
    work(0)
    assert seen == Counter({str(number): 1 for number in range(60)})


def test_a_queue_that_is_down_says_so(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.db'}")
    jobs = LocalJobs(database)
    for act in (
        jobs.ping,
        jobs.count,
        lambda: jobs.send("x", {}),
        lambda: jobs.receive(limit=1, lease_seconds=1),
    ):
        with pytest.raises(JobsError):
            act()
    database.close()
