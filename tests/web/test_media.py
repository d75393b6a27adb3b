"""What `/media` owes beyond the contract of role `storage`: headers, refusals, and bodies that lie."""

from __future__ import annotations

import http.client
import os
import socket
import tracemalloc
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partialmethod
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from photos.backends.storage.folder import FolderStorage, create_folder
from photos.web import media
from photos.web.errors import init_errors
from tests.servers.ports import free_port
from tests.servers.serving import serving

JPEG = "image/jpeg"
MIB = 1 << 20


@dataclass
class FakeClock:
    """Seconds since 1970, moved by the test."""

    seconds: float = 1_800_000_000

    def __call__(self) -> float:
        return self.seconds


class WholeClient(FlaskClient):
    """Reads each answer to its end and closes it, as a browser does."""

    open = partialmethod(FlaskClient.open, buffered=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def storage(tmp_path: Path, clock: FakeClock) -> FolderStorage:
    root = tmp_path / "house" / "storage"
    create_folder(root)
    return FolderStorage(root, signing_key=b"k" * 32, url_seconds=600, part_seconds=60, now=clock)


@pytest.fixture
def app(storage: FolderStorage) -> Flask:
    app = Flask("media_only")
    app.test_client_class = WholeClient
    app.config["MAX_CONTENT_LENGTH"] = 1000
    init_errors(app)
    app.register_blueprint(media.blueprint(storage))
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def server(app: Flask) -> Iterator[tuple[str, int]]:
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    with serving(server):
        yield "127.0.0.1", server.port


def assert_is_problem(answer: TestResponse, status: int) -> None:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json()
    assert problem["status"] == status
    assert problem["title"] and problem["detail"] and problem["type"] == "about:blank"
    assert answer.headers["Cache-Control"] == "no-store"


def assert_can_do_nothing(answer: TestResponse) -> None:
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_bytes_of_people_are_served_so_that_they_can_do_nothing(
    client: FlaskClient, storage: FolderStorage, method: str
) -> None:
    stored = storage.put("a", b"<script>alert(1)</script>", media_type="text/html")
    answer = client.open(storage.url("a", media_type=JPEG), method=method)
    assert answer.status_code == 200
    assert answer.content_type == JPEG
    assert answer.content_length == stored.size_bytes
    assert answer.data == (b"" if method == "HEAD" else b"<script>alert(1)</script>")
    assert answer.headers["ETag"] == stored.etag
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert_can_do_nothing(answer)


def test_a_browser_may_keep_a_picture_until_its_address_expires(
    client: FlaskClient, storage: FolderStorage, clock: FakeClock
) -> None:
    stored = storage.put("a", b"hello", media_type=JPEG)
    url = storage.url("a", media_type=JPEG)
    clock.seconds += 100
    assert storage.url("a", media_type=JPEG) == url
    answer = client.get(url)
    assert answer.headers["Cache-Control"] == "private, max-age=500, immutable"
    known = client.get(url, headers={"If-None-Match": stored.etag})
    assert (known.status_code, known.data) == (304, b"")
    assert known.headers["Cache-Control"] == "private, max-age=500, immutable"
    assert_can_do_nothing(known)
    clock.seconds += 201
    assert storage.url("a", media_type=JPEG) != url
    assert client.get(url).status_code == 200
    clock.seconds += 299
    assert_is_problem(client.get(url), 403)


def test_a_part_address_lives_as_long_as_it_says(
    client: FlaskClient, storage: FolderStorage, clock: FakeClock
) -> None:
    multipart_id = storage.start_multipart("a", media_type=JPEG)
    url = storage.part_url("a", multipart_id, 1, size_bytes=4)
    clock.seconds += 59
    assert client.put(url, data=b"body").status_code == 200
    clock.seconds += 1
    assert_is_problem(client.put(url, data=b"body"), 403)


@pytest.mark.parametrize("site", ["same-origin", "same-site", "none", ""])
def test_our_own_pages_may_show_a_picture(client: FlaskClient, storage: FolderStorage, site: str) -> None:
    storage.put("a", b"hello", media_type=JPEG)
    headers = {"Sec-Fetch-Site": site} if site else {}
    assert client.get(storage.url("a", media_type=JPEG), headers=headers).status_code == 200


def test_another_site_may_neither_show_nor_send(client: FlaskClient, storage: FolderStorage) -> None:
    storage.put("a", b"hello", media_type=JPEG)
    multipart_id = storage.start_multipart("b", media_type=JPEG)
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert_is_problem(client.get(storage.url("a", media_type=JPEG), headers=foreign), 403)
    part = client.put(storage.part_url("b", multipart_id, 1, size_bytes=4), data=b"body", headers=foreign)
    assert_is_problem(part, 403)
    assert_can_do_nothing(part)


@pytest.mark.parametrize(
    "query",
    [
        "",
        "signature=",
        "expires=9999999999&name=&type=image/jpeg",
        "expires=9999999999&name=&type=image/jpeg&signature=%ff%00é",
        "expires=x&name=&type=&signature=x",
        "expires=1&expires=2&part=1&signature=",
    ],
)
def test_an_address_nobody_signed_is_refused(client: FlaskClient, storage: FolderStorage, query: str) -> None:
    storage.put("a", b"hello", media_type=JPEG)
    assert_is_problem(client.get(f"/media/a?{query}"), 403)
    assert_is_problem(client.put(f"/media/a?{query}", data=b"body"), 403)


def test_an_unsatisfiable_range_says_how_long_the_object_is(
    client: FlaskClient, storage: FolderStorage
) -> None:
    storage.put("a", b"hello", media_type=JPEG)
    answer = client.get(storage.url("a", media_type=JPEG), headers={"Range": "bytes=5-"})
    assert_is_problem(answer, 416)
    assert answer.headers["Content-Range"] == "bytes */5"


HOSTILE_NAMES = [
    "../secret",
    "../../secret",
    "a/../../../secret",
    "..",
    ".",
    "./../secret",
    "..%2fsecret",
    "%2e%2e/secret",
    "..\\secret",
    "/etc/passwd",
    "//etc/passwd",
    "secret\0.jpg",
    "a/\0/../secret",
    "linked/secret",
    "link.jpg",
]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_even_a_signed_hostile_name_opens_nothing_outside(
    client: FlaskClient, storage: FolderStorage, tmp_path: Path, name: str
) -> None:
    house = tmp_path / "house"
    for folder in (tmp_path, house, house / "storage"):
        (folder / "secret").write_bytes(b"secret")
    (house / "storage" / "objects" / "linked").symlink_to(house)
    (house / "storage" / "objects" / "link.jpg").symlink_to(house / "secret")
    before = sorted(path for path in tmp_path.rglob("*"))

    # The signer signs what it is given: here the attacker has got past every check above it.
    url = storage.signer.read_url(name, media_type=JPEG, download_name="")
    answer = client.get(url, follow_redirects=True)
    assert answer.status_code in (400, 403, 404, 503)
    assert b"secret" not in answer.data
    url = storage.signer.part_url(name, "../../x", 1, size_bytes=4)
    part = client.put(url, data=b"evil", follow_redirects=True)
    assert part.status_code in (400, 403, 404, 503)
    assert sorted(path for path in tmp_path.rglob("*")) == before


@pytest.mark.parametrize("is_gunicorn", [False, True])
def test_a_part_may_be_larger_than_a_form(
    client: FlaskClient, storage: FolderStorage, is_gunicorn: bool
) -> None:
    multipart_id = storage.start_multipart("a", media_type=JPEG)
    url = storage.part_url("a", multipart_id, 1, size_bytes=5000)
    # gunicorn says that its stream ends by itself, and werkzeug then counts in another way.
    server = {"wsgi.input_terminated": is_gunicorn}
    answer = client.put(url, data=b"x" * 5000, environ_overrides=server)
    assert answer.status_code == 200
    (part,) = storage.list_parts("a", multipart_id)
    assert answer.headers["ETag"] == part.etag
    assert_can_do_nothing(answer)


def test_a_part_without_a_length_is_refused(server: tuple[str, int], storage: FolderStorage) -> None:
    multipart_id = storage.start_multipart("a", media_type=JPEG)
    connection = http.client.HTTPConnection(*server, timeout=10)
    url = storage.part_url("a", multipart_id, 1, size_bytes=4)
    connection.request("PUT", url, body=iter([b"bo", b"dy"]), encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 411
    assert answer.headers["Content-Type"] == "application/problem+json"
    answer.read()
    connection.close()
    assert list(storage.list_parts("a", multipart_id)) == []


def test_a_part_that_breaks_off_leaves_nothing(
    server: tuple[str, int], storage: FolderStorage, tmp_path: Path
) -> None:
    multipart_id = storage.start_multipart("a", media_type=JPEG)
    url = storage.part_url("a", multipart_id, 1, size_bytes=MIB)
    with socket.create_connection(server, timeout=10) as connection:
        connection.sendall(
            f"PUT {url} HTTP/1.1\r\nHost: x\r\nContent-Length: {MIB}\r\n\r\n".encode() + b"half"
        )
        connection.shutdown(socket.SHUT_WR)
        assert b" 400 " in connection.recv(100)
    assert list(storage.list_parts("a", multipart_id)) == []
    upload = tmp_path / "house" / "storage" / "uploads" / multipart_id
    assert [path.name for path in upload.iterdir()] == ["upload.json"]


def test_a_full_disk_and_a_lost_folder_have_words(
    client: FlaskClient, storage: FolderStorage, tmp_path: Path
) -> None:
    storage.put("a", b"hello", media_type=JPEG)
    url = storage.url("a", media_type=JPEG)
    root = tmp_path / "house" / "storage"
    root.rename(tmp_path / "away")
    lost = client.get(url)
    assert_is_problem(lost, 503)
    assert lost.headers["Retry-After"]
    root.mkdir()
    unmounted = client.get(url)
    assert_is_problem(unmounted, 503)
    assert str(tmp_path) not in unmounted.text


def test_receiving_holds_no_body_in_memory(
    client: FlaskClient, storage: FolderStorage, tmp_path: Path
) -> None:
    (tmp_path / "body").touch()
    os.truncate(tmp_path / "body", 64 * MIB)
    multipart_id = storage.start_multipart("a", media_type=JPEG)
    url = storage.part_url("a", multipart_id, 1, size_bytes=64 * MIB)
    with (tmp_path / "body").open("rb") as body:
        tracemalloc.start()
        answer = client.put(url, input_stream=body)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert answer.status_code == 200
    assert peak < MIB
