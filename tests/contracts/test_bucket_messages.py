"""Messages as servers really write them, for keys as people really write them: moto for S3, SNS and SQS; and
radosgw, which pushes its own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest

from photos.models import ObjectEvent
from photos.services.bucket_events import read_events
from tests.servers.moto import REGION, Moto
from tests.servers.pushed import Pushed
from tests.servers.radosgw import Radosgw

KEYS = ["plain.jpg", "a b+c.jpg", "100% é 東京.jpg", 'it\'s "$(here)"; `id` & more?.jpg']


@pytest.fixture
def receive(moto: Moto) -> Iterator[Callable[[str], list[str]]]:
    """Puts objects into a bucket whose events go to a queue in one of the ways; gives its messages."""
    with (
        closing(moto.client("s3")) as s3,
        closing(moto.client("sns")) as sns,
        closing(moto.client("sqs")) as sqs,
    ):

        def run(way: str) -> list[str]:
            bucket, queue_url = f"photos-{uuid4().hex}", sqs.create_queue(QueueName=uuid4().hex)["QueueUrl"]
            answer = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
            queue_arn = answer["Attributes"]["QueueArn"]
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            rule: dict[str, Any] = {
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "dropbox/"}]}},
            }
            if way == "queue":
                target = {"QueueConfigurations": [rule | {"QueueArn": queue_arn}]}
            else:
                topic = sns.create_topic(Name=uuid4().hex)["TopicArn"]
                raw = {"RawMessageDelivery": "true" if way == "raw topic" else "false"}
                sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue_arn, Attributes=raw)
                target = {"TopicConfigurations": [rule | {"TopicArn": topic}]}
            s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration=target)
            for key in KEYS:
                s3.put_object(Bucket=bucket, Key=f"dropbox/a@example.org/{key}", Body=b"x")
            s3.put_object(Bucket=bucket, Key="originals/aa/bb", Body=b"x")
            bodies = []
            while found := sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10).get("Messages"):
                for message in found:
                    bodies.append(message["Body"])
                    sqs.delete_message(QueueUrl=queue_url, ReceiptHandle=message["ReceiptHandle"])
            return [bucket, *bodies]

        yield run


@pytest.mark.parametrize("way", ["queue", "topic", "raw topic"])
def test_messages_of_amazons_kind_are_read(receive: Callable[[str], list[str]], way: str) -> None:
    bucket, *bodies = receive(way)
    events = [event for body in bodies for event in read_events(body)]
    expected = {ObjectEvent(bucket, f"dropbox/a@example.org/{key}", True) for key in KEYS}
    assert set(events) == expected
    assert len(bodies) >= len(KEYS)


def test_messages_that_radosgw_pushes_are_read(radosgw: Radosgw) -> None:
    bodies: list[bytes] = []
    bucket = radosgw.create_bucket()
    with Pushed(bodies.append) as listener, closing(radosgw.client()) as s3:
        radosgw.push_events(bucket, "dropbox/", listener.url)
        for key in KEYS:
            s3.put_object(Bucket=bucket, Key=f"dropbox/a@example.org/{key}", Body=b"x")
        s3.put_object(Bucket=bucket, Key="originals/aa/bb", Body=b"x")
    events = {event for body in bodies for event in read_events(body)}
    assert events == {ObjectEvent(bucket, f"dropbox/a@example.org/{key}", True) for key in KEYS}
    assert all("Records" in json.loads(body) for body in bodies)
