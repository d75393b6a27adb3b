"""Messages as servers really write them, for keys as people really write them: moto for S3, SNS and SQS; and
radosgw, which pushes its own."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from uuid import uuid4

import boto3
import pytest

from photos.models import ObjectEvent
from photos.services.bucket_events import read_events
from tests.servers.moto import REGION, Moto
from tests.servers.ports import free_port
from tests.servers.radosgw import REGION as RADOSGW_REGION
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


class _Listener(BaseHTTPRequestHandler):
    bodies: list[bytes]

    def do_POST(self) -> None:
        self.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing to say."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[bytes]]]:
    bodies: list[bytes] = []
    server = HTTPServer(("127.0.0.1", free_port()), type("Listener", (_Listener,), {"bodies": bodies}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", bodies
    server.shutdown()
    thread.join()
    server.server_close()


def test_messages_that_radosgw_pushes_are_read(radosgw: Radosgw, listener: tuple[str, list[bytes]]) -> None:
    address, bodies = listener
    sns = boto3.client(
        "sns",
        region_name=RADOSGW_REGION,
        endpoint_url=radosgw.endpoint_url,
        aws_access_key_id=radosgw.access_key,
        aws_secret_access_key=radosgw.secret_key,
    )
    topic = sns.create_topic(Name=uuid4().hex, Attributes={"push-endpoint": address})["TopicArn"]
    sns.close()
    bucket = radosgw.create_bucket()
    with closing(radosgw.client()) as s3:
        rule = {
            "Id": "dropbox",
            "TopicArn": topic,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "dropbox/"}]}},
        }
        s3.put_bucket_notification_configuration(
            Bucket=bucket, NotificationConfiguration={"TopicConfigurations": [rule]}
        )
        for key in KEYS:
            s3.put_object(Bucket=bucket, Key=f"dropbox/a@example.org/{key}", Body=b"x")
        s3.put_object(Bucket=bucket, Key="originals/aa/bb", Body=b"x")
    events = {event for body in bodies for event in read_events(body)}
    assert events == {ObjectEvent(bucket, f"dropbox/a@example.org/{key}", True) for key in KEYS}
    assert all("Records" in json.loads(body) for body in bodies)
