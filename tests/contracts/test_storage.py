"""The definition of role `storage`: one suite for the folder, behind real HTTP, and S3, on a real radosgw."""

from __future__ import annotations

import hashlib
import io
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit
from uuid import uuid4

import boto3
import pytest
import requests
from flask import Flask
from werkzeug.serving import make_server

from photos.backends.storage import Storage
from photos.backends.storage.folder import FolderStorage, create_folder
from photos.backends.storage.s3 import S3Storage
from photos.errors import Conflict, Invalid, NotFound, StorageError
from photos.models import StoredPart
from photos.web import media
from photos.web.errors import init_errors
from tests.servers.ports import free_port
from tests.servers.proxy import FaultProxy
from tests.servers.radosgw import REGION, Radosgw

MIB = 1 << 20
FIRST_PART = bytes(range(256)) * (5 * MIB // 256)
LAST_PART = b"the rest"
JPEG = "image/jpeg"


@dataclass
class Place:
    """A store, and how to reach it and to break it from outside."""

    storage: Storage
    origin: str
    brief: Callable[[int], Storage]
    """The same store, with addresses that live for so many seconds."""
    stop: Callable[[], None]
    start: Callable[[], None]
    proxy: FaultProxy | None
    """None where there is no network between us and the bytes."""

    def get(self, url: str, **headers: str) -> requests.Response:
        return requests.get(urljoin(self.origin, url), headers=headers, timeout=10)

    def send(self, url: str, body: bytes) -> requests.Response:
        return requests.put(urljoin(self.origin, url), data=body, timeout=10)

    def send_part(self, key: str, multipart_id: str, number: int, body: bytes) -> StoredPart:
        url = self.storage.part_url(key, multipart_id, number, size_bytes=len(body))
        answer = self.send(url, body)
        assert answer.status_code == 200, answer.text
        return StoredPart(number, len(body), answer.headers["ETag"])


@pytest.fixture
def folder_place(tmp_path: Path) -> Iterator[Place]:
    root = tmp_path / "storage"
    create_folder(root)

    def opened(seconds: int = 3600) -> FolderStorage:
        return FolderStorage(root, signing_key=b"k" * 32, url_seconds=seconds, part_seconds=seconds)

    app = Flask("media_only")
    init_errors(app)
    app.register_blueprint(media.blueprint(opened()))
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    away = tmp_path / "away"
    yield Place(
        opened(),
        f"http://127.0.0.1:{server.port}",
        opened,
        stop=lambda: root.rename(away) and None,
        start=lambda: away.rename(root) and None,
        proxy=None,
    )
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def s3_place(radosgw: Radosgw, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    bucket = f"photos-{uuid4().hex}"
    made: list[S3Storage] = []
    with FaultProxy(radosgw.port) as proxy:

        def opened(seconds: int = 3600) -> S3Storage:
            storage = S3Storage(
                bucket,
                region=REGION,
                endpoint_url=proxy.url,
                addressing_style="path",
                access_key=radosgw.access_key,
                secret_key=radosgw.secret_key,
                url_seconds=seconds,
                part_seconds=seconds,
                connect_timeout_seconds=1,
                read_timeout_seconds=1,
                attempts=2,
            )
            made.append(storage)
            return storage

        owner = boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=radosgw.endpoint_url,
            aws_access_key_id=radosgw.access_key,
            aws_secret_access_key=radosgw.secret_key,
        )
        owner.create_bucket(Bucket=bucket)
        owner.close()
        yield Place(opened(), proxy.url, opened, proxy.refuse, proxy.heal, proxy)
        for storage in made:
            storage.close()


@pytest.fixture(params=["folder", "s3"])
def place(request: pytest.FixtureRequest) -> Place:
    found: Place = request.getfixturevalue(f"{request.param}_place")
    return found


@pytest.fixture
def storage(place: Place) -> Storage:
    return place.storage


@pytest.fixture
def proxy(place: Place) -> FaultProxy:
    if place.proxy is None:
        pytest.skip("no network lies between the process and a folder")
    return place.proxy


def read(storage: Storage, key: str, **limits: int) -> bytes:
    return b"".join(storage.get(key, **limits))


def altered(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **changes}
    return urlunsplit(parts._replace(query=urlencode(query)))


# Objects


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


# Signed addresses


def test_a_signed_address_answers_as_it_was_signed(place: Place) -> None:
    place.storage.put("a", b"<b>abcdef", media_type="text/html")
    url = place.storage.url("a", media_type=JPEG, download_name='M\u00fcll "1";\r\nX: y\u202e.jpg')
    answer = place.get(url)
    assert (answer.status_code, answer.content) == (200, b"<b>abcdef")
    assert answer.headers["Content-Type"] == JPEG
    disposition = answer.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename=\"Mull _1__X: y.jpg\"; filename*=UTF-8''M%C3%BCll%20")
    assert "X" not in answer.headers
    inline = place.get(place.storage.url("a", media_type="image/png"))
    assert inline.headers["Content-Disposition"] == "inline"
    assert inline.headers["Content-Type"] == "image/png"
    assert "private" in inline.headers["Cache-Control"]


def test_a_signed_address_serves_ranges_and_conditions(place: Place) -> None:
    stored = place.storage.put("a", b"abcdefghij", media_type=JPEG)
    url = place.storage.url("a", media_type=JPEG)
    piece = place.get(url, Range="bytes=2-4")
    assert (piece.status_code, piece.content) == (206, b"cde")
    assert piece.headers["Content-Range"] == "bytes 2-4/10"
    assert place.get(url, Range="bytes=-3").content == b"hij"
    assert place.get(url, Range="bytes=10-").status_code == 416
    assert place.get(url).headers["ETag"] == stored.etag
    known = place.get(url, **{"If-None-Match": stored.etag})
    assert (known.status_code, known.content) == (304, b"")
    head = requests.head(urljoin(place.origin, url), timeout=10)
    assert head.content == b""


def test_an_address_stays_the_same_within_its_window(place: Place) -> None:
    long_lived = place.brief(604_800)
    assert long_lived.url("a", media_type=JPEG) == long_lived.url("a", media_type=JPEG)
    assert long_lived.url("a", media_type=JPEG) != long_lived.url("a", media_type="image/png")
    assert long_lived.url("a", media_type=JPEG) != long_lived.url("a", media_type=JPEG, download_name="b")


def test_an_altered_address_is_refused(place: Place) -> None:
    for key in ("mine", "yours"):
        place.storage.put(key, key.encode(), media_type=JPEG)
    url = place.storage.url("mine", media_type=JPEG, download_name="mine.jpg")
    assert place.get(url).status_code == 200
    query = dict(parse_qsl(urlsplit(url).query))
    for name in query:
        assert place.get(altered(url, **{name: query[name] + "0"})).status_code in (400, 403), name
    assert place.get(url.replace("/mine?", "/yours?")).status_code == 403
    assert place.get(url.partition("?")[0]).status_code == 403
    # With its reading signature nothing can be written.
    assert place.send(url, b"changed").status_code == 403
    assert read(place.storage, "mine") == b"mine"


def test_an_altered_part_address_is_refused(place: Place) -> None:
    multipart_id = place.storage.start_multipart("a", media_type=JPEG)
    other_id = place.storage.start_multipart("b", media_type=JPEG)
    url = place.storage.part_url("a", multipart_id, 1, size_bytes=4)
    for name, value in dict(parse_qsl(urlsplit(url).query)).items():
        changed = other_id if value == multipart_id else value + "0"
        assert place.send(altered(url, **{name: changed}), b"body").status_code in (400, 403), name
    assert place.send(url.replace("/a?", "/b?"), b"body").status_code == 403
    assert place.get(url).status_code == 403
    assert list(place.storage.list_parts("a", multipart_id)) == []
    assert place.send(url, b"body").status_code == 200


def test_expired_addresses_are_refused(place: Place) -> None:
    place.storage.put("a", b"hello", media_type=JPEG)
    multipart_id = place.storage.start_multipart("b", media_type=JPEG)
    brief = place.brief(2)
    read_url = brief.url("a", media_type=JPEG)
    part_url = brief.part_url("b", multipart_id, 1, size_bytes=4)
    assert place.get(read_url).status_code == 200
    time.sleep(3.1)
    assert place.get(read_url).status_code == 403
    assert place.send(part_url, b"body").status_code == 403
    assert list(place.storage.list_parts("b", multipart_id)) == []
    assert place.get(brief.url("a", media_type=JPEG)).status_code == 200


def test_a_signed_address_of_nothing_is_not_found(place: Place) -> None:
    assert place.get(place.storage.url("nothing", media_type=JPEG)).status_code == 404


# Uploads of parts


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


# Outage


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
