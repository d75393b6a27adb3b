"""Hostile cookies, headers and signed addresses: a stranger, a refusal, and no fault."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl

import pytest
from flask import Flask

from tests.web.conftest import Browser, People
from tests.web.hostile import HOSTILE, Tried, attempts, encoded
from tests.web.shelves import Library


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Sign-up is open, and nobody is slowed down: what is refused here is refused for what it is."""
    return make_app(open_sign_up=True, sign_in_attempts=1000)


@pytest.fixture
def tried(app: Flask, library: Library, people: People, caplog: pytest.LogCaptureFixture) -> Iterator[Tried]:
    """Sends requests and judges the answers; at the end nothing may be lost or left over."""
    yield from attempts(app, library, people, caplog)


def test_hostile_cookies_make_a_stranger_and_no_fault(tried: Tried) -> None:
    good = tried.people.owner.cookie()
    for name in ("bigimage", "bigimage-flow", "theme", "__Host-bigimage"):
        for prefix in (b"", b"s.", b"v.", good.encode()):
            for what, value in HOSTILE.items():
                if prefix == good.encode() and not value:
                    continue
                if what == "far too long":
                    value = b"x" * 8000
                text = (prefix + value).decode("latin-1").replace("\r", "").replace("\n", "")
                client = tried.app.test_client(use_cookies=False)
                for path in ("/", "/sign-in", "/sign-in/callback?state=a&code=b", "/api/v1/me"):
                    answer = client.get(path, headers={"Cookie": f"{name}={text}"})
                    assert answer.status_code in {303, 400, 401}, (name, prefix, what, path)


HARMLESS = {200, 206, 304, 400, 401, 403, 412, 416}
"""Answers to a GET whose headers say odd things: what was asked for, or a refusal that fits the header."""


def test_hostile_headers_are_no_fault(tried: Tried) -> None:
    names = (
        "Accept", "Accept-Language", "Authorization", "Content-Type", "If-Match", "If-Modified-Since",
        "If-None-Match", "If-Range", "Origin", "Range", "Referer", "Sec-Fetch-Site", "User-Agent",
        "X-CSRF-Token", "X-Forwarded-For", "X-Forwarded-Host", "X-Request-Id",
    )  # fmt: skip
    owner = tried.people.owner
    picture = tried.photo.renditions[0]
    parts = tried.app.extensions["bigimage"]
    media = parts.storage.url(picture.key, media_type=picture.media_type)
    for name in names:
        for what, value in HOSTILE.items():
            text = value[:8000].decode("latin-1").replace("\r", "").replace("\n", "")
            for prefix in ("", {"Range": "bytes=", "Authorization": "Bearer "}.get(name, "W/")):
                for path in ("/account", "/api/v1/me", "/static/css/base.css", media):
                    answer = tried.send(owner, "GET", path, (name, what), headers={name: prefix + text})
                    assert answer.status_code in HARMLESS, (name, what, path)


def test_signing_in_with_a_hostile_browser_name_works(tried: Tried) -> None:
    """What the account page later shows of a browser is stored as it was sent, cut to what fits."""
    for what, value in HOSTILE.items():
        name = value.decode("latin-1").replace("\r", "").replace("\n", "")
        browser = Browser(tried.app.test_client())
        browser.client.environ_base["HTTP_USER_AGENT"] = name
        assert browser.sign_in("owner@example.org").status_code == 303, what
        assert browser.get("/account").status_code == 200, what


def test_every_altered_part_of_a_signed_address_is_refused(tried: Tried) -> None:
    owner = tried.people.owner
    picture = tried.photo.renditions[0]
    parts = tried.app.extensions["bigimage"]
    addresses = (
        ("GET", parts.storage.url(picture.key, media_type=picture.media_type)),
        ("PUT", tried.offer["parts"][0]["url"]),
    )
    for method, address in addresses:
        path, _, query = address.partition("?")
        good = {name: text.encode() for name, text in parse_qsl(query, keep_blank_values=True)}
        body: dict[str, Any] = {"data": b"abc"} if method == "PUT" else {}
        for name in good:
            for what, value in HOSTILE.items():
                if value == good[name]:
                    continue
                answer = tried.send(owner, method, f"{path}?{encoded(good | {name: value})}", what, **body)
                assert answer.status_code == 403, (method, name, what)
            without = {other: value for other, value in good.items() if other != name}
            assert tried.send(owner, method, f"{path}?{encoded(without)}", name, **body).status_code == 403
        doubled = tried.send(owner, method, f"{path}?{query}&{query}", "doubled", **body)
        assert doubled.status_code < 500
        for other in ("POST", "DELETE", "PATCH"):
            assert tried.send(owner, other, address, other).status_code == 405
