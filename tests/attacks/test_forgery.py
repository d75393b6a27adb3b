"""Requests that somebody else's page makes a signed-in browser send, and cookies that somebody may steal."""

from __future__ import annotations

from collections.abc import Callable
from http.cookies import SimpleCookie

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from photos.web.routes import ACCESS, Access
from tests.attacks.belongings import Belongings, body_of, send, snapshot, unsafe_rows
from tests.web.conftest import Browser, People
from tests.web.test_routes import rows


def test_row_001_a_forged_request_changes_no_row_and_no_byte(
    app: Flask, people: People, belongings: Belongings
) -> None:
    people.owner.get("/account")
    people.member.get("/account")
    before = snapshot(app)
    for rule, method in unsafe_rows(app):
        path = belongings.path(app, rule)
        browser = people.admin if ACCESS[rule.endpoint, method] is Access.ADMIN else people.owner
        browser.get("/account")
        good = {"X-CSRF-Token": browser.csrf}
        forged: list[dict[str, str]] = [
            {},
            {"X-CSRF-Token": people.member.csrf},
            good | {"Origin": "https://evil.example"},
            good | {"Origin": "null"},
            good | {"Sec-Fetch-Site": "cross-site"},
        ]
        for headers in forged:
            answer = browser.client.open(
                path, method=method, base_url=browser.origin, headers=headers, **body_of(rule)
            )
            assert answer.status_code in {400, 403}, (rule.endpoint, method, headers, answer.status_code)
    assert snapshot(app) == before


def test_the_same_requests_with_the_right_token_do_change_something(
    app: Flask, people: People, belongings: Belongings
) -> None:
    """Otherwise the test above would prove nothing."""
    changed = set()
    for rule, method in unsafe_rows(app):
        if rule.endpoint not in {
            "photo.describe",
            "photo.favour",
            "photo.rate",
            "photo.tag",
            "photo.decide_label",
            "photo.purge",
            "accounts.rename",
            "accounts.create_token",
            "api.offer_files",
            "api.change_photo",
            "api.abandon_upload",
            "api.revoke_token",
        }:
            continue
        before = snapshot(app)
        answer = send(people.owner, rule, method, belongings.path(app, rule))
        assert answer.status_code < 400, (rule.endpoint, answer.text)
        if snapshot(app) != before:
            changed.add(rule.endpoint)
    assert len(changed) >= 11, changed


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_row_002_looking_changes_nothing(
    app: Flask, people: People, belongings: Belongings, method: str
) -> None:
    for _, browser in people:
        browser.get("/account" if browser.user else "/signed-out")
    before = snapshot(app)
    for rule, known_method in list(rows(app)):
        if known_method != "GET":
            continue
        path = belongings.path(app, rule)
        for browser in (people.owner, people.admin, people.nobody):
            for _ in range(2):
                answer = browser.client.open(path, method=method, base_url=browser.origin)
                assert answer.status_code < 500, (rule.endpoint, answer.status_code)
                answer.close()
    assert snapshot(app) == before


@pytest.mark.parametrize(
    "override",
    [
        {"headers": {"X-HTTP-Method-Override": "DELETE"}},
        {"headers": {"X-Method-Override": "DELETE"}},
        {"query_string": {"_method": "DELETE"}},
        {"data": {"_method": "DELETE"}},
    ],
)
def test_row_004_a_method_in_disguise_is_not_obeyed(
    app: Flask, people: People, belongings: Belongings, override: dict[str, dict[str, str]]
) -> None:
    people.owner.get("/account")
    headers = {"X-CSRF-Token": people.owner.csrf, **override.get("headers", {})}
    rest = {name: value for name, value in override.items() if name != "headers"}
    before = snapshot(app)
    for path in (f"/photos/{belongings.trashed_id}", f"/api/v1/photos/{belongings.trashed_id}"):
        answer = people.owner.client.post(path, headers=headers, **rest)
        assert answer.status_code in {405, 415}
    assert snapshot(app) == before


def test_row_009_every_cookie_of_every_route_has_its_flags(
    make_app: Callable[..., Flask], people: People
) -> None:
    app = make_app(base_url="https://photos.example.org")
    origin = "https://photos.example.org"
    owner = Browser(app.test_client(), people.owner.user, origin)
    nobody = Browser(app.test_client(), origin=origin)
    answers: list[TestResponse] = [owner.sign_in("owner@example.org"), owner.get("/account")]
    answers.append(owner.post("/account/theme", {"theme": "dark"}))
    for browser in (owner, nobody):
        for rule, method in list(rows(app)):
            with app.test_request_context(base_url=origin):
                values = dict.fromkeys(rule.arguments, "A" * 22)
                path = str(app.url_map.bind("photos.example.org").build(rule.endpoint, values))
            answers.append(send(browser, rule, method, path))
    seen = set()
    for answer in answers:
        for line in answer.headers.getlist("Set-Cookie"):
            assert len(line) < 4096
            for name, morsel in SimpleCookie(line).items():
                seen.add(name)
                assert morsel["secure"], line
                assert morsel["path"] == "/", line
                assert morsel["samesite"] == "Lax", line
                assert not morsel["domain"], line
                # the theme is written by a script too and opens nothing
                assert (morsel["httponly"] and name.startswith("__Host-")) or name == "theme", line
        answer.close()
    assert seen == {"__Host-bigimage", "__Host-bigimage-flow", "theme"}
