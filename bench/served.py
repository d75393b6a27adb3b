"""The whole program as `make run` starts it, and a client that knows its owner."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bench.database import sign_in
from bench.library import EMAIL, PASSWORD
from photos.db.engine import Database
from photos.db.users import list_users
from photos.models import User
from tests.servers.app import RunningApp

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Served:
    """A running program with one owner: a token for the API, a cookie for pages."""

    app: RunningApp
    database: Database
    owner: User
    token: str
    cookie: str


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Served]:
    """Start Bigimage on an empty data folder, without recognition unless told otherwise."""
    app = RunningApp(folder, {"RECOGNITION": "off", "LOG_LEVEL": "info", **settings})
    app.start()
    database = Database(f"sqlite:///{folder / 'bigimage.db'}")
    try:
        made = app.flask("accounts", "create", EMAIL, "--admin", stdin=f"{PASSWORD}\n")
        assert made.returncode == 0, made.stderr
        token = app.flask("accounts", "token", EMAIL).stdout.strip()
        with database.read() as connection:
            (owner,) = list_users(connection).items
        yield Served(app, database, owner, token, sign_in(database, owner))
    finally:
        database.close()
        app.stop()


class Failed(Exception):
    """The server answered something else than success, or nothing."""


class Client:
    """One keep-alive connection to a running program. Raises Failed."""

    def __init__(self, served: Served) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", served.app.port, timeout=TIMEOUT_SECONDS)
        self._token = {"Authorization": f"Bearer {served.token}"}

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def call(self, method: str, path: str, document: object = None) -> dict[str, object]:
        """One call of the API."""
        headers = {**self._token, "Content-Type": "application/json"}
        body = None if document is None else json.dumps(document).encode()
        answer: dict[str, object] = json.loads(self._answer(method, f"/api/v1/{path}", body, headers))
        return answer

    def offer(self, body: bytes, name: str = "photo.jpg") -> dict[str, object]:
        """Offer one file."""
        file = {
            "name": name,
            "size": len(body),
            "type": "image/jpeg",
            "sha256": hashlib.sha256(body).hexdigest(),
        }
        answers = self.call("POST", "uploads", {"files": [file]})["files"]
        assert isinstance(answers, list)
        return dict(answers[0])

    def upload(self, body: bytes) -> float:
        """Upload a file; returns the seconds from its last byte to the answer that it is a photo."""
        offer = self.offer(body)
        parts = offer["parts"]
        assert isinstance(parts, list)
        sent_at = 0.0
        for part in parts:
            start = (part["number"] - 1) * int(str(offer["part_size"]))
            sent_at = self.put(part["url"], body[start : start + part["size"]])
        self.call("POST", f"uploads/{offer['upload_id']}/complete", {})
        return time.perf_counter() - sent_at

    def put(self, url: str, body: bytes) -> float:
        """Send one part; returns when its last byte was handed to the system."""
        parts = urlsplit(url)
        try:
            self._connection.request("PUT", f"{parts.path}?{parts.query}", body)
            sent_at = time.perf_counter()
            self._read("PUT")
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Failed(repr(error)) from error
        return sent_at

    def _answer(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> bytes:
        try:
            self._connection.request(method, path, body, dict(headers))
            return self._read(path)
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise Failed(repr(error)) from error

    def _read(self, path: str) -> bytes:
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status >= 300:
            raise Failed(f"{path} answered {answer.status}: {body[:200]!r}")
        return body


def wait_until_ready(served: Served, *, seconds: float) -> None:
    """Wait until no photo waits any more. Raises TimeoutError."""
    give_up_at = time.monotonic() + seconds
    while time.monotonic() < give_up_at:
        if not unfinished(served):
            return
        time.sleep(0.2)
    raise TimeoutError(f"{unfinished(served)} photos are not ready")


def unfinished(served: Served) -> int:
    """How many photos wait or are worked on."""
    from photos.db.photos import count_unfinished

    with served.database.read() as connection:
        return count_unfinished(connection, served.owner.id)
