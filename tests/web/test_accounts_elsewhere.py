"""People whose accounts another sign-in provider keeps: nothing here makes, renames or opens an account."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from photos.app import create_app
from photos.backends.identity.local import LocalIdentity
from photos.config import Settings
from photos.db.schema import account, account_link
from photos.wiring import open_backends
from tests.attacks.belongings import rows_of
from tests.web.conftest import PASSWORD, People
from tests.web.shelves import words

NEW_PASSWORD = "a pier at sunrise"
ELSEWHERE = "kept by the sign-in provider"


class DistantIdentity(LocalIdentity):
    """The same accounts, as if they were kept at another origin."""

    origin = "https://accounts.example.org"


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    """An application that sends people elsewhere to sign in."""
    backends = open_backends(settings)
    yield create_app(backends=replace(backends, identity=DistantIdentity(backends.database)))
    backends.close()


def test_forms_about_accounts_are_refused_and_change_nothing(app: Flask, people: People) -> None:
    assert people.member.user is not None
    person = f"/account/people/{people.member.user.subject}"
    before = kept(app)
    changed = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    for path, form in {
        "/account/people/invite": {},
        f"{person}/reset": {},
        "/account/name": {"name": "forged"},
        "/account/password": changed,
    }.items():
        answer = people.admin.post(path, form)
        assert (answer.status_code, ELSEWHERE in words(answer.text)) == (403, True), path
    assert kept(app) == before


def test_the_api_refuses_the_same(app: Flask, people: People) -> None:
    assert people.member.user is not None
    before = kept(app)
    changed = {"old_password": PASSWORD, "new_password": NEW_PASSWORD}
    for method, path, body in (
        ("POST", "people/invitations", {}),
        ("POST", f"people/{people.member.user.subject}/reset", None),
        ("PATCH", "me", {"name": "forged"}),
        ("POST", "me/password", changed),
    ):
        answer = people.admin.api(method, f"/api/v1/{path}", body)
        assert (answer.status_code, ELSEWHERE in answer.json["detail"]) == (403, True), path
    assert kept(app) == before


def test_pages_offer_nothing_that_would_be_refused(people: People) -> None:
    shown = people.admin.get("/account/people").text
    assert "/account/people/invite" not in shown
    assert "/reset" not in shown
    shown = people.admin.get("/account").text
    assert "/account/name" not in shown
    assert "/account/password" not in shown


def test_locking_out_and_quotas_are_ours_all_the_same(people: People) -> None:
    assert people.member.user is not None
    person = f"/account/people/{people.member.user.subject}"
    assert people.admin.post(f"{person}/quota", {"gigabytes": "7"}).status_code == 303
    assert people.admin.post(f"{person}/lock").status_code == 303
    assert people.member.get("/account").status_code == 303


def kept(app: Flask) -> list[str]:
    """Accounts and one-time links, as they are stored."""
    return rows_of(app.extensions["bigimage"].database, account, account_link)
