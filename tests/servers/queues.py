"""The queue of the worker tier and its dead letters, as the account of an operator has them."""

from __future__ import annotations

import json
from typing import Any

QUEUE, DEAD_QUEUE = "bigimage-jobs", "bigimage-jobs-dead"
TRIES = 10
VISIBLE_AGAIN_SECONDS = 300


def create(sqs: Any, *, tries: int = TRIES) -> None:
    """Make both; what was received `tries` times without being deleted is a dead letter."""
    dead_url = sqs.create_queue(QueueName=DEAD_QUEUE)["QueueUrl"]
    dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": tries})
    sqs.create_queue(
        QueueName=QUEUE,
        Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": str(VISIBLE_AGAIN_SECONDS)},
    )


def url(sqs: Any, name: str = QUEUE) -> str:
    """The address of a queue."""
    return str(sqs.get_queue_url(QueueName=name)["QueueUrl"])


def depth(sqs: Any, name: str = QUEUE) -> int:
    """Messages in a queue, those that somebody holds included."""
    counts = sqs.get_queue_attributes(
        QueueUrl=url(sqs, name),
        AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
    )["Attributes"]
    return sum(int(count) for count in counts.values())
