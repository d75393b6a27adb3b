"""Messages about objects: every form that a bucket's events come in, and nothing else."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from photos.errors import Invalid
from photos.models import ObjectEvent
from photos.services.bucket_events import read_events

ODD_KEYS = [
    "dropbox/ada@example.org/a b.jpg",
    "dropbox/ada@example.org/a+b.jpg",
    "dropbox/ada@example.org/100%.jpg",
    "dropbox/ada@example.org/a%20b%2Bc.jpg",
    "dropbox/ada@example.org/Zürich 東京.jpg",
    'dropbox/ada@example.org/it\'s "here".jpg',
    "dropbox/ada@example.org/; rm -rf $(pwd) `id`.jpg",
    "dropbox/ada@example.org/.analyzed.jpg",
    "dropbox/ada@example.org/a&b=c?d#e.jpg",
]


def record(key: str, *, bucket: str = "photos", name: str = "ObjectCreated:Put") -> dict[str, Any]:
    """A record as S3 writes it; `key` is encoded already."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "awsRegion": "eu-central-1",
        "eventTime": "2026-11-21T14:00:00.000Z",
        "eventName": name,
        "userIdentity": {"principalId": "EXAMPLE"},
        "requestParameters": {"sourceIPAddress": "192.0.2.1"},
        "responseElements": {"x-amz-request-id": "C3D13FE58DE4C810"},
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": "dropbox",
            "bucket": {
                "name": bucket,
                "ownerIdentity": {"principalId": "E"},
                "arn": f"arn:aws:s3:::{bucket}",
            },
            "object": {"key": key, "size": 1024, "eTag": "d41d8cd9", "sequencer": "0055AED6DCD90281E5"},
        },
    }


def notification(*records: dict[str, Any]) -> str:
    return json.dumps({"Records": list(records)})


@pytest.mark.parametrize("key", ODD_KEYS)
@pytest.mark.parametrize("safe", ["", "/"])
def test_keys_are_decoded_once(key: str, safe: str) -> None:
    assert read_events(notification(record(quote_plus(key, safe=safe)))) == [ObjectEvent("photos", key, True)]


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=100))
def test_any_key_survives(key: str) -> None:
    (event,) = read_events(notification(record(quote_plus(key))))
    assert event.key == key


def test_every_record_is_read_in_its_order() -> None:
    body = notification(
        record("dropbox/a/1.jpg"),
        record("dropbox/a/2.jpg", name="ObjectRemoved:Delete"),
        record("dropbox/a/3.jpg", name="ObjectCreated:CompleteMultipartUpload"),
    )
    assert [(event.key[-5], event.is_new) for event in read_events(body)] == [
        ("1", True),
        ("2", False),
        ("3", True),
    ]


def test_an_envelope_of_sns_is_opened() -> None:
    inner = notification(record("dropbox/a/b+c.jpg"))
    envelope = {
        "Type": "Notification",
        "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
        "TopicArn": "arn:aws:sns:eu-central-1:111122223333:drops",
        "Subject": "Amazon S3 Notification",
        "Message": inner,
        "Timestamp": "2026-11-21T14:00:00.000Z",
        "SignatureVersion": "1",
        "Signature": "made up",
    }
    assert read_events(json.dumps(envelope)) == read_events(inner)
    assert read_events(json.dumps(envelope).encode()) == read_events(inner)


def test_the_test_of_s3_is_no_event() -> None:
    test = {
        "Service": "Amazon S3",
        "Event": "s3:TestEvent",
        "Time": "2026-11-21T14:00:00.000Z",
        "Bucket": "b",
    }
    assert read_events(json.dumps(test)) == []
    assert read_events(json.dumps({"Type": "Notification", "Message": json.dumps(test)})) == []


@pytest.mark.parametrize(("name", "is_new"), [("Object Created", True), ("Object Deleted", False)])
def test_event_bridge_writes_keys_as_they_are(name: str, is_new: bool) -> None:
    message = {
        "version": "0",
        "detail-type": name,
        "source": "aws.s3",
        "detail": {"bucket": {"name": "photos"}, "object": {"key": "dropbox/a/100% a+b.jpg", "size": 5}},
    }
    assert read_events(json.dumps(message)) == [ObjectEvent("photos", "dropbox/a/100% a+b.jpg", is_new)]


def test_other_stores_are_understood_too() -> None:
    ceph = record("dropbox/a/b+c 100%.jpg") | {"eventSource": "ceph:s3"}
    minio = record("dropbox%2Fa%2Fb%2Bc.jpg", name="s3:ObjectCreated:Put") | {"eventSource": "minio:s3"}
    assert [event.key for event in read_events(notification(ceph, minio))] == [
        "dropbox/a/b+c 100%.jpg",
        "dropbox/a/b+c.jpg",
    ]
    assert all(event.is_new for event in read_events(notification(ceph, minio)))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "null",
        "[]",
        "{}",
        "\xff",
        b"\xff\xfe",
        '{"Records": []}',
        '{"Records": {}}',
        '{"Records": [null]}',
        '{"Records": [{}]}',
        '{"name": "process_photo", "payload": {}}',
        '{"Type": "Notification", "Message": "hello"}',
        '{"Type": "Notification", "Message": {"Records": []}}',
        '{"Type": "SubscriptionConfirmation", "SubscribeURL": "http://169.254.169.254/"}',
        '{"source": "aws.s3", "detail": null}',
        json.dumps(
            {
                "source": "aws.s3",
                "detail-type": "Object Created",
                "detail": {"bucket": {"name": 1}, "object": {"key": 2}},
            }
        ),
        notification(record("")),
        notification(record("%ff")),
        notification(record("a") | {"eventSource": "aws:sqs"}),
        notification(record("a"), {"eventSource": "aws:s3"}),
        notification(record("a") | {"eventName": 7}),
        '{"Records":' + "[" * 100_000,
        '{"Records": [' + " " * (1 << 20) + "]}",
        notification(record("\ud800") | {"eventSource": "ceph:s3"}),
    ],
)
def test_anything_else_is_refused(body: str | bytes) -> None:
    with pytest.raises(Invalid) as caught:
        read_events(body)
    assert caught.value.code == "message"


WORDS = st.sampled_from(
    [
        *("Records", "s3", "bucket", "object", "key", "name", "eventSource", "eventName"),
        *("Message", "Type", "detail", "source", "aws:s3", "aws.s3", "Notification"),
    ]
)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text() | WORDS,
        lambda inner: st.lists(inner) | st.dictionaries(WORDS, inner),
    )
)
def test_no_document_does_worse(document: object) -> None:
    try:
        read_events(json.dumps(document))
    except Invalid as refusal:
        assert refusal.code == "message"
