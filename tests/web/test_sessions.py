"""Browser sessions: opaque, renewed, ended from anywhere, the same in two processes and on two engines."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import func, select, update

from photos.app import create_app
from photos.config import Settings
from photos.db.engine import to_micros
from photos.db.schema import session as session_table
from photos.ids import hash_secret
from photos.services import accounts
from photos.wiring import open_backends
from tests.web.conftest import PASSWORD, Browser, People

Make = Callable[..., Flask]


def count_sessions(app: Flask) -> int:
    with app.extensions["bigimage"].database.read() as connection:
        return connection.scalar(select(func.count()).select_from(session_table)) or 0


def change_session(app: Flask, browser: Browser, **values: int) -> None:
    with app.extensions["bigimage"].database.write() as connection:
        found = session_table.c.id_hash == hash_secret(browser.cookie())
        assert connection.execute(update(session_table).where(found).values(**values)).rowcount == 1


def ago(**delta: float) -> int:
    return to_micros(datetime.now(UTC) - timedelta(**delta))


def test_visitors_get_no_row(app: Flask) -> None:
    visitor = Browser(app.test_client())
    for path in ("/signed-out", "/sign-in", "/", "/health", "/nothing"):
        visitor.get(path)
    assert visitor.cookie().startswith("v.")
    assert count_sessions(app) == 0


def test_files_and_health_set_no_cookie(app: Flask) -> None:
    for path in ("/static/css/base.css", "/health", "/ready", "/version", "/media/none"):
        answer = app.test_client().get(path)
        assert "Set-Cookie" not in answer.headers, path
        answer.close()


def test_the_cookie_is_renewed_at_sign_in_and_its_secret_is_not_stored(app: Flask, people: People) -> None:
    browser = Browser(app.test_client())
    browser.get("/signed-out")
    before = browser.cookie()
    browser.sign_in("owner@example.org")
    after = browser.cookie()
    assert before.startswith("v.")
    assert after.startswith("s.")
    assert len(after) >= 43
    with app.extensions["bigimage"].database.read() as connection:
        stored = connection.execute(select(session_table)).all()
    assert after not in str(stored)
    browser.client.set_cookie("bigimage", before)
    assert browser.get("/account").status_code == 303


def test_a_cookie_planted_before_sign_in_is_nobody_afterwards(app: Flask, people: People) -> None:
    victim = Browser(app.test_client())
    victim.client.set_cookie("bigimage", people.member.cookie())
    assert victim.post("/sign-out").status_code == 303
    planted = "s." + "A" * 43
    victim.client.set_cookie("bigimage", planted)
    assert victim.sign_in("owner@example.org").status_code == 303
    assert victim.cookie() != planted
    attacker = Browser(app.test_client())
    attacker.client.set_cookie("bigimage", planted)
    assert attacker.get("/account").status_code == 303


def test_a_copied_cookie_is_dead_after_sign_out_in_every_process(make_app: Make, people: People) -> None:
    first, second = make_app(), make_app()
    browser = Browser(first.test_client())
    browser.sign_in("owner@example.org")
    copied = browser.cookie()
    for app in (first, second):
        thief = Browser(app.test_client())
        thief.client.set_cookie("bigimage", copied)
        assert thief.get("/account").status_code == 200
    answer = browser.post("/sign-out")
    assert answer.headers["Location"] == "http://localhost/signed-out"
    assert answer.headers["Clear-Site-Data"] == '"storage"'
    for app in (first, second):
        thief = Browser(app.test_client())
        thief.client.set_cookie("bigimage", copied)
        assert thief.get("/account").status_code == 303
        assert thief.api("GET", "/api/v1/me").status_code == 401


def test_signing_out_takes_a_post(people: People) -> None:
    assert people.owner.get("/sign-out").status_code == 405
    assert people.owner.get("/account").status_code == 200


def test_a_slow_request_does_not_revive_a_session_that_was_ended(app: Flask, people: People) -> None:
    """The slow one has read its session, then the other one signs out, then the slow one writes."""
    read, ended = threading.Event(), threading.Event()

    def slow() -> str:
        from flask import flash

        flash("late")
        read.set()
        assert ended.wait(10)
        return "done"

    app.add_url_rule("/slow", "health.slow", slow)
    from photos.web.routes import ACCESS, Access

    ACCESS["health.slow", "GET"] = Access.SIGNED_IN
    try:
        other = Browser(app.test_client())
        other.client.set_cookie("bigimage", people.owner.cookie())
        thread = threading.Thread(target=lambda: other.get("/slow"))
        thread.start()
        assert read.wait(10)
        assert people.owner.post("/sign-out").status_code == 303
        ended.set()
        thread.join(10)
    finally:
        del ACCESS["health.slow", "GET"]
    assert other.get("/account").status_code == 303


def test_sessions_end_by_age_and_by_idleness(app: Flask, people: People) -> None:
    settings = app.extensions["bigimage"].settings
    change_session(app, people.owner, last_seen_at=ago(seconds=settings.session_idle_seconds - 60))
    assert people.owner.get("/account").status_code == 200
    change_session(app, people.owner, last_seen_at=ago(seconds=settings.session_idle_seconds + 1))
    assert people.owner.get("/account").status_code == 303
    change_session(app, people.member, expires_at=ago(seconds=1))
    assert people.member.get("/account").status_code == 303


def test_last_seen_is_written_at_most_once_a_minute(app: Flask, people: People) -> None:
    def seen() -> int:
        with app.extensions["bigimage"].database.read() as connection:
            return (
                connection.scalar(
                    select(session_table.c.last_seen_at).where(
                        session_table.c.id_hash == hash_secret(people.owner.cookie())
                    )
                )
                or 0
            )

    change_session(app, people.owner, last_seen_at=ago(seconds=30))
    first = seen()
    people.owner.get("/account")
    assert seen() == first
    change_session(app, people.owner, last_seen_at=ago(seconds=90))
    people.owner.get("/account")
    assert seen() > first


def test_the_account_page_lists_browsers_and_ends_one_or_all(app: Flask, people: People) -> None:
    phone = Browser(app.test_client())
    agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) AppleWebKit/605 Version/18.0 Mobile Safari/604.1"
    phone.client.environ_base["HTTP_USER_AGENT"] = agent
    phone.sign_in("owner@example.org")
    page = people.owner.get("/account").text
    assert "Safari on iPhone" in page
    assert "This browser" in page
    end = re.findall(r'action="(/account/sessions/[\w-]{22}/end)"', page)
    assert len(end) == 1
    assert people.member.post(end[0]).status_code == 303
    assert phone.get("/account").status_code == 200, "a member cannot end another's session"
    assert people.owner.post(end[0]).status_code == 303
    assert phone.get("/account").status_code == 303
    phone.sign_in("owner@example.org")
    assert people.owner.post("/account/sessions/end").status_code == 303
    assert people.owner.get("/account").status_code == 303
    assert phone.get("/account").status_code == 303
    assert people.member.get("/account").status_code == 200


@pytest.mark.parametrize(
    "cookie",
    ["", "s.", "v.", "s." + "x" * 43, "v.e30.a.b", "x", "\x01", "s.\u00e9", "v." + "A" * 5000, "null"],
)
def test_a_broken_cookie_is_a_visitor(app: Flask, cookie: str) -> None:
    value = cookie.encode().decode("latin-1")
    answer = app.test_client().get(
        "/signed-out", headers={"Cookie": f"bigimage={value}; bigimage-flow={value}"}
    )
    assert answer.status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        "",
        "dev",
        "secret",
        "changeme",
        "secret-key",
        "0" * 32,
        "key",
        "test",
        "password",
        "you-will-never-guess",
    ],
)
def test_a_cookie_signed_with_a_common_key_is_a_visitor(app: Flask, people: People, key: str) -> None:
    signed = URLSafeTimedSerializer(key or "\0", salt="visitor").dumps({"_user_id": "1", "csrf_token": "x"})
    forger = Browser(app.test_client())
    forger.client.set_cookie("bigimage", f"v.{signed}")
    assert forger.get("/account").status_code == 303


def test_even_a_rightly_signed_visitor_is_never_somebody(app: Flask, people: People) -> None:
    interface: Any = app.session_interface
    forger = Browser(app.test_client())
    forger.client.set_cookie("bigimage", "v." + interface.signer.dumps({"_user_id": "1"}))
    assert forger.get("/account").status_code == 303


def test_a_new_secret_key_signs_nobody_out(make_app: Callable[..., Flask], people: People) -> None:
    renewed = Browser(make_app(secret_key="another-key-" * 4).test_client())
    renewed.client.set_cookie("bigimage", people.owner.cookie())
    assert renewed.get("/account").status_code == 200
    assert renewed.post("/account/name", {"name": "Still here"}).status_code == 303


def test_sessions_work_on_mariadb_over_two_applications(
    settings: Settings, migrated_mariadb_url: str
) -> None:
    both = [open_backends(replace(settings, database_url=migrated_mariadb_url)) for _ in range(2)]
    try:
        accounts.create_account("one@example.org", PASSWORD, database=both[0].database)
        first, second = (create_app(backends=backends) for backends in both)
        browser = Browser(first.test_client())
        assert browser.sign_in("one@example.org").status_code == 303
        other = Browser(second.test_client())
        other.client.set_cookie("bigimage", browser.cookie())
        assert other.get("/account").status_code == 200
        assert other.post("/account/name", {"name": "Zoë 🦀"}).status_code == 303
        assert "Zoë 🦀" in browser.get("/account").text
        assert browser.post("/sign-out").status_code == 303
        assert other.get("/account").status_code == 303
    finally:
        for backends in both:
            backends.close()
