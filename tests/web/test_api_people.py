"""What administrators do for people, and what people do about their password, over the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask

from photos.services import accounts, tokens
from tests.web.conftest import PASSWORD, Browser, People
from tests.web.test_api import API, Client
from tests.web.test_routes import UNKNOWN_ID

NEW_PASSWORD = "a pier at sunrise"
ADMIN_CALLS: list[tuple[str, str, dict[str, Any] | None]] = [
    ("GET", "/people", None),
    ("POST", "/people/invitations", {"is_admin": True}),
    ("POST", "/people/invitations", {}),
    ("PATCH", "/people/{subject}", {"is_locked": True, "quota_bytes": 1}),
    ("POST", "/people/{subject}/reset", None),
]


@pytest.fixture
def token_of(app: Flask) -> Callable[[Browser], Client]:
    """A script with a token of that person."""

    def make(browser: Browser, *scopes: str) -> Client:
        assert browser.user is not None
        token, _ = tokens.create_token(
            browser.user,
            name="script",
            scopes=frozenset(scopes or {"read", "write"}),
            database=app.extensions["bigimage"].database,
        )
        return Client(app, token)

    return make


def subject_of(browser: Browser) -> str:
    assert browser.user is not None
    return browser.user.subject


def find(browser: Browser, email: str) -> dict[str, Any]:
    """The row of that address in an administrator's list."""
    people = browser.api("GET", f"{API}/people").json["items"]
    (found,) = [person for person in people if person["email"] == email]
    return dict(found)


def test_everybody_is_listed_a_page_at_a_time_in_order_of_arrival(people: People) -> None:
    seen, cursor = [], ""
    for expected in (3, 1):
        page = people.admin.api("GET", f"{API}/people?limit=3{cursor}").json
        assert len(page["items"]) == expected
        seen += [person["email"] for person in page["items"]]
        cursor = f"&cursor={page['next']}"
    assert page["next"] is None
    assert seen == [f"{name}@example.org" for name in ("owner", "member", "admin", "stranger")]
    admin = find(people.admin, "admin@example.org")
    assert (admin["is_admin"], admin["is_locked"], admin["quota_bytes"]) == (True, False, None)


@pytest.mark.parametrize(("method", "path", "document"), ADMIN_CALLS)
def test_people_are_for_administrators_only(
    people: People, token_of: Callable[..., Client], method: str, path: str, document: dict[str, Any] | None
) -> None:
    for name in (subject_of(people.owner), UNKNOWN_ID):
        address = path.format(subject=name)
        for browser in (people.owner, people.member):
            assert browser.api(method, API + address, document).status_code == 403
            assert token_of(browser).call(method, address, document).status_code == 403
        for browser in (people.stranger, people.nobody):
            assert browser.api(method, API + address, document).status_code == 401
    assert find(people.admin, "owner@example.org")["is_locked"] is False


def test_an_invitation_is_a_link_that_works_once(app: Flask, people: People) -> None:
    made = people.admin.api("POST", f"{API}/people/invitations", {"is_admin": True})
    assert (made.status_code, made.json["valid_seconds"]) == (201, 7 * 86400)
    path = urlsplit(made.json["url"]).path
    guest = Browser(app.test_client())
    assert guest.get(path).status_code == 200
    form = {"email": "new@example.org", "name": "New", "password": NEW_PASSWORD}
    assert guest.post(path, form).status_code == 303
    assert find(people.admin, "new@example.org")["is_admin"] is True
    assert Browser(app.test_client()).get(path).status_code == 404


def test_a_link_for_a_new_password_opens_the_account_of_that_person(app: Flask, people: People) -> None:
    made = people.admin.api("POST", f"{API}/people/{subject_of(people.member)}/reset")
    assert (made.status_code, made.json["valid_seconds"]) == (201, 3600)
    guest = Browser(app.test_client())
    path = urlsplit(made.json["url"]).path
    guest.get(path)
    assert guest.post(path, {"password": NEW_PASSWORD}).status_code == 303
    assert people.member.get("/account").status_code == 303
    assert guest.sign_in("member@example.org", NEW_PASSWORD).headers["Location"] == "/"


def test_whoever_is_locked_out_is_out_at_once_and_can_be_let_in_again(app: Flask, people: People) -> None:
    address = f"{API}/people/{subject_of(people.member)}"
    assert people.admin.api("PATCH", address, {"is_locked": True}).json["is_locked"] is True
    assert people.member.api("GET", f"{API}/me").status_code == 401
    assert people.admin.api("PATCH", address, {"is_locked": False}).json["is_locked"] is False
    assert Browser(app.test_client()).sign_in("member@example.org").headers["Location"] == "/"


def test_nobody_locks_themselves_out_and_nothing_else_is_changed_then(people: People) -> None:
    address = f"{API}/people/{subject_of(people.admin)}"
    answer = people.admin.api("PATCH", address, {"is_locked": True, "quota_bytes": 5})
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")
    assert find(people.admin, "admin@example.org")["quota_bytes"] is None
    assert people.admin.api("PATCH", address, {"is_locked": False}).status_code == 200


def test_a_quota_holds_from_the_next_upload_on(people: People) -> None:
    address = f"{API}/people/{subject_of(people.owner)}"
    assert people.admin.api("PATCH", address, {"quota_bytes": 10}).json["quota_bytes"] == 10
    file = {"name": "a.jpg", "size": 11, "sha256": "0" * 64}
    (offer,) = people.owner.api("POST", f"{API}/uploads", {"files": [file]}).json["files"]
    assert (offer["status"], offer["code"]) == ("refused", "quota")
    assert people.admin.api("PATCH", address, {"quota_bytes": None}).json["quota_bytes"] is None
    (offer,) = people.owner.api("POST", f"{API}/uploads", {"files": [file]}).json["files"]
    assert offer["status"] == "send"
    for bad in (-1, 2**63, 1.5, "1", True):
        assert people.admin.api("PATCH", address, {"quota_bytes": bad}).status_code == 400
    assert people.admin.api("PATCH", address, {"is_admin": True}).status_code == 400


def test_a_token_does_for_people_what_does_not_outlive_it(
    people: People, token_of: Callable[..., Client]
) -> None:
    script, reader = token_of(people.admin), token_of(people.admin, "read")
    path = f"/people/{subject_of(people.member)}"
    assert reader.call("GET", "/people").status_code == 200
    assert reader.call("PATCH", path, {"quota_bytes": 5}).status_code == 403
    assert script.call("PATCH", path, {"quota_bytes": 5}).json["quota_bytes"] == 5  # type: ignore[index]
    assert script.call("POST", "/people/invitations", {}).status_code == 201
    assert script.call("POST", "/people/invitations", {"is_admin": True}).status_code == 403
    assert script.call("POST", f"{path}/reset").status_code == 403
    assert script.call("PATCH", f"/people/{UNKNOWN_ID}", {}).status_code == 404


def test_a_password_is_changed_with_the_one_before_and_ends_every_other_session(
    app: Flask, people: People
) -> None:
    address = f"{API}/me/password"
    phone = Browser(app.test_client(), people.member.user)
    assert phone.sign_in("member@example.org").status_code == 303
    wrong = people.member.api("POST", address, {"old_password": "no", "new_password": NEW_PASSWORD})
    assert (wrong.status_code, wrong.json["field"]) == (400, "old_password")
    weak = people.member.api("POST", address, {"old_password": PASSWORD, "new_password": "short"})
    assert (weak.status_code, weak.json["field"]) == (400, "new_password")
    assert phone.get("/account").status_code == 200
    right = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert people.member.api("POST", address, right).status_code == 204
    assert people.member.get("/account").status_code == 200
    assert phone.get("/account").status_code == 303
    assert phone.sign_in("member@example.org").status_code == 400
    assert phone.sign_in("member@example.org", NEW_PASSWORD).headers["Location"] == "/"


def test_no_token_changes_a_password(people: People, token_of: Callable[..., Client]) -> None:
    right = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    assert token_of(people.member).call("POST", "/me/password", right).status_code == 403
    assert people.nobody.api("POST", f"{API}/me/password", right).status_code == 401


def test_guessing_a_password_over_the_api_is_slowed_down(make_app: Callable[..., Flask]) -> None:
    app = make_app(sign_in_attempts=2)
    database = app.extensions["bigimage"].database
    browser = Browser(
        app.test_client(), accounts.create_account("me@example.org", PASSWORD, database=database)
    )
    assert browser.sign_in("me@example.org").status_code == 303
    guess = {"old_password": "a wrong guess", "new_password": NEW_PASSWORD}
    statuses = [browser.api("POST", f"{API}/me/password", guess).status_code for _ in range(3)]
    assert statuses == [400, 400, 429]
