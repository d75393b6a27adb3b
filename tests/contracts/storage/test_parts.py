"""Uploads of parts: joined once, whoever asks and however often; nothing of others."""

from __future__ import annotations

import threading

import pytest

from photos.backends.storage import Storage
from photos.errors import Conflict, NotFound
from photos.models import StoredPart
from tests.contracts.storage.places import FIRST_PART, JPEG, LAST_PART, Place, read


def test_parts_become_one_object(place: Place) -> None:
    multipart_id = place.storage.start_multipart("originals/a", media_type=JPEG)
    first = place.send_part("originals/a", multipart_id, 1, FIRST_PART)
    with pytest.raises(NotFound):
        place.storage.stat("originals/a")
    assert list(place.storage.list()) == []
    last = place.send_part("originals/a", multipart_id, 2, LAST_PART)
    stored = place.storage.complete_multipart("originals/a", multipart_id, [first, last])
    assert stored.size_bytes == len(FIRST_PART) + len(LAST_PART)
    assert read(place.storage, "originals/a") == FIRST_PART + LAST_PART
    assert list(place.storage.list_multiparts()) == []


def test_an_upload_goes_on_with_the_parts_that_arrived(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    assert list(place.storage.list_parts("a", multipart_id)) == []
    last = place.send_part("a", multipart_id, 2, LAST_PART)
    assert list(place.storage.list_parts("a", multipart_id)) == [last]
    place.send_part("a", multipart_id, 1, b"x" * len(FIRST_PART))
    first = place.send_part("a", multipart_id, 1, FIRST_PART)
    assert list(place.storage.list_parts("a", multipart_id)) == [first, last]
    place.storage.complete_multipart("a", multipart_id, place.storage.list_parts("a", multipart_id))
    assert read(place.storage, "a") == FIRST_PART + LAST_PART


def test_complete_may_be_asked_for_twice(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    parts = [
        place.send_part("a", multipart_id, 1, FIRST_PART),
        place.send_part("a", multipart_id, 2, LAST_PART),
    ]
    once = place.storage.complete_multipart("a", multipart_id, parts)
    assert place.storage.complete_multipart("a", multipart_id, parts) == once
    assert read(place.storage, "a") == FIRST_PART + LAST_PART


def test_two_who_complete_at_once_both_succeed(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    parts = [
        place.send_part("a", multipart_id, 1, FIRST_PART),
        place.send_part("a", multipart_id, 2, LAST_PART),
    ]
    errors: list[BaseException] = []

    def complete() -> None:
        try:
            place.storage.complete_multipart("a", multipart_id, parts)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=complete) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert read(place.storage, "a") == FIRST_PART + LAST_PART


def test_wrong_parts_are_a_conflict_and_the_upload_goes_on(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    first = place.send_part("a", multipart_id, 1, FIRST_PART)
    last = place.send_part("a", multipart_id, 2, LAST_PART)
    missing = StoredPart(3, 5, last.etag)
    different = StoredPart(2, last.size_bytes, first.etag)
    small_part_first = [StoredPart(1, 1, place.send_part("a", multipart_id, 1, b"x").etag), last]
    for parts in ([last, missing], [different], [], [last, small_part_first[0]], small_part_first):
        with pytest.raises(Conflict):
            place.storage.complete_multipart("a", multipart_id, parts)
    with pytest.raises(NotFound):
        place.storage.stat("a")
    first = place.send_part("a", multipart_id, 1, FIRST_PART)
    place.storage.complete_multipart("a", multipart_id, [first, last])
    assert read(place.storage, "a") == FIRST_PART + LAST_PART


def test_a_foreign_upload_is_not_found(place: Place) -> None:
    mine = place.storage.start_multipart("mine", media_type=JPEG)
    part = place.send_part("mine", mine, 1, b"body")
    place.storage.put("yours", b"stays", media_type=JPEG)
    for key, multipart_id in (
        ("yours", mine),
        ("mine", "0" * 32),
        ("mine", "../mine"),
        ("mine", "no such id"),
    ):
        with pytest.raises(NotFound):
            place.storage.list_parts(key, multipart_id)
        with pytest.raises(NotFound):
            place.storage.complete_multipart(key, multipart_id, [part])
        url = place.storage.part_url(key, multipart_id, 2, size_bytes=4)
        assert place.send(url, b"body").status_code == 404
        place.storage.abort_multipart(key, multipart_id)
    assert read(place.storage, "yours") == b"stays"
    assert list(place.storage.list_parts("mine", mine)) == [part]


def test_part_addresses_are_dead_after_completion(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    url = place.storage.part_url("a", multipart_id, 1, size_bytes=4)
    place.storage.complete_multipart("a", multipart_id, [place.send_part("a", multipart_id, 1, b"good")])
    assert place.send(url, b"evil").status_code == 404
    with pytest.raises(NotFound):
        place.storage.list_parts("a", multipart_id)
    assert read(place.storage, "a") == b"good"


def test_part_addresses_are_dead_after_abort(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    part = place.send_part("a", multipart_id, 1, b"good")
    place.storage.abort_multipart("a", multipart_id)
    place.storage.abort_multipart("a", multipart_id)
    assert place.send(place.storage.part_url("a", multipart_id, 1, size_bytes=4), b"evil").status_code == 404
    with pytest.raises(NotFound):
        place.storage.complete_multipart("a", multipart_id, [part])
    assert list(place.storage.list_multiparts()) == []
    assert list(place.storage.list()) == []


@pytest.mark.parametrize("body", [b"", b"bod", b"body and more", b"x" * 300_000])
def test_a_part_of_another_size_is_refused(place: Place, body: bytes) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    url = place.storage.part_url("a", multipart_id, 1, size_bytes=4)
    assert place.send(url, body).status_code in (400, 403, 413)
    assert list(place.storage.list_parts("a", multipart_id)) == []


def test_unfinished_uploads_are_listed(storage: Storage) -> None:
    made = {
        ("b", storage.start_multipart("b", media_type=JPEG)),
        ("a", storage.start_multipart("a", media_type=JPEG)),
    }
    assert set(storage.list_multiparts()) == made


def test_a_sweep_takes_nothing_that_is_in_use(place: Place) -> None:
    place.storage.put("a", b"hello", media_type=JPEG)
    multipart_id = place.storage.start_multipart("b", media_type=JPEG)
    part = place.send_part("b", multipart_id, 1, b"body")
    place.storage.sweep(older_than_seconds=-60)
    assert read(place.storage, "a") == b"hello"
    assert place.storage.complete_multipart("b", multipart_id, [part]).size_bytes == 4
