"""Targets at the gate: what a browser or a program says about who it is, in a cookie or a header."""

from __future__ import annotations

import atexit
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from werkzeug.wrappers import Request

from photos.app import create_app
from photos.config import read_settings
from photos.db import sessions as session_rows
from photos.db import tokens as token_rows
from photos.services import accounts, tokens
from photos.wiring import open_backends, prepare
from tests.fuzz.target import Target
from tests.web.conftest import ORIGIN, PASSWORD, Browser

MEMORY = Path("/dev/shm")
NOT_IN_HEADERS = dict.fromkeys(map(ord, "\r\n\0"))
"""gunicorn refuses a request with these before the application sees it."""


@dataclass(frozen=True)
class Gate:
    """An application with one person in it, and the papers that it gave out."""

    app: Flask
    cookie: str
    dead_cookie: str
    visitor: str
    token: str
    revoked: str

    def ask(self, path: str, header: str, value: str) -> int:
        """The status of a page for whoever sends this header."""
        client = self.app.test_client(use_cookies=False)
        with client.get(path, environ_overrides={header: value}) as answer:
            return answer.status_code


def check_cookie(content: bytes) -> None:
    """Only the value that was given out, and not ended since, is somebody; everything else is a visitor."""
    gate, header = _gate(), content.decode("latin-1").translate(NOT_IN_HEADERS)
    is_somebody = gate.ask("/api/v1/me", "HTTP_COOKIE", header) == 200
    assert not is_somebody or gate.cookie in _cookies(header)
    assert gate.ask("/", "HTTP_COOKIE", header) == (200 if is_somebody else 303)


def check_bearer(content: bytes) -> None:
    """Only the token that was given out, and not revoked since, opens the API; and it opens nothing else."""
    gate, header = _gate(), content.decode("latin-1").translate(NOT_IN_HEADERS)
    status = gate.ask("/api/v1/me", "HTTP_AUTHORIZATION", header)
    assert status in {200, 401}
    assert status == 401 or (header[:7].lower() == "bearer " and header[7:].strip() == gate.token)
    assert gate.ask("/", "HTTP_AUTHORIZATION", header) == 303


def _cookies(header: str) -> list[str]:
    """All values under our name, as any application of Werkzeug reads them."""
    return Request({"REQUEST_METHOD": "GET", "HTTP_COOKIE": header}).cookies.getlist("bigimage")


@cache
def _gate() -> Gate:
    folder = TemporaryDirectory(prefix="bigimage-gate-", dir=MEMORY if MEMORY.is_dir() else None)
    backends = open_backends(
        read_settings({"BIGIMAGE_DATA": folder.name, "BASE_URL": ORIGIN, "RECOGNITION": "off"})
    )
    atexit.register(folder.cleanup)
    atexit.register(backends.close)
    prepare(backends)
    app, database = create_app(backends=backends), backends.database
    user = accounts.create_account("owner@example.org", PASSWORD, database=database)
    browser = Browser(app.test_client(), user)
    (kept, _), (revoked, row) = [
        tokens.create_token(user, name=name, scopes=frozenset({"read"}), database=database)
        for name in ("kept", "revoked")
    ]
    with database.write() as connection:
        token_rows.revoke_token(connection, row.public_id, user_id=user.id)
    browser.get("/sign-in")
    visitor = browser.cookie()
    browser.sign_in(user.email)
    dead = browser.cookie()
    with database.write() as connection:
        session_rows.delete_sessions(connection, user.id)
    browser = Browser(app.test_client(), user)
    browser.sign_in(user.email)
    gate = Gate(app, browser.cookie(), dead, visitor, kept, revoked)
    assert gate.ask("/api/v1/me", "HTTP_COOKIE", f"bigimage={gate.cookie}") == 200
    assert gate.ask("/api/v1/me", "HTTP_AUTHORIZATION", f"Bearer {gate.token}") == 200
    return gate


def _cookie_seeds() -> list[bytes]:
    gate = _gate()
    values = (gate.cookie, gate.dead_cookie, gate.visitor, f'"{gate.cookie}"', "s.", "v.", "v.e30.x.y", "")
    headers = [f"bigimage={value}" for value in values]
    headers += [f"a=b; bigimage={gate.cookie}; c=d", f"bigimage=x; bigimage={gate.cookie}", gate.cookie]
    return [header.encode() for header in headers]


def _bearer_seeds() -> list[bytes]:
    gate = _gate()
    schemes = (f"Bearer {gate.token}", f"bearer  {gate.token} ", f"Basic {gate.token}", f"Bearer{gate.token}")
    others = (
        f"Bearer {gate.revoked}",
        f"Bearer {gate.token},{gate.revoked}",
        "Bearer",
        gate.token,
        "Basic Og==",
    )
    return [header.encode() for header in (*schemes, *others)]


TARGETS = (
    Target(
        "cookies",
        check_cookie,
        _cookie_seeds,
        (b"bigimage=", b"; ", b'"', b"\\163", b"s.", b"v.", b"__Host-", b"=", b"%00", b"\xc3\xa9"),
        share=0.25,
    ),
    Target(
        "tokens",
        check_bearer,
        _bearer_seeds,
        (b"Bearer ", b"bearer\t", b"bgi_", b"Basic ", b", ", b"  ", b"\xa0", b"\xe9"),
        share=0.25,
    ),
)
