"""What every job queue owes: at least once, one holder at a time, nothing forgotten."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photos import logs
from photos.backends.jobs import Jobs
from photos.backends.jobs.local import LocalJobs
from photos.backends.jobs.sqs import BUSY, SqsJobs
from photos.db.engine import Database
from photos.errors import JobsError
from photos.models import Job
from tests.servers import queues
from tests.servers.moto import REGION, Moto
from tests.servers.proxy import FaultProxy

LEASE = 60
DEAD_AFTER = 3
KEY = b"k" * 32


@pytest.fixture
def sqlite_jobs(migrated_sqlite_url: str) -> Iterator[LocalJobs]:
    yield from _local(migrated_sqlite_url)


@pytest.fixture
def mariadb_jobs(migrated_mariadb_url: str) -> Iterator[LocalJobs]:
    yield from _local(migrated_mariadb_url)


def _local(url: str) -> Iterator[LocalJobs]:
    database = Database(url)
    yield LocalJobs(database, first=("change_photos",), last=("read_text",), dead_after=DEAD_AFTER)
    database.close()


@pytest.fixture
def proxy(moto: Moto) -> Iterator[FaultProxy]:
    with FaultProxy(moto.port) as proxy:
        yield proxy


@pytest.fixture
def sqs_jobs(moto: Moto, proxy: FaultProxy) -> Iterator[SqsJobs]:
    queues.create(moto.client("sqs"), tries=DEAD_AFTER)
    jobs = open_sqs(proxy.url)
    yield jobs
    jobs.close()


def open_sqs(url: str) -> SqsJobs:
    return SqsJobs(
        queues.QUEUE,
        queues.DEAD_QUEUE,
        signing_key=KEY,
        region=REGION,
        endpoint_url=url,
        connect_timeout_seconds=1,
        read_timeout_seconds=1,
        attempts=2,
        wait_seconds=0,
    )


KNOWING = ["sqlite", "mariadb"]
"""Queues that know what waits in them, in what order, and who holds a message; SQS knows none of it."""


@pytest.fixture(params=[*KNOWING, "sqs"])
def jobs(request: pytest.FixtureRequest) -> Jobs:
    found: Jobs = request.getfixturevalue(f"{request.param}_jobs")
    return found


@pytest.fixture(params=KNOWING)
def knowing_jobs(request: pytest.FixtureRequest) -> Jobs:
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


def test_a_lease_that_ran_out_is_delivered_again_and_the_first_holder_is_too_late(knowing_jobs: Jobs) -> None:
    jobs = knowing_jobs
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
    jobs.retry(receive_one(jobs), error="storage is down", delay_seconds=0)
    again = receive_one(jobs)
    assert again.attempt == 2
    jobs.retry(again, error="storage is down", delay_seconds=3600)
    assert list(jobs.receive(limit=1, lease_seconds=LEASE)) == []


def test_a_job_sent_again_while_it_waits_for_its_next_try_is_due_at_once(knowing_jobs: Jobs) -> None:
    jobs = knowing_jobs
    jobs.send("process_photo", {"photo_id": "a"})
    jobs.retry(receive_one(jobs), error="storage is down", delay_seconds=3600)
    jobs.send("process_photo", {"photo_id": "a"})
    assert receive_one(jobs).attempt == 2


def test_the_same_job_waits_only_once(knowing_jobs: Jobs) -> None:
    jobs = knowing_jobs
    for _ in range(5):
        jobs.send("process_photo", {"photo_id": "a"})
    jobs.send("process_photo", {"photo_id": "b"})
    jobs.send("label_photo", {"photo_id": "a"})
    assert jobs.count() == 3


def test_a_lease_that_ran_out_is_delivered_again(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"})
    receive_one(jobs, lease_seconds=0)
    second = receive_one(jobs)
    assert second.attempt == 2
    jobs.done(second)
    assert jobs.count() == 0


def test_a_job_sent_again_while_it_runs_runs_once_more(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"})
    running = receive_one(jobs)
    jobs.send("process_photo", {"photo_id": "a"})
    jobs.done(running)
    assert jobs.count() == 1


def test_a_sweep_leaves_a_job_that_waits_for_its_next_try_alone(knowing_jobs: Jobs) -> None:
    jobs = knowing_jobs
    jobs.send("process_photo", {"photo_id": "a"}, delay_seconds=3600)
    jobs.send("process_photo", {"photo_id": "a"}, unless_queued=True)
    assert list(jobs.receive(limit=1, lease_seconds=LEASE)) == []
    jobs.send("process_photo", {"photo_id": "b"}, unless_queued=True)
    assert receive_one(jobs).payload == {"photo_id": "b"}


def test_a_delayed_job_waits(jobs: Jobs) -> None:
    jobs.send("process_photo", {"photo_id": "a"}, delay_seconds=3600)
    assert list(jobs.receive(limit=1, lease_seconds=LEASE)) == []


def test_what_people_wait_for_first_then_the_oldest_and_background_work_last(knowing_jobs: Jobs) -> None:
    jobs = knowing_jobs
    names = {"a": "read_text", "b": "process_photo", "c": "process_photo", "d": "change_photos"}
    for thing, name in names.items():
        jobs.send(name, {"id": thing})
    received = [job.payload["id"] for job in jobs.receive(limit=10, lease_seconds=LEASE)]
    assert received == ["d", "b", "c", "a"]


def test_a_receiver_may_leave_background_work_to_others(knowing_jobs: Jobs) -> None:
    jobs = knowing_jobs
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
    assert jobs.count() == 0, "what is done stays done"


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


def wear_out(jobs: Jobs, payload: dict[str, str]) -> None:
    """Let a job fail until it is called dead."""
    jobs.send("process_photo", payload)
    for _ in range(DEAD_AFTER):
        jobs.retry(receive_one(jobs), error="storage is down", delay_seconds=0)
    if isinstance(jobs, SqsJobs):
        # SQS looks at the tries when somebody asks once more
        assert not jobs.receive(limit=1, lease_seconds=LEASE)
    else:
        jobs.retry(receive_one(jobs), error="storage is down", delay_seconds=3600)


def test_a_job_that_failed_too_often_is_listed_until_it_is_sent_back(jobs: Jobs) -> None:
    wear_out(jobs, {"photo_id": "a"})
    wear_out(jobs, {"photo_id": "b"})
    for _ in range(2):  # looking changes nothing
        dead = jobs.list_dead(limit=10)
        assert [(one.name, one.payload) for one in dead] == [
            ("process_photo", {"photo_id": "a"}),
            ("process_photo", {"photo_id": "b"}),
        ]
        assert all(one.attempts >= DEAD_AFTER for one in dead)
    assert len(jobs.list_dead(limit=1)) == 1
    assert jobs.revive(["nonsense", "0"]) == 0
    assert jobs.revive([dead[1].id]) == 1
    assert jobs.revive([dead[1].id]) == 0, "it can be repeated"
    assert [one.payload["photo_id"] for one in jobs.list_dead(limit=10)] == ["a"]
    back = receive_one(jobs)
    assert (back.payload, back.attempt) == ({"photo_id": "b"}, 1)


def test_a_queue_of_sqs_leaves_a_sweep_s_jobs_out_while_it_is_busy(sqs_jobs: SqsJobs) -> None:
    sqs_jobs.send("process_photo", {"photo_id": "a"}, unless_queued=True)
    assert sqs_jobs.count() == 1
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: sqs_jobs.send("process_photo", {"photo_id": "a"}), range(BUSY)))
    sqs_jobs.send("process_photo", {"photo_id": "b"}, unless_queued=True)
    assert sqs_jobs.count() == BUSY + 1


def test_a_message_carries_the_id_of_the_request_that_caused_it(sqs_jobs: SqsJobs, moto: Moto) -> None:
    token = logs.request_id.set("0123456789abcdef")
    try:
        sqs_jobs.send("process_photo", {"photo_id": "a"})
    finally:
        logs.request_id.reset(token)
    sqs = moto.client("sqs")
    (message,) = sqs.receive_message(QueueUrl=queues.url(sqs), MessageAttributeNames=["All"])["Messages"]
    assert message["MessageAttributes"]["request-id"]["StringValue"] == "0123456789abcdef"
    assert "0123456789abcdef" not in message["Body"]


def test_messages_that_are_not_ours_do_no_harm_and_end_among_the_dead(sqs_jobs: SqsJobs, moto: Moto) -> None:
    sqs = moto.client("sqs")
    forged = json.dumps({"job": json.dumps({"name": "process_photo", "payload": {}}), "signature": "0" * 64})
    for body in ("not json", "[]", forged, "[" * 5000):
        sqs.send_message(QueueUrl=queues.url(sqs), MessageBody=body)
    sqs_jobs.send("process_photo", {"photo_id": "a"})
    received = [job for _ in range(8) for job in sqs_jobs.receive(limit=10, lease_seconds=0)]
    assert {(job.name, job.payload["photo_id"]) for job in received} == {("process_photo", "a")}
    dead = sqs_jobs.list_dead(limit=10)
    assert {one.body for one in dead} >= {"not json", "[]", forged, "[" * 5000}


def test_a_silent_queue_is_an_outage_after_the_time_out(sqs_jobs: SqsJobs, proxy: FaultProxy) -> None:
    proxy.black_hole = True
    started = time.monotonic()
    with pytest.raises(JobsError):
        sqs_jobs.send("process_photo", {"photo_id": "a"})
    assert time.monotonic() - started < 8
    proxy.heal()
    sqs_jobs.send("process_photo", {"photo_id": "a"})
    assert receive_one(sqs_jobs).payload == {"photo_id": "a"}


def test_an_answer_that_was_lost_doubles_a_job_at_worst(sqs_jobs: SqsJobs, proxy: FaultProxy) -> None:
    sqs_jobs.ping()
    proxy.cut_after(0)
    with pytest.raises(JobsError):
        sqs_jobs.send("process_photo", {"photo_id": "a"})
    proxy.heal()
    assert 1 <= sqs_jobs.count() <= 2, "two tries, both of which arrived"


def test_a_slow_queue_is_only_slow(sqs_jobs: SqsJobs, proxy: FaultProxy) -> None:
    proxy.latency_seconds = 0.1
    sqs_jobs.send("process_photo", {"photo_id": "a"})
    assert receive_one(sqs_jobs).payload == {"photo_id": "a"}


def test_an_unreachable_queue_says_so(sqs_jobs: SqsJobs, proxy: FaultProxy) -> None:
    sqs_jobs.send("process_photo", {"photo_id": "a"})
    job = receive_one(sqs_jobs)
    proxy.refuse()
    for act in (
        sqs_jobs.ping,
        sqs_jobs.count,
        lambda: sqs_jobs.send("x", {}),
        lambda: sqs_jobs.send("x", {}, unless_queued=True),
        lambda: sqs_jobs.receive(limit=1, lease_seconds=1),
        lambda: sqs_jobs.done(job),
        lambda: sqs_jobs.retry(job, error="", delay_seconds=0),
        lambda: sqs_jobs.list_dead(limit=1),
        lambda: sqs_jobs.revive(["x"]),
    ):
        with pytest.raises(JobsError, match="SQS does not answer"):
            act()
    proxy.heal()
    sqs_jobs.done(job)
    assert sqs_jobs.count() == 0


def test_a_missing_queue_is_an_outage(moto: Moto) -> None:
    jobs = open_sqs(moto.url)
    for act in (jobs.ping, jobs.count, lambda: jobs.send("x", {}), lambda: jobs.list_dead(limit=1)):
        with pytest.raises(JobsError, match="no such queue in AWS_REGION"):
            act()
    jobs.close()


def test_a_lease_of_a_clock_that_was_put_back_holds_nobody_off(knowing_jobs: Jobs) -> None:
    """The job was sent before; its holder was killed in what is the future again."""
    for photo_id, seconds in (("a", 400 * 86400), ("b", LEASE)):
        knowing_jobs.send("process_photo", {"photo_id": photo_id})
        receive_one(knowing_jobs, lease_seconds=seconds)
    for photo_id in ("a", "b"):
        knowing_jobs.send("process_photo", {"photo_id": photo_id}, unless_queued=True)
    assert receive_one(knowing_jobs).payload["photo_id"] == "a"
