"""The shipped server settings under clients that keep no rules, directly and behind an nginx."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest

from photos.app import create_app
from photos.config import read_settings
from photos.db import users as user_rows
from photos.services import accounts
from photos.wiring import open_backends
from tests import pictures
from tests.attacks.belongings import send_file
from tests.attacks.wire import answers, exchange, nginx_before, nginx_program
from tests.needs import require
from tests.proof import Sweep
from tests.servers.app import RunningApp
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.web.conftest import PASSWORD, Browser

pytestmark = pytest.mark.e2e

PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "40"))
SMUGGLED = b"GET /version HTTP/1.1\r\nHost: smuggled\r\n\r\n"


class House(NamedTuple):
    """A running Bigimage, two kinds of nginx in front of it, and the cookie of somebody with a photo."""

    app: RunningApp
    port: int
    nginx: int
    shipped: int
    cookie: str
    photo_id: str

    def by(self, way: str) -> int:
        """The port of one of the ways in."""
        return {"direct": self.port, "nginx": self.nginx, "shipped": self.shipped}[way]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    require(
        nginx_program() is not None, "nginx is not installed; `make test` installs it where it may use apt"
    )
    folder = tmp_path_factory.mktemp("wire") / "data"
    app = RunningApp(folder, {"RECOGNITION": "off"})
    with ExitStack() as stack:
        front, shipped = free_port(), free_port()
        app.settings["OTHER_ORIGINS"] = f"http://127.0.0.1:{front},http://127.0.0.1:{shipped}"
        app.start()
        stack.callback(app.kill)
        cookie, photo_id = somebody(folder, app.url)
        nginx = stack.enter_context(nginx_before(app.port, port=front))
        stack.enter_context(Nginx((app.port,), port=shipped))
        yield House(app, app.port, nginx, shipped, cookie, photo_id)


def somebody(folder: Path, origin: str) -> tuple[str, str]:
    """A session cookie and a photo, made over the same folder."""
    settings = read_settings({"BIGIMAGE_DATA": str(folder), "BASE_URL": origin, "RECOGNITION": "off"})
    backends = open_backends(settings)
    try:
        user = accounts.create_account("victim@example.org", PASSWORD, database=backends.database)
        with backends.database.write() as connection:
            assert user_rows.get_user(connection, user.id).email == "victim@example.org"
        browser = Browser(create_app(backends=backends).test_client(), user, origin)
        assert browser.sign_in("victim@example.org").status_code == 303
        photo = send_file(browser, pictures.jpeg(80, 60), "secret-name.jpg")
        return browser.client.get_cookie("bigimage", domain="127.0.0.1").value, photo.json["id"]  # type: ignore[union-attr,index]
    finally:
        backends.close()


def ambiguous(port: int) -> dict[str, bytes]:
    """Requests that two servers could understand in two ways; most carry another one inside."""
    host = f"Host: 127.0.0.1:{port}\r\n".encode()
    post, get = b"POST /health HTTP/1.1\r\n" + host, b"GET /health HTTP/1.1\r\n" + host
    chunked = b"Transfer-Encoding: chunked\r\n\r\n"
    return {
        "both lengths": post + b"Content-Length: 6\r\n" + chunked + b"0\r\n\r\n" + SMUGGLED,
        "both lengths, turned": post
        + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n2c\r\n"
        + SMUGGLED,
        "two lengths": post + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + SMUGGLED,
        "a list of lengths": post + b"Content-Length: 0, 44\r\n\r\n" + SMUGGLED,
        "plus": post + b"Content-Length: +5\r\n\r\n12345",
        "minus": post + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
        "underscore": post + b"Content-Length: 1_0\r\n\r\n" + SMUGGLED,
        "unknown coding": post + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "two codings": post
        + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"
        + SMUGGLED,
        "a list of codings": post + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "odd blank": post + b"Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "blank before colon": post + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + SMUGGLED,
        "folded": get + b"A: b\r\n Transfer-Encoding: chunked\r\n\r\n",
        "nul": get + b"A: b\x00c\r\n\r\n",
        "lone return": get + b"A: b\rTransfer-Encoding: chunked\r\n\r\n",
        "two hosts": get + b"Host: evil.example\r\n\r\n",
        "negative chunk": post + chunked + b"-1\r\n\r\n" + SMUGGLED,
        "hexadecimal chunk": post + chunked + b"0x5\r\n12345\r\n0\r\n\r\n" + SMUGGLED,
        "odd extension": post + chunked + b"5;\n=\r\n12345\r\n0\r\n\r\n" + SMUGGLED,
        "lower case": b"get /health http/1.1\r\n" + host + b"\r\n",
        "other version": b"GET /health HTTP/3.0\r\n" + host + b"\r\n",
        "tunnel": b"CONNECT evil.example:443 HTTP/1.1\r\n" + host + b"\r\n",
        "endless line": b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + host + b"\r\n",
        "endless header": get + b"A: " + b"a" * 40_000 + b"\r\n\r\n",
        "many headers": get + b"".join(b"A%d: b\r\n" % number for number in range(5000)) + b"\r\n",
        "no end": b"GET /health HTTP/1.1\r\n" + b"a" * 2_000_000,
    }


@pytest.mark.parametrize("way", ["direct", "nginx", "shipped"])
def test_row_078_ambiguous_requests_are_refused_and_the_line_is_cut(house: House, way: str) -> None:
    port = house.by(way)
    for name, request in ambiguous(port).items():
        answer = exchange(port, request)
        assert answer.is_closed, name
        assert len(answer.statuses) <= 1, (name, answer.statuses)
        assert all(400 <= status <= 505 and status != 500 for status in answer.statuses), (name, answer)
        assert b'"version"' not in answer.body, name


def test_row_078_bare_line_feeds_are_no_headers(house: House) -> None:
    answer = exchange(house.port, b"GET /health HTTP/1.1\nHost: x\n\n" + SMUGGLED)
    assert (answer.statuses, answer.is_closed) == ([400], True)
    assert b'"version"' not in answer.body


@pytest.mark.parametrize("way", ["direct", "nginx", "shipped"])
def test_row_078_an_absolute_address_names_no_other_house(house: House, way: str) -> None:
    port = house.by(way)
    for path in ("/", "/sign-in", "/account"):
        request = (
            f"GET http://evil.example{path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n"
        )
        answer = exchange(port, request.encode())
        assert len(answer.statuses) == 1
        location = [line for line in answer.body.split(b"\r\n") if line.lower().startswith(b"location:")]
        assert not any(b"evil.example" in line.partition(b"?")[0] for line in location)
        assert answer.statuses[0] < 500


def ask(port: int, path: str, cookie: str = "", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """One GET; status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request("GET", path, headers=sent | ({"Cookie": f"bigimage={cookie}"} if cookie else {}))
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


def test_row_012_a_shared_cache_serves_nobody_the_page_of_another(house: House) -> None:
    private = (
        "/",
        "/account",
        f"/photos/{house.photo_id}",
        "/search?q=secret",
        "/uploads",
        "/trash",
        "/api/v1/me",
        "/api/v1/photos",
        f"/api/v1/photos/{house.photo_id}",
        "/api/v1/search?q=type%3Ajpeg",
        "/sign-in",
        "/none",
    )
    for path in private:
        first = ask(house.nginx, path, house.cookie)
        again = ask(house.nginx, path, house.cookie)
        nobody = ask(house.nginx, path)
        assert [each[1]["X-Cache"] for each in (first, again, nobody)] == ["MISS"] * 3, path
        assert "private" in first[1]["Cache-Control"]
        assert "Cookie" in first[1]["Vary"]
        for word in (b"victim@example.org", b"secret-name", house.photo_id.encode()):
            assert word not in nobody[2].replace(path.encode(), b""), (path, word)
        if nobody[0] == first[0] == 200:
            assert path == "/none"


def test_row_012_the_cache_does_keep_what_is_for_everybody(house: House) -> None:
    """Otherwise the test above would prove nothing: this cache obeys what the answers say."""
    ask(house.nginx, "/static/css/base.css")
    status, headers, _ = ask(house.nginx, "/static/css/base.css")
    assert status == 200
    assert headers["X-Cache"] in {"HIT", "MISS", "REVALIDATED"}
    assert "Set-Cookie" not in headers


def test_row_012_a_stored_picture_is_for_one_browser(house: House) -> None:
    _, _, body = ask(house.port, f"/api/v1/photos/{house.photo_id}", house.cookie)
    url = body.split(b'"original_url":"')[1].split(b'"')[0].decode()
    parts = urlsplit(url)
    status, headers, _ = ask(house.nginx, f"{parts.path}?{parts.query}")
    assert status == 200
    assert headers["Cache-Control"].startswith("private")
    assert ask(house.nginx, f"{parts.path}?{parts.query}")[1]["X-Cache"] == "MISS"


def times_of(port: int, count: int) -> list[float]:
    """Seconds that each of `count` requests of somebody well-behaved takes."""
    spent = []
    for _ in range(count):
        begin = time.monotonic()
        assert ask(port, "/version")[0] == 200
        spent.append(time.monotonic() - begin)
    return spent


@pytest.mark.parametrize("way", ["nginx", "shipped"])
def test_row_064_slow_clients_behind_a_proxy_slow_nobody(house: House, way: str) -> None:
    port = house.by(way)
    quiet = statistics.median(times_of(port, 40))
    with ExitStack() as stack:
        for number in range(150):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
            head = f"POST /uploads HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
            body = "Content-Length: 100000\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n--x"
            slow.sendall((head + (body if number % 2 else "A: ")).encode())
        busy = statistics.median(times_of(port, 40))
    assert busy < 2 * quiet + 0.02


@pytest.mark.proof
def test_row_064_silent_clients_are_hung_up_on_and_the_house_goes_on(house: House, sweep: Sweep) -> None:
    """Without a proxy a silent client holds a thread, but only for a while. BIGIMAGE_PROOF_N of them, and
    always more than there are threads."""
    with ExitStack() as stack:
        held = []
        sweep.cases = max(12, min(40, PROOF_N))
        for _ in range(sweep.cases):
            slow = stack.enter_context(socket.create_connection(("127.0.0.1", house.port), 5))
            slow.sendall(b"POST /uploads HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\nA")
            held.append(slow)
        # without the limit on silence 40 of them took 87 seconds
        deadline = time.monotonic() + 20 + sweep.cases
        while True:
            with suppress(OSError):
                if ask(house.port, "/version")[0] == 200:
                    break
            assert time.monotonic() < deadline
            time.sleep(1)
    assert statistics.median(times_of(house.port, 20)) < 1


@pytest.mark.proof
def test_row_064_a_part_that_falls_silent_is_hung_up_on_and_can_be_sent_again(house: House) -> None:
    body = pictures.jpeg(80, 60, seed=64)
    file = {"name": "slow.jpg", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    offer = json.loads(ask_api(house, "POST", "uploads", {"files": [file]}))["files"][0]
    address = urlsplit(offer["parts"][0]["url"])
    head = (
        f"PUT {address.path}?{address.query} HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    cut = exchange(house.port, head + body[: len(body) // 2], seconds=30)
    assert cut.is_closed
    assert not {status for status in cut.statuses if status < 400}
    missing = json.loads(ask_api(house, "GET", f"uploads/{offer['upload_id']}"))["parts"]
    assert [part["number"] for part in missing] == [1]
    assert not list((house.app.data / "storage" / "incoming").iterdir())
    assert exchange(house.port, head + body, seconds=1).statuses == [200]
    ask_api(house, "POST", f"uploads/{offer['upload_id']}/complete")


def ask_api(house: House, method: str, path: str, document: object = None) -> bytes:
    """What the API answers to the person of the house; it has to be a success."""
    page = ask(house.port, "/account", house.cookie)[2]
    csrf = page.split(b'name="csrf-token" content="')[1].split(b'"')[0].decode()
    headers = {
        "Content-Type": "application/json",
        "Cookie": f"bigimage={house.cookie}",
        "X-CSRF-Token": csrf,
    }
    connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=20)
    connection.request(method, f"/api/v1/{path}", json.dumps(document or {}).encode(), headers)
    with closing(connection), connection.getresponse() as answer:
        found = answer.read()
        assert answer.status < 300, found
        return found


BODIES = {
    "no boundary": ("multipart/form-data", b"--x\r\n" * 1000),
    "returns only": ("multipart/form-data; boundary=x", b"\r" * 900_000),
    "ten thousand parts": (
        "multipart/form-data; boundary=x",
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 10_000 + b"--x--\r\n",
    ),
    "endless part header": ("multipart/form-data; boundary=x", b"--x\r\nA: " + b"a" * 900_000),
    "large field": ("application/x-www-form-urlencoded", b"email=" + b"a" * 1_500_000),
    "many fields": ("application/x-www-form-urlencoded", b"a=1&" * 200_000),
    "percent signs": ("application/x-www-form-urlencoded", b"%" * 900_000),
    "deep JSON": ("application/json", b"[" * 900_000),
    "wide JSON": ("application/json", b"{" + b",".join(b'"a%d":1' % n for n in range(60_000)) + b"}"),
}


def test_row_064_odd_bodies_are_refused_and_memory_stays_flat(house: House) -> None:
    csrf = (
        ask(house.port, "/account", house.cookie)[2].split(b'name="csrf-token" content="')[1].split(b'"')[0]
    )
    before = house.app.memory_bytes()
    for name, (kind, body) in BODIES.items():
        path = "/api/v1/uploads" if "JSON" in name else "/account/name"
        for _ in range(3):
            connection = http.client.HTTPConnection("127.0.0.1", house.port, timeout=20)
            headers = {
                "Content-Type": kind,
                "Cookie": f"bigimage={house.cookie}",
                "X-CSRF-Token": csrf.decode(),
            }
            begin = time.monotonic()
            try:
                connection.request("POST", path, body, headers)
                assert connection.getresponse().status in {303, 400, 413}, name
            except (BrokenPipeError, ConnectionResetError):
                pass  # it hung up before all had been sent
            finally:
                connection.close()
            assert time.monotonic() - begin < 5, name
    assert house.app.memory_bytes() - before < 60_000_000
    assert statistics.median(times_of(house.port, 10)) < 1


def test_row_064_a_form_that_is_too_large_gets_a_page_and_no_hang_up(house: House) -> None:
    """A browser that is hung up on while it sends shows an error of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", house.port, timeout=20)) as connection:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"bigimage={house.cookie}",
        }
        connection.request("POST", "/account/name", b"name=" + b"x" * 9_000_000, headers)
        answer = connection.getresponse()
        assert (answer.status, b"Too large" in answer.read()) == (413, True)


def test_row_064_a_body_without_an_end_is_no_photo(house: House) -> None:
    head = (
        f"POST /uploads HTTP/1.1\r\nHost: 127.0.0.1:{house.port}\r\nCookie: bigimage={house.cookie}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    chunk = b"1000\r\n" + b"a" * 4096 + b"\r\n"
    answer = exchange(house.port, head.encode() + chunk * 100, seconds=2)
    assert all(status in {400, 403, 411, 413} for status in answer.statuses)
    assert answers(house.port)
    assert ask(house.port, "/version")[0] == 200
