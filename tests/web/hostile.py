"""Hostile values, and requests with one of them: answered in words, logged once, and nothing lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_from_bytes, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from photos.web.routes import ACCESS, Access
from tests import pictures
from tests.web.conftest import Browser, People
from tests.web.shelves import Library

UNKNOWN_ID = "A" * 22
NUL = b"a\0b"
HOSTILE: dict[str, bytes] = {
    "nul": NUL,
    "four bytes": "🏖𝔊".encode(),
    "right to left": "a\u202egpj\u200f\u2066".encode(),
    "controls": b"\x01\x1b[2J\x7f\xc2\x9f",
    "a header": b"a\r\nSet-Cookie: thief=1",
    "half a surrogate pair": b"\xed\xa0\x80",
    "no utf-8": b"\xff\xfe\x80",
    "far too long": b"x" * 200_000,
    "long, in four bytes": "𝔊".encode() * 2_500,
    "a huge number": b"9" * 400,
    "no number": b"NaN",
    "a negative number": b"-1",
    "markup": b"<script>alert(1)</script>{{7*7}}%s",
    "quotes": b"' OR 1=1 --\"\\",
    "a path": b"../../../../etc/passwd",
    "another site": b"//evil.example/\\@evil.example",
    "nothing": b"",
    "digits that are none": "²③٣".encode(),
}


class Tried:
    """Requests by people who are signed in, with ids of their own things."""

    def __init__(
        self, app: Flask, library: Library, people: People, caplog: pytest.LogCaptureFixture
    ) -> None:
        self.app, self.people, self.caplog = app, people, caplog
        self.caplog.set_level("INFO")
        self.photo = library.add(pictures.jpeg(64, 48))
        body = {"files": [{"name": "a.jpg", "size": 3, "sha256": "0" * 64}]}
        offered = people.owner.api("POST", "/api/v1/uploads", body).json
        assert offered is not None
        self.offer = offered["files"][0]
        assert people.member.user is not None
        self.ids = {
            "photo_id": self.photo.id,
            "upload_id": self.offer["upload_id"],
            "subject": people.member.user.subject,
            "name": "cat",
        }

    def path(self, rule: Rule, **hostile: str) -> str:
        """The route's address; `hostile` replaces segments by what is already percent-encoded."""
        given = {**self.ids, **hostile}
        return re.sub(r"<(?:\w+:)?(\w+)>", lambda found: given.get(found[1], UNKNOWN_ID), rule.rule)

    def who(self, rule: Rule, method: str) -> Browser:
        """Whoever gets furthest there."""
        access = ACCESS[rule.endpoint, method]
        if access is Access.ADMIN:
            return self.people.admin
        return self.people.nobody if access is Access.PUBLIC else self.people.owner

    def send(self, browser: Browser, method: str, target: str, what: object, **options: Any) -> TestResponse:
        """One request, which is answered by less than 500 and logged once."""
        if not browser.csrf:
            browser.get("/account" if browser.user else "/signed-out")
        self.caplog.clear()
        options.setdefault("headers", {})["X-CSRF-Token"] = browser.csrf
        path, _, query = target.partition("?")
        answer = browser.client.open(
            path, method=method, query_string=query, base_url=browser.origin, **options
        )
        answer.get_data()
        answer.close()
        assert answer.status_code < 500, (method, target[:200], what, answer.text[:300])
        loud = [record for record in self.caplog.records if record.levelname in {"ERROR", "CRITICAL"}]
        assert loud == [], (method, target[:200], what)
        lines = [record for record in self.caplog.records if record.getMessage() == "request"]
        assert len(lines) == (path != "/health"), (method, target[:200], what)
        if path.startswith("/api/") and answer.status_code >= 400:
            problem = answer.get_json()
            assert answer.mimetype == "application/problem+json"
            assert problem["status"] == answer.status_code
            assert problem["detail"], (method, target[:200], what)
        assert "thief" not in answer.headers.get("Set-Cookie", "")
        assert "evil.example" not in (urlsplit(answer.headers.get("Location", "")).netloc)
        return answer

    def rows(self) -> Iterator[tuple[Rule, str]]:
        """Every route with every method it takes."""
        for rule in self.app.url_map.iter_rules():
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield rule, method


def attempts(
    app: Flask, library: Library, people: People, caplog: pytest.LogCaptureFixture
) -> Iterator[Tried]:
    """Requests, and the look at what is left after them: nothing may be lost, and nothing left over."""
    tried = Tried(app, library, people, caplog)
    yield tried
    library.work()
    assert library.differences() == []
    assert library.photo(tried.photo.id).sha256 == tried.photo.sha256


def encoded(fields: dict[str, bytes]) -> str:
    return "&".join(f"{name}={quote_from_bytes(value)}" for name, value in fields.items())
