"""A store that is away, silent, slow or cut off: an error for later, never an absence."""

from __future__ import annotations

import time

import pytest

from photos.backends.storage import Storage
from photos.backends.storage.s3 import S3Storage
from photos.errors import StorageError
from tests.contracts.storage.places import FIRST_PART, JPEG, Place, read
from tests.servers.proxy import FaultProxy
from tests.servers.radosgw import REGION, Radosgw


def test_ping_is_silent_and_leaves_nothing(storage: Storage) -> None:
    storage.ping()
    assert list(storage.list()) == []
    assert list(storage.list_multiparts()) == []


def test_an_outage_is_never_an_absence(place: Place) -> None:
    storage = place.storage
    storage.put("a", b"hello", media_type=JPEG)
    multipart_id = storage.start_multipart("b", media_type=JPEG)
    part = place.send_part("b", multipart_id, 1, b"body")
    place.stop()
    for verb in (
        storage.ping,
        lambda: storage.put("c", b"", media_type=JPEG),
        lambda: read(storage, "a"),
        lambda: storage.stat("a"),
        lambda: storage.stat("nothing"),
        lambda: storage.fetch("a").__enter__(),
        lambda: storage.delete("a"),
        lambda: list(storage.list()),
        lambda: storage.start_multipart("c", media_type=JPEG),
        lambda: storage.list_parts("b", multipart_id),
        lambda: storage.complete_multipart("b", multipart_id, [part]),
        lambda: storage.abort_multipart("b", multipart_id),
        lambda: list(storage.list_multiparts()),
    ):
        with pytest.raises(StorageError):
            verb()
    place.start()
    storage.ping()
    assert [entry.key for entry in storage.list()] == ["a"]
    assert storage.complete_multipart("b", multipart_id, [part]).size_bytes == 4


def test_silence_ends_after_the_time_out(place: Place, proxy: FaultProxy) -> None:
    place.storage.put("a", b"hello", media_type=JPEG)
    proxy.black_hole = True
    started = time.monotonic()
    with pytest.raises(StorageError):
        read(place.storage, "a")
    assert time.monotonic() - started < 6
    proxy.heal()
    assert read(place.storage, "a") == b"hello"


@pytest.mark.parametrize("answer_bytes", [10, 100_000])
def test_an_answer_that_is_cut_is_never_a_short_object(
    place: Place, proxy: FaultProxy, answer_bytes: int
) -> None:
    place.storage.put("a", FIRST_PART, media_type=JPEG)
    proxy.cut_after(answer_bytes)
    with pytest.raises(StorageError):
        read(place.storage, "a")
    with pytest.raises(StorageError), place.storage.fetch("a"):
        pass
    proxy.heal()
    assert read(place.storage, "a") == FIRST_PART


def test_a_slow_store_is_only_slow(place: Place, proxy: FaultProxy) -> None:
    proxy.latency_seconds = 0.1
    place.storage.put("a", b"hello", media_type=JPEG)
    assert read(place.storage, "a") == b"hello"


def test_complete_whose_answer_was_lost_can_be_repeated(place: Place, proxy: FaultProxy) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    parts = [place.send_part("a", multipart_id, 1, b"body")]
    proxy.cut_after(0)
    with pytest.raises(StorageError):
        place.storage.complete_multipart("a", multipart_id, parts)
    proxy.heal()
    assert place.storage.complete_multipart("a", multipart_id, parts).size_bytes == 4


def test_a_retry_stays_within_its_bound(place: Place, proxy: FaultProxy) -> None:
    place.storage.put("a", b"hello", media_type=JPEG)
    proxy.cut_after(0)
    before = proxy.connections
    with pytest.raises(StorageError):
        place.storage.stat("a")
    assert proxy.connections - before <= 2


def test_a_missing_bucket_is_an_outage(s3_place: Place, radosgw: Radosgw) -> None:
    storage = S3Storage(
        "no-such-bucket",
        region=REGION,
        endpoint_url=radosgw.endpoint_url,
        addressing_style="path",
        access_key=radosgw.access_key,
        secret_key=radosgw.secret_key,
    )
    for verb in (
        storage.ping,
        lambda: storage.stat("a"),
        lambda: read(storage, "a"),
        lambda: list(storage.list()),
    ):
        with pytest.raises(StorageError):
            verb()
    storage.close()
