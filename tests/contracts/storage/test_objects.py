"""Bytes under a key: put, get, range, list, delete, on both stores."""

from __future__ import annotations

import hashlib
import io

import pytest

from photos.backends.storage import Storage
from photos.errors import Invalid, NotFound
from tests.contracts.storage.places import FIRST_PART, JPEG, LAST_PART, Place, read


def test_bytes_come_back_as_they_were_put(storage: Storage) -> None:
    stored = storage.put("originals/a.jpg", b"hello", media_type=JPEG)
    assert (stored.key, stored.size_bytes) == ("originals/a.jpg", 5)
    assert read(storage, "originals/a.jpg") == b"hello"


def test_a_stream_is_stored_whole(storage: Storage) -> None:
    body = FIRST_PART + LAST_PART
    assert storage.put("originals/big", io.BytesIO(body), media_type=JPEG).size_bytes == len(body)
    assert hashlib.sha256(read(storage, "originals/big")).digest() == hashlib.sha256(body).digest()


def test_an_empty_object_is_an_object(storage: Storage) -> None:
    assert storage.put("empty", b"", media_type=JPEG).size_bytes == 0
    assert storage.stat("empty").size_bytes == 0
    assert read(storage, "empty") == b""


def test_put_replaces_and_the_tag_changes(storage: Storage) -> None:
    first = storage.put("a", b"first", media_type=JPEG)
    second = storage.put("a", b"other", media_type=JPEG)
    assert first.etag != second.etag
    assert storage.stat("a").etag == second.etag
    assert read(storage, "a") == b"other"


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"start": 3}, b"defghij"),
        ({"start": 3, "end": 5}, b"de"),
        ({"end": 4}, b"abcd"),
        ({"start": 0, "end": 99}, b"abcdefghij"),
        ({"start": 10}, b""),
        ({"start": 99, "end": 120}, b""),
        ({"start": 5, "end": 5}, b""),
    ],
)
def test_a_range_is_cut_like_a_slice(storage: Storage, limits: dict[str, int], expected: bytes) -> None:
    storage.put("a", b"abcdefghij", media_type=JPEG)
    assert read(storage, "a", **limits) == expected


def test_what_is_not_there_is_not_found(storage: Storage) -> None:
    storage.put("a/b", b"", media_type=JPEG)
    for key in ("nothing", "a", "a/c", "nothing/at/all"):
        for verb in (storage.stat, storage.digest, lambda key: read(storage, key)):
            with pytest.raises(NotFound):
                verb(key)
        with pytest.raises(NotFound), storage.fetch(key):
            pass


def test_a_deleted_object_is_gone_and_its_neighbour_stays(storage: Storage) -> None:
    storage.put("a/b/one", b"1", media_type=JPEG)
    storage.put("a/b/two", b"2", media_type=JPEG)
    storage.delete("a/b/one")
    storage.delete("a/b/one")
    storage.delete("never/was")
    with pytest.raises(NotFound):
        storage.stat("a/b/one")
    assert [entry.key for entry in storage.list()] == ["a/b/two"]
    storage.delete("a/b/two")
    storage.put("a/b/three", b"3", media_type=JPEG)
    assert [entry.key for entry in storage.list()] == ["a/b/three"]


def test_fetch_gives_a_file_for_the_time_of_the_with(storage: Storage) -> None:
    storage.put("originals/a", FIRST_PART, media_type=JPEG)
    with storage.fetch("originals/a") as path:
        assert path.read_bytes() == FIRST_PART


def test_a_digest_is_right_or_left_out(storage: Storage) -> None:
    storage.put("a", b"hello", media_type=JPEG)
    assert storage.digest("a") in ("", hashlib.sha256(b"hello").hexdigest())


def test_a_list_is_in_the_order_of_key_bytes(storage: Storage) -> None:
    keys = ["a-b", "a/b", "a/b-c/d", "a/b.c", "a0", "B", "é/x", "z", "😀", "a/c/1", "a/c/2"]
    for key in keys:
        storage.put(key, key.encode(), media_type=JPEG)
    listed = list(storage.list())
    assert [entry.key for entry in listed] == sorted(keys, key=str.encode)
    assert [entry.size_bytes for entry in listed] == [len(entry.key.encode()) for entry in listed]
    assert listed[0].etag == storage.stat(listed[0].key).etag


@pytest.mark.parametrize("prefix", ["a", "a/", "a/b", "a/c/", "a/c/2", "x", "a/b/c/d/e", ""])
def test_a_prefix_may_end_anywhere(storage: Storage, prefix: str) -> None:
    keys = ["a-b", "a/b/x", "a/bc", "a/c/1", "a/c/2", "b"]
    for key in keys:
        storage.put(key, b"", media_type=JPEG)
    assert [entry.key for entry in storage.list(prefix)] == [key for key in keys if key.startswith(prefix)]


@pytest.mark.parametrize(
    "key",
    [
        "dropbox/7/IMG 0001 (ü).jpg",
        "a/b+c&d=e?f#g%41.jpg",
        "quote'\"<>\\:*|.jpg",
        "e\u0301 and é",
        "日本語/写真.jpg",
        ".hidden/..name/...",
        "-rf",
        "x" * 200 + "/" + "y" * 200,
    ],
)
def test_odd_keys_work_in_every_verb(place: Place, key: str) -> None:
    place.storage.put(key, b"odd", media_type=JPEG)
    assert place.storage.stat(key).size_bytes == 3
    assert read(place.storage, key) == b"odd"
    assert [entry.key for entry in place.storage.list(key[:2])] == [key]
    assert place.get(place.storage.url(key, media_type=JPEG)).content == b"odd"
    multipart_id = place.storage.start_multipart(key, media_type=JPEG)
    part = place.send_part(key, multipart_id, 1, b"in parts")
    assert list(place.storage.list_multiparts()) == [(key, multipart_id)]
    place.storage.complete_multipart(key, multipart_id, [part])
    assert read(place.storage, key) == b"in parts"
    place.storage.delete(key)
    assert list(place.storage.list()) == []


@pytest.mark.parametrize(
    "key", ["", "/a", "a/", "a//b", "..", "a/../b", "./a", "a\0b", "a\nb", "\ud800", "é" * 600]
)
def test_a_key_that_means_something_else_is_refused(storage: Storage, key: str) -> None:
    for verb in (
        lambda: storage.put(key, b"", media_type=JPEG),
        lambda: read(storage, key),
        lambda: storage.stat(key),
        lambda: storage.delete(key),
        lambda: storage.url(key, media_type=JPEG),
        lambda: storage.start_multipart(key, media_type=JPEG),
        lambda: storage.part_url(key, "0" * 32, 1, size_bytes=1),
    ):
        with pytest.raises(Invalid):
            verb()
