"""Messages about objects of a bucket, in every form they come in, as `ObjectEvent`s. Pure.

Forms: the notification of S3 itself ("Event message structure" in the S3 user guide), also as other stores
that speak S3 write it; the same inside an envelope of SNS; the test that S3 sends when notifications are set
up; and EventBridge's, where the key is not encoded.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote_plus

from photos.errors import Invalid
from photos.models import ObjectEvent

LONGEST = 1 << 20
"""Bytes of a message; the limit of SQS."""
_ENCODES_KEYS = {"aws:s3": True, "minio:s3": True, "ceph:s3": False}
"""Which sources write keys percent-encoded, with plus for a space."""
_UNKNOWN = "This message is none of a bucket's events."


def read_events(body: bytes | str) -> list[ObjectEvent]:
    """Every event of a message, in its order; none for S3's test. Raises Invalid (`message`)."""
    message = _parse(body)
    if message.get("Type") == "Notification" and isinstance(message.get("Message"), str):
        message = _parse(message["Message"])
    if message.get("Event") == "s3:TestEvent":
        return []
    if message.get("source") == "aws.s3" and "detail" in message:
        return [_from_event_bridge(message)]
    records = message.get("Records")
    if not isinstance(records, list) or not records:
        raise _unknown()
    return [_from_record(record) for record in records]


def _parse(text: bytes | str) -> dict[str, Any]:
    try:
        message = json.loads(text) if len(text) <= LONGEST else None
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise _unknown()
    return message


def _from_record(record: Any) -> ObjectEvent:
    try:
        encodes_key = _ENCODES_KEYS[record["eventSource"]]
        name = record["eventName"].removeprefix("s3:")
        bucket, key = record["s3"]["bucket"]["name"], record["s3"]["object"]["key"]
        return _event(bucket, unquote_plus(key, errors="strict") if encodes_key else key, name)
    except (LookupError, TypeError, AttributeError, UnicodeError):
        raise _unknown() from None


def _from_event_bridge(message: dict[str, Any]) -> ObjectEvent:
    try:
        detail = message["detail"]
        name = message["detail-type"].replace("Object ", "Object")
        return _event(detail["bucket"]["name"], detail["object"]["key"], name)
    except (LookupError, TypeError, AttributeError, UnicodeError):
        raise _unknown() from None


def _event(bucket: Any, key: Any, name: str) -> ObjectEvent:
    if not isinstance(bucket, str) or not isinstance(key, str) or not bucket or not key:
        raise _unknown()
    key.encode()
    return ObjectEvent(bucket, key, is_new=name.startswith("ObjectCreated"))


def _unknown() -> Invalid:
    return Invalid(_UNKNOWN, code="message")
