"""The daemon of an Elastic Beanstalk worker, as its documentation tells; never compared with a real one.

It receives from SQS and posts each message to the application on the same machine. 200 deletes it; anything
else, and silence, lets it be seen again soon. It delivers at least once: `times` posts each message more than
once at the same time, by turns to the machines `also`; `shuffle` mixes up the order; `lose_answers` gives up
on some of the answers, so that work that is done comes again. Entries of cron.yaml go through the queue too.
"""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from types import TracebackType
from typing import Any, Self

import requests
from botocore.exceptions import BotoCoreError, ClientError

from tests.servers import queues
from tests.servers.moto import Moto

AT_ONCE = 10
POLL_SECONDS = 1
STOP_SECONDS = 30
CRON = "beanstalk.sqsd."
ATTRIBUTES = "X-Aws-Sqsd-Attr-"


@dataclass
class Sqsd:
    """Delivers what is in the queue of `moto` to `url`, on `connections` connections, until it is stopped."""

    moto: Moto
    url: str
    also: tuple[str, ...] = ()
    path: str = "/worker/message"
    connections: int = 4
    connect_seconds: float = 5
    inactivity_seconds: float = 270
    visible_again_seconds: int = 300
    error_visible_again_seconds: int = 1
    times: int = 1
    shuffle: bool = False
    lose_answers: float = 0
    """The share of posts whose answer is not waited for."""
    chance: random.Random = field(default_factory=lambda: random.Random(7))
    answers: Counter[int] = field(default_factory=Counter)
    """Status -> how often it was answered; 0 where no answer came or was waited for."""
    _stopping: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._run, name="sqsd", daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        assert self._thread is not None
        self._thread.join(STOP_SECONDS)

    def send_hour(self, name: str, path: str) -> None:
        """What the leader does when an entry of cron.yaml is due."""
        words = {"task_name": name, "path": path, "scheduled_time": datetime.now(UTC).isoformat()}
        sqs = self.moto.client("sqs")
        sqs.send_message(
            QueueUrl=queues.url(sqs),
            MessageBody="elasticbeanstalk scheduled job",
            MessageAttributes={
                f"{CRON}{key}": {"DataType": "String", "StringValue": value} for key, value in words.items()
            },
        )

    def _run(self) -> None:
        sqs = self.moto.client("sqs")
        address = queues.url(sqs)
        with ThreadPoolExecutor(self.connections) as pool:
            while not self._stopping.is_set():
                try:
                    received = self._receive(sqs, address)
                except (ClientError, BotoCoreError):  # SQS is away
                    self._stopping.wait(POLL_SECONDS)
                    continue
                if self.shuffle:
                    self.chance.shuffle(received)
                turns = list(islice(cycle((self.url, *self.also)), self.times))
                deliveries = [(message, url) for message in received for url in turns]
                list(pool.map(lambda delivery: self._deliver(sqs, address, *delivery), deliveries))
        sqs.close()

    def _receive(self, sqs: Any, address: str) -> list[dict[str, Any]]:
        answer = sqs.receive_message(
            QueueUrl=address,
            MaxNumberOfMessages=min(self.connections, AT_ONCE),
            VisibilityTimeout=self.visible_again_seconds,
            WaitTimeSeconds=POLL_SECONDS,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return list(answer.get("Messages", ()))

    def _deliver(self, sqs: Any, address: str, message: Mapping[str, Any], url: str) -> None:
        status = self._post(message, url)
        self.answers[status] += 1
        held = {"QueueUrl": address, "ReceiptHandle": message["ReceiptHandle"]}
        try:
            if status == 200:
                sqs.delete_message(**held)
            else:
                sqs.change_message_visibility(**held, VisibilityTimeout=self.error_visible_again_seconds)
        except (ClientError, BotoCoreError):
            # another delivery has been answered meanwhile; or SQS is away, and hides it for its time-out
            return

    def _post(self, message: Mapping[str, Any], url: str) -> int:
        """The status of the answer, 0 for none."""
        headers = headers_of(message)
        path = headers.get("X-Aws-Sqsd-Path", self.path)
        is_lost = self.chance.random() < self.lose_answers
        try:
            answer = requests.post(
                url + path,
                data=message["Body"].encode(),
                headers=headers,
                timeout=(self.connect_seconds, self.inactivity_seconds),
                allow_redirects=False,
            )
        except requests.RequestException:
            return 0
        return 0 if is_lost else answer.status_code


def headers_of(message: Mapping[str, Any]) -> dict[str, str]:
    """What the daemon tells about a message; of an entry of cron.yaml, its name, path and time instead."""
    own = message.get("Attributes", {})
    headers = {
        "User-Agent": "aws-sqsd/3.0",
        "Content-Type": "application/json",
        "X-Aws-Sqsd-Msgid": message["MessageId"],
        "X-Aws-Sqsd-Queue": queues.QUEUE,
        "X-Aws-Sqsd-First-Received-At": _instant(own.get("ApproximateFirstReceiveTimestamp", "0")),
        "X-Aws-Sqsd-Receive-Count": own.get("ApproximateReceiveCount", "1"),
        "X-Aws-Sqsd-Sender-Id": own.get("SenderId", ""),
    }
    attributes = {
        name: attribute["StringValue"] for name, attribute in message.get("MessageAttributes", {}).items()
    }
    for key, header in (("task_name", "Taskname"), ("path", "Path"), ("scheduled_time", "Scheduled-At")):
        if f"{CRON}{key}" in attributes:
            headers[f"X-Aws-Sqsd-{header}"] = attributes.pop(f"{CRON}{key}")
    return headers | {f"{ATTRIBUTES}{name}": value for name, value in attributes.items()}


def _instant(milliseconds: str) -> str:
    return datetime.fromtimestamp(int(milliseconds) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def wait_until_empty(moto: Moto, seconds: float) -> None:
    """Until no message waits or is held. Raises TimeoutError."""
    sqs, give_up_at = moto.client("sqs"), time.monotonic() + seconds
    # twice: a message that comes back between the two counts of one answer is in neither
    while queues.depth(sqs) or queues.depth(sqs):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{queues.depth(sqs)} messages are left")
        time.sleep(0.1)
