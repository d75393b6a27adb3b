"""The CSRF token: another one in each answer, good for one browser's session, and nothing else is."""

from __future__ import annotations

import base64

import pytest
from flask import Flask, session
from werkzeug.test import TestResponse

from photos.web.csrf import HEADER
from tests.web.conftest import ORIGIN, Browser, People


def choose_dark(browser: Browser, token: str) -> TestResponse:
    return browser.client.post("/account/theme", base_url=ORIGIN, data={"csrf_token": token, "theme": "dark"})


def shown(browser: Browser) -> str:
    browser.get("/account")
    return browser.csrf


def test_pages_never_show_the_same_token_twice_and_every_one_is_good(people: People) -> None:
    tokens = [shown(people.owner) for _ in range(3)]
    assert len(set(tokens)) == 3
    assert all(choose_dark(people.owner, token).status_code == 303 for token in tokens)


def test_the_secret_itself_is_not_in_the_page(app: Flask, people: People) -> None:
    page = people.owner.get("/account")
    with people.owner.client as client:
        client.get("/account", base_url=ORIGIN)
        secret = session["csrf_token"]
    assert len(secret) == 40
    assert secret not in page.text
    assert choose_dark(people.owner, secret).status_code == 400


def changed(token: str, position: int) -> str:
    masked = bytearray(base64.urlsafe_b64decode(token))
    masked[position] ^= 1
    return base64.urlsafe_b64encode(masked).decode()


@pytest.mark.parametrize("position", [0, 39, 40, 79])
def test_one_changed_bit_is_refused(people: People, position: int) -> None:
    answer = choose_dark(people.owner, changed(shown(people.owner), position))
    assert answer.status_code == 400
    assert "Reload the page" in answer.text


@pytest.mark.parametrize("token", ["", "A", "AAAA", "====", "é", "\0", "A" * 108, "AA" * 100_000, "none"])
def test_what_is_no_token_is_refused(people: People, token: str) -> None:
    assert choose_dark(people.owner, token).status_code == 400


def test_a_session_without_a_secret_takes_no_token(app: Flask) -> None:
    stranger = app.test_client()
    for token in ("", "AA", base64.urlsafe_b64encode(b"").decode()):
        answer = stranger.post("/provider/sign-up", base_url=ORIGIN, data={"csrf_token": token})
        assert answer.status_code == 400
        assert "Reload the page" in answer.text, token


def test_a_header_does_as_well_as_a_field(people: People) -> None:
    token = shown(people.owner)
    answer = people.owner.client.post(
        "/account/theme", base_url=ORIGIN, data={"theme": "dark"}, headers={HEADER: token}
    )
    assert answer.status_code == 303
