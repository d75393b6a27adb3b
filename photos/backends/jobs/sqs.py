"""Jobs on SQS. On Elastic Beanstalk its daemon receives them and posts them to the worker's door; `receive`,
`done` and `retry` are for a runner on any other machine.

What a queue of Amazon's cannot do, it does not pretend: it knows neither what waits already nor what may
wait, and delays nothing for longer than LONGEST_DELAY_SECONDS. The row is the fact; the sweep sends again.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from photos import logs, traces
from photos.backends import aws
from photos.backends.jobs import letter
from photos.errors import Invalid, JobsError
from photos.models import DeadJob, Job

LONGEST_DELAY_SECONDS = 900
LONGEST_LEASE_SECONDS = 43200
AT_ONCE = 10
"""Messages a call may carry."""
BUSY = 100
"""With so many waiting, what is overdue is probably among them."""
LOOKING_SECONDS = 30
"""How long a dead letter is kept from others while somebody looks at all of them."""
_NO_QUEUE = "there is no such queue in AWS_REGION; JOBS_QUEUE and JOBS_DEAD_QUEUE name them"
_NO_RIGHT = "the role of this machine may not: see infra/policies"
_UNKNOWN = "AWS does not know who asks: look at credentials, region and clock of this machine"
WORDS = {
    "AWS.SimpleQueueService.NonExistentQueue": _NO_QUEUE,
    "QueueDoesNotExist": _NO_QUEUE,
    "AccessDenied": _NO_RIGHT,
    "AccessDeniedException": _NO_RIGHT,
    "InvalidClientTokenId": _UNKNOWN,
    "SignatureDoesNotMatch": _UNKNOWN,
    "ExpiredToken": _UNKNOWN,
    "RequestThrottled": "it asks for fewer requests",
}
"""Error code -> what is wrong. Another code is told as it is."""
REQUEST_ID = "request-id"
"""The message attribute that carries the id of the request that caused a job."""


class SqsJobs:
    """One queue and its dead letters, named as in the account of the credentials that boto3 finds.

    `region` goes to the client whatever the environment says; `endpoint_url` is empty for Amazon.
    """

    def __init__(
        self,
        queue: str,
        dead_queue: str,
        *,
        signing_key: bytes,
        region: str,
        endpoint_url: str = "",
        connect_timeout_seconds: float = 2,
        read_timeout_seconds: float = 5,
        attempts: int = 2,
        wait_seconds: int = 1,
    ) -> None:
        """`wait_seconds` is how long `receive` waits for a message; with 0 SQS asks only some machines.

        The time-outs are short: somebody waits for an upload to end, and a job may be lost.
        """
        self._queue = queue
        self._dead_queue = dead_queue
        self._key = signing_key
        self._aws = aws.LateClient(
            "sqs",
            region=region,
            endpoint_url=endpoint_url,
            connect_timeout_seconds=connect_timeout_seconds,
            read_timeout_seconds=read_timeout_seconds,
            attempts=attempts,
        )
        self._wait_seconds = wait_seconds
        self._urls: dict[str, str] = {}

    @property
    def _client(self) -> Any:
        return self._aws.client

    def send(
        self, name: str, payload: dict[str, str], *, delay_seconds: float = 0, unless_queued: bool = False
    ) -> None:
        """Queue a job. `unless_queued` leaves it out while the queue is busy."""
        if unless_queued and self.count() >= BUSY:
            return
        message: dict[str, Any] = {
            "MessageBody": letter.seal(name, payload, key=self._key),
            "DelaySeconds": round(min(delay_seconds, LONGEST_DELAY_SECONDS)),
        }
        attributes = {REQUEST_ID: logs.request_id.get(), **traces.carrier()}
        message["MessageAttributes"] = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items() if value
        }
        with _jobs_errors("send", name):
            self._client.send_message(QueueUrl=self._url(self._queue), **message)

    def receive(self, *, limit: int, lease_seconds: int, urgent_only: bool = False) -> Sequence[Job]:
        """Lease messages; what is no job of ours stays where it is until SQS calls it dead."""
        jobs = []
        with _jobs_errors("receive", self._queue):
            for message in self._receive(
                self._queue, limit=limit, seconds=lease_seconds, wait_seconds=self._wait_seconds
            ):
                try:
                    name, payload = letter.unseal(message["Body"], key=self._key)
                except Invalid:
                    continue
                jobs.append(Job(message["ReceiptHandle"], name, payload, _tries(message)))
        return jobs

    def done(self, job: Job) -> None:
        """Delete the message. SQS takes it from a later holder too, whose second run does no harm."""
        with _jobs_errors("finish", job.name):
            self._client.delete_message(QueueUrl=self._url(self._queue), ReceiptHandle=job.id)

    def retry(self, job: Job, *, error: str, delay_seconds: float) -> None:
        """Let the message be seen again after the delay."""
        with _jobs_errors("give back", job.name):
            self._client.change_message_visibility(
                QueueUrl=self._url(self._queue),
                ReceiptHandle=job.id,
                VisibilityTimeout=round(min(delay_seconds, LONGEST_LEASE_SECONDS)),
            )

    def count(self) -> int:
        """Jobs waiting or leased, as SQS guesses."""
        with _jobs_errors("count", self._queue):
            return self._waiting()

    def list_dead(self, *, limit: int) -> Sequence[DeadJob]:
        """Dead letters, oldest first; SQS knows no reason."""
        with _jobs_errors("list", self._dead_queue), self._looking_at_the_dead(limit) as messages:
            found = [self._dead_job(message) for message in messages]
        return sorted(found, key=lambda dead: dead.sent_at)

    def revive(self, idents: Collection[str]) -> int:
        """Send dead letters back, each before it is deleted."""
        with _jobs_errors("send back", self._dead_queue), self._looking_at_the_dead(limit=None) as messages:
            wanted = [message for message in messages if message["MessageId"] in idents]
            for start in range(0, len(wanted), AT_ONCE):
                self._move(wanted[start : start + AT_ONCE])
        return len(wanted)

    def ping(self) -> None:
        """Raise JobsError unless both queues can be found."""
        with _jobs_errors("reach", self._queue):
            self._waiting()
        with _jobs_errors("reach", self._dead_queue):
            self._url(self._dead_queue)

    def close(self) -> None:
        """End the connections. The next call opens new ones."""
        self._aws.close()

    def _waiting(self) -> int:
        counts = self._client.get_queue_attributes(
            QueueUrl=self._url(self._queue),
            AttributeNames=[
                "ApproximateNumberOfMessages",
                "ApproximateNumberOfMessagesNotVisible",
                "ApproximateNumberOfMessagesDelayed",
            ],
        )["Attributes"]
        return sum(int(count) for count in counts.values())

    def _receive(self, queue: str, *, limit: int, seconds: int, wait_seconds: int) -> list[dict[str, Any]]:
        answer = self._client.receive_message(
            QueueUrl=self._url(queue),
            MaxNumberOfMessages=min(limit, AT_ONCE),
            VisibilityTimeout=min(seconds, LONGEST_LEASE_SECONDS),
            WaitTimeSeconds=wait_seconds,
            MessageSystemAttributeNames=["ApproximateReceiveCount", "SentTimestamp"],
        )
        return list(answer.get("Messages", ()))

    @contextmanager
    def _looking_at_the_dead(self, limit: int | None) -> Iterator[list[dict[str, Any]]]:
        """All dead letters, or the first `limit`, kept from others meanwhile."""
        seen: dict[str, dict[str, Any]] = {}
        try:
            while limit is None or len(seen) < limit:
                received = self._receive(
                    self._dead_queue, limit=AT_ONCE, seconds=LOOKING_SECONDS, wait_seconds=self._wait_seconds
                )
                # where looking takes longer than LOOKING_SECONDS, the first ones come again
                is_news = any(message["MessageId"] not in seen for message in received)
                seen.update({message["MessageId"]: message for message in received})
                if not is_news:
                    break
            yield list(seen.values())[:limit]
        finally:
            self._let_go(list(seen.values()))

    def _let_go(self, messages: Sequence[dict[str, Any]]) -> None:
        """Let others see these again; those that have been deleted meanwhile are no matter."""
        for start in range(0, len(messages), AT_ONCE):
            self._client.change_message_visibility_batch(
                QueueUrl=self._url(self._dead_queue),
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                    for number, message in enumerate(messages[start : start + AT_ONCE])
                ],
            )

    def _move(self, messages: Sequence[dict[str, Any]]) -> None:
        """Copies to the queue first; only those that were taken are deleted here."""
        sent = self._client.send_message_batch(
            QueueUrl=self._url(self._queue),
            Entries=[
                {"Id": str(number), "MessageBody": message["Body"]} for number, message in enumerate(messages)
            ],
        )
        taken = [messages[int(entry["Id"])] for entry in sent.get("Successful", ())]
        if taken:
            self._client.delete_message_batch(
                QueueUrl=self._url(self._dead_queue),
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(taken)
                ],
            )
        if len(taken) < len(messages):
            raise JobsError("send back", f"{len(messages) - len(taken)} of {len(messages)} dead letters")

    def _dead_job(self, message: dict[str, Any]) -> DeadJob:
        """Shown even where the signature is wrong: that is one reason to be dead."""
        try:
            job = json.loads(json.loads(message["Body"])["job"])
            name, payload = str(job["name"]), {str(key): str(value) for key, value in job["payload"].items()}
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            name, payload = "", {}
        sent_at = datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC)
        return DeadJob(message["MessageId"], name, payload, message["Body"], _tries(message), sent_at)

    def _url(self, queue: str) -> str:
        """The queue's address, asked for once. A setting may hold it already."""
        if queue.startswith(("https://", "http://")):
            return queue
        if queue not in self._urls:
            self._urls[queue] = str(self._client.get_queue_url(QueueName=queue)["QueueUrl"])
        return self._urls[queue]


def _tries(message: dict[str, Any]) -> int:
    return int(message["Attributes"]["ApproximateReceiveCount"])


@contextmanager
def _jobs_errors(action: str, subject: object) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        raise JobsError(action, subject, reason=WORDS.get(code, code)) from error
    except (BotoCoreError, OSError) as error:
        raise JobsError(action, subject, reason=f"SQS does not answer ({type(error).__name__})") from error
