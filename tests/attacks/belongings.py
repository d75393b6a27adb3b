"""What the owner has, what can be asked about it, and a picture of everything that is stored."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Table, select
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from photos.db import drops
from photos.db.engine import Database
from photos.db.schema import metadata
from photos.models import Label, RefusedDrop
from photos.services import tokens
from photos.services.indexing import index_photos
from photos.web.routes import ACCESS, Access
from tests import pictures
from tests.web.conftest import Browser, People
from tests.web.shelves import Library, wear_out
from tests.web.test_routes import UNKNOWN_ID, rows

SEEN_TIMES = {("session", "last_seen_at"), ("api_token", "last_used_at")}
"""Columns that looking may change."""

FORMS: dict[str, dict[str, str]] = {
    "accounts.rename": {"name": "forged"},
    "accounts.change_password": {"old_password": "a lighthouse at noon", "new_password": "forged forged 1"},
    "accounts.choose_theme": {"theme": "dark"},
    "accounts.create_token": {"token_name": "forged", "scope": "write", "days": ""},
    "people.invite": {"is_admin": "yes"},
    "people.quota": {"gigabytes": "7"},
    "photo.describe": {"description": "forged"},
    "photo.favour": {"favourite": "yes"},
    "photo.rate": {"rating": "5"},
    "photo.tag": {"tags": "forged"},
    "photo.date": {"local": "2001-02-03T04:05", "offset": ""},
    "photo.place": {"position": ""},
    "photo.decide_label": {"name": "zebra", "verdict": "reject"},
    "photo.turn": {"degrees": "90"},
    "photo.purge": {"word": "delete"},
    "changes.make": {"action": "restore", "shelf": "trash"},
    "downloads.create": {"shelf": "trash"},
}
"""Forms that would be accepted from the owner."""

DOCUMENTS: dict[str, object] = {
    "api.change_password": {"old_password": "a lighthouse at noon", "new_password": "forged forged 1"},
    "api.change_person": {"is_locked": True, "quota_bytes": 7},
    "api.invite_person": {"is_admin": True},
    "api.offer_files": {"files": [{"name": "forged.jpg", "size": 5000, "sha256": "f" * 64, "type": ""}]},
    "api.change_photo": {"description": "forged"},
    "api.decide_label": {"verdict": "rejected"},
    "api.turn_photo": {"degrees": 90},
    "api.change_photos": {"action": "restore", "photos": {"shelf": "trash"}},
}
"""JSON bodies that would be accepted from the owner."""


@dataclass(frozen=True)
class Belongings:
    """Path parameters of the owner's things: a photo with a label, one in the trash, an upload, and so on."""

    values: Mapping[str, str]
    trashed_id: str
    original: bytes

    @classmethod
    def of(cls, app: Flask, people: People, library: Library) -> Belongings:
        """Make them."""
        wear_out(library.backends.jobs, "a photo")
        (failed,) = library.backends.jobs.list_dead(limit=1)
        original = pictures.jpeg(96, 64)
        photo = library.add(original, "zebra.jpg")
        library.label(photo, [Label("zebra", 95.0)])
        index_photos([photo.key], database=library.backends.database, search=library.backends.search)
        trashed = library.add(pictures.jpeg(64, 96), "trashed.jpg")
        assert people.owner.post(f"/photos/{trashed.id}/trash").status_code == 303
        offered = {"name": "next.jpg", "size": 3000, "sha256": "e" * 64, "type": "image/jpeg"}
        (offer,) = people.owner.api("POST", "/api/v1/uploads", {"files": [offered]}).json["files"]
        assert people.owner.user is not None
        film = RefusedDrop(drops.drop_id("film.mp4"), "film.mp4", "", "It is no photo.", datetime.now(UTC))
        with library.backends.database.write() as connection:
            drops.refuse_drop(connection, film, owner_id=people.owner.user.id)
        described = {"action": "describe", "description": "striped", "photos": {"ids": [photo.id]}}
        change = people.owner.api("POST", "/api/v1/changes", described).json
        packed = people.owner.post("/downloads", {"photo": photo.id})
        database = app.extensions["bigimage"].database
        scopes = frozenset({"read", "write"})
        _, token = tokens.create_token(people.owner.user, name="mine", scopes=scopes, database=database)
        phone = Browser(app.test_client(), people.owner.user)
        assert phone.sign_in("owner@example.org").status_code == 303
        session = re.search(r"/account/sessions/([\w-]{22})/end", people.owner.get("/account").text)
        assert session is not None
        return cls(
            values={
                "photo_id": photo.id,
                "upload_id": offer["upload_id"],
                "change_id": change["id"],
                "download_id": packed.headers["Location"].split("/")[-2],
                "token_id": token.public_id,
                "session_id": session[1],
                "job_id": failed.id,
                "drop_id": film.id,
                "subject": people.owner.user.subject,
                "name": "zebra",
                "month": "2024-06",
                "token": UNKNOWN_ID,
                "filename": "css/base.css",
                "key": photo.storage_key,
            },
            trashed_id=trashed.id,
            original=original,
        )

    def path(self, app: Flask, rule: Rule, *, known: bool = True) -> str:
        """The address of the owner's thing, or of one that nobody has."""
        values = {name: self._value(rule, name) if known else UNKNOWN_ID for name in rule.arguments}
        with app.test_request_context():
            return str(app.url_map.bind("localhost").build(rule.endpoint, values))

    def _value(self, rule: Rule, name: str) -> str:
        in_trash = name == "photo_id" and rule.endpoint in {"photo.purge", "api.purge_photo"}
        return self.trashed_id if in_trash else self.values[name]


def unsafe_rows(app: Flask) -> Iterator[tuple[Rule, str]]:
    """Every route and method that changes something and is not opened by a signed address."""
    for rule, method in list(rows(app)):
        if method != "GET" and ACCESS[rule.endpoint, method] is not Access.SIGNED_URL:
            yield rule, method


def body_of(rule: Rule) -> dict[str, Any]:
    """Arguments for the test client that make a request which the owner could send."""
    if rule.rule.startswith("/api/"):
        return {"json": DOCUMENTS.get(rule.endpoint, {})}
    return {"data": FORMS.get(rule.endpoint, {})}


def send(browser: Browser, rule: Rule, method: str, path: str) -> TestResponse:
    """What somebody at `browser` would send to this route, with the token of their page."""
    browser.get("/account" if browser.user else "/signed-out")
    headers = {} if method == "GET" else {"X-CSRF-Token": browser.csrf}
    body = {} if method == "GET" else body_of(rule)
    return browser.client.open(path, method=method, base_url=browser.origin, headers=headers, **body)


def send_file(browser: Browser, body: bytes, name: str) -> TestResponse:
    """Upload as a page's script does, under exactly this name; the last answer."""
    digest = hashlib.sha256(body).hexdigest()
    files = [{"name": name, "size": len(body), "sha256": digest, "type": "image/jpeg"}]
    answer = browser.api("POST", "/api/v1/uploads", {"files": files})
    if answer.status_code != 200 or answer.json["files"][0]["status"] != "send":
        return answer
    (offer,) = answer.json["files"]
    (part,) = offer["parts"]
    assert browser.client.put(part["url"], base_url=browser.origin, data=body).status_code == 200
    return browser.api("POST", f"/api/v1/uploads/{offer['upload_id']}/complete")


def rows_of(database: Database, *tables: Table) -> list[str]:
    """All rows of some tables, without the times at which somebody looked."""
    found = []
    with database.read() as connection:
        for table in tables:
            columns = [column for column in table.columns if (table.name, column.name) not in SEEN_TIMES]
            found += sorted(f"{table.name}{tuple(row)}" for row in connection.execute(select(*columns)))
    return found


def everything(database: Database, storage: Path) -> str:
    """A digest of all rows and all stored bytes, without the times at which somebody looked."""
    digest = hashlib.sha256("\n".join(rows_of(database, *metadata.sorted_tables)).encode())
    for path in sorted(storage.rglob("*")):
        digest.update(str(path).encode())
        if path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def snapshot(app: Flask) -> str:
    """`everything` of an application on a folder."""
    backends = app.extensions["bigimage"]
    return everything(backends.database, backends.settings.data / "storage")


def without_ids(answer: TestResponse, *ids: str) -> tuple[int, str, dict[str, str]]:
    """Status, text and headers, without what differs between two answers to the same question."""
    known = [answer.headers.get("X-Request-Id", ""), *ids]
    nonce = re.search(r"'nonce-([^']+)'", answer.headers.get("Content-Security-Policy", ""))
    known += [nonce[1]] if nonce else []
    headers = {name: value for name, value in answer.headers.items() if name not in {"Date", "Set-Cookie"}}
    shown = json.dumps([answer.text, headers])
    # a number of one figure would be found everywhere
    for word in sorted((each for each in known if len(each) > 1), key=len, reverse=True):
        shown = shown.replace(word, "…")
    shown = re.sub(r'(csrf[-_]token\\?" (?:content|value)=\\?")[^"\\]+', r"\1…", shown)
    text, headers = json.loads(shown)
    return answer.status_code, text, headers
