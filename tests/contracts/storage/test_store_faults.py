"""A store that is busy (F19), answers with half or other bytes (F20), or does not believe our clock (F32)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import botocore.auth
import pytest

from photos.backends.storage.s3 import S3Storage
from photos.errors import StorageError
from tests.contracts.storage.places import JPEG, read
from tests.servers.radosgw import REGION, Radosgw
from tests.servers.s3_proxy import Answer, S3Proxy

BODY = bytes(range(256)) * 400


@pytest.fixture
def busy(radosgw: Radosgw) -> Iterator[S3Proxy]:
    with S3Proxy(radosgw.port) as proxy:
        yield proxy


@pytest.fixture
def storage(radosgw: Radosgw, busy: S3Proxy) -> Iterator[S3Storage]:
    opened = S3Storage(
        radosgw.create_bucket(),
        region=REGION,
        endpoint_url=busy.url,
        addressing_style="path",
        access_key=radosgw.access_key,
        secret_key=radosgw.secret_key,
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(("status", "code"), [(503, "SlowDown"), (500, "InternalError")])
def test_a_store_that_refuses_every_third_call_is_only_slow(
    storage: S3Storage, busy: S3Proxy, status: int, code: str
) -> None:
    numbers = count(1)
    busy.refuse = lambda _method, _path: (status, code) if next(numbers) % 3 == 0 else None
    for number in range(5):
        storage.put(f"key-{number}", io.BytesIO(BODY), media_type=JPEG)
        assert read(storage, f"key-{number}") == BODY
    assert [item.key for item in storage.list()] == [f"key-{number}" for number in range(5)]
    assert len(busy.asked) <= 5 * 2 * 2 + 2


def test_a_store_that_stays_busy_is_asked_four_times_with_growing_waits(
    storage: S3Storage, busy: S3Proxy
) -> None:
    busy.refuse = lambda _method, _path: (503, "SlowDown")
    with pytest.raises(StorageError, match="fewer requests"):
        storage.put("a", BODY, media_type=JPEG)
    assert len(busy.asked) == 4, "retries happen at one layer"
    with pytest.raises(StorageError):
        list(storage.list())
    assert len(busy.asked) == 8


@pytest.mark.parametrize("left", [0, 1, len(BODY) // 2, len(BODY) - 1])
def test_half_an_answer_is_never_a_short_object(storage: S3Storage, busy: S3Proxy, left: int) -> None:
    storage.put("a", BODY, media_type=JPEG)
    busy.change = lambda answer: answer.body[:left] if answer.method == "GET" else answer.body
    with pytest.raises(StorageError):
        read(storage, "a")
    with pytest.raises(StorageError), storage.fetch("a"):
        pass


def test_a_put_of_which_something_else_was_stored_is_no_success(storage: S3Storage, busy: S3Proxy) -> None:
    busy.tag = "d41d8cd98f00b204e9800998ecf8427e"
    with pytest.raises(StorageError, match="not what was sent"):
        storage.put("a", BODY, media_type=JPEG)
    busy.tag = ""
    storage.put("a", BODY, media_type=JPEG)
    assert read(storage, "a") == BODY


@pytest.mark.parametrize("minutes", [-20, 20])
def test_a_wrong_clock_is_named(storage: S3Storage, monkeypatch: pytest.MonkeyPatch, minutes: int) -> None:
    wrong = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: wrong)
    with pytest.raises(StorageError, match="clock of this machine"):
        storage.put("a", BODY, media_type=JPEG)


def test_an_answer_to_complete_that_was_lost_and_a_second_try(storage: S3Storage, busy: S3Proxy) -> None:
    """S3 may also answer 200 and tell of a failure in the body; the SDK then asks again."""
    multipart_id = storage.start_multipart("a", media_type=JPEG)
    sent = storage._client.upload_part(
        Bucket=storage._bucket, Key="a", UploadId=multipart_id, PartNumber=1, Body=BODY
    )
    assert sent["ETag"]
    lies = iter([True])

    def lie_once(answer: Answer) -> bytes:
        is_complete = answer.method == "POST" and "uploadId" in answer.path and next(lies, False)
        failure = b"<?xml version='1.0'?><Error><Code>InternalError</Code></Error>"
        return failure.ljust(len(answer.body)) if is_complete else answer.body

    busy.change = lie_once
    parts = storage.list_parts("a", multipart_id)
    assert storage.complete_multipart("a", multipart_id, parts).size_bytes == len(BODY)
    assert read(storage, "a") == BODY
