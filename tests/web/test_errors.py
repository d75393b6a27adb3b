"""One table from errors to answers: pages for people, problem details for programs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from photos.errors import (
    BigimageError,
    Conflict,
    DatabaseError,
    Denied,
    IdentityError,
    Invalid,
    NotFound,
    SearchError,
    StorageError,
    StorageFull,
    TooMany,
)
from photos.web.errors import problem_of
from tests.web.conftest import Browser, People


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (NotFound("photo", "x"), 404, "not_found"),
        (Invalid("Why.", code="cursor", field="f"), 400, "cursor"),
        (Conflict("Not now.", code="trashed"), 409, "trashed"),
        (Denied("No."), 403, "denied"),
        (TooMany("Slow.", retry_after_seconds=7), 429, "too_many"),
        (StorageError("put", "secret-key-name"), 503, "storage_unavailable"),
        (StorageFull("put"), 507, "storage_full"),
        (SearchError("find"), 503, "search_unavailable"),
        (IdentityError("exchange"), 503, "identity_unavailable"),
        (DatabaseError("read"), 503, "database_unavailable"),
        (BigimageError("odd"), 500, "internal"),
    ],
)
def test_every_error_has_its_answer(error: BigimageError, status: int, code: str) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code) == (status, code)
    assert "secret-key-name" not in problem.detail


def raising(app: Flask, error: Exception) -> None:
    from photos.web.routes import ACCESS, Access

    def view() -> str:
        raise error

    for path, endpoint in (("/broken", "broken.page"), ("/api/v1/broken", "broken.api")):
        app.add_url_rule(path, endpoint, view)
        ACCESS[endpoint, "GET"] = Access.PUBLIC


@pytest.fixture(autouse=True)
def restored_table() -> Iterator[None]:
    from photos.web.routes import ACCESS

    before = dict(ACCESS)
    yield
    ACCESS.clear()
    ACCESS.update(before)


def test_an_unexpected_error_shows_a_number_and_nothing_else(
    app: Flask, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    raising(app, ZeroDivisionError("password=hunter2"))
    for path in ("/broken", "/api/v1/broken"):
        answer = people.owner.get(path)
        assert answer.status_code == 500
        assert answer.headers["X-Request-Id"] in answer.text
        assert "hunter2" not in answer.text
        assert "Traceback" not in answer.text
        assert "ZeroDivision" not in answer.text
    assert sum("unexpected ZeroDivisionError" in record.getMessage() for record in caplog.records) == 2


def test_the_debugger_cannot_be_switched_on(
    make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = make_app()
    app.config["PROPAGATE_EXCEPTIONS"] = None
    app.testing = False
    raising(app, ZeroDivisionError("password=hunter2"))
    answer = app.test_client().get("/broken")
    assert not app.debug
    assert answer.status_code == 500
    assert "hunter2" not in answer.text


def test_the_api_answers_with_problem_details(app: Flask) -> None:
    raising(app, TooMany("Slow down.", retry_after_seconds=9))
    answer = app.test_client().get("/api/v1/broken")
    assert answer.mimetype == "application/problem+json"
    assert answer.headers["Retry-After"] == "9"
    document = json.loads(answer.data)
    assert document == {
        "type": "about:blank",
        "title": "Too many tries",
        "status": 429,
        "detail": "Slow down.",
        "code": "too_many",
        "request_id": answer.headers["X-Request-Id"],
    }
    for path, status in (("/api/v1/nothing", 404), ("/api/nothing", 404), ("/api/v1/me", 401)):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")


def test_pages_and_api_say_later_when_the_database_is_gone(
    make_app: Callable[..., Flask], people: People
) -> None:
    app = make_app(database_url="mysql+mysqlconnector://nobody@127.0.0.1:9/none")
    browser = Browser(app.test_client())
    browser.client.set_cookie("bigimage", people.owner.cookie())
    for path in ("/", "/account", "/sign-in", "/api/v1/me"):
        answer = browser.get(path)
        assert answer.status_code == 503, path
        assert int(answer.headers["Retry-After"]) > 0
        assert "127.0.0.1:9" not in answer.text
    client = app.test_client()
    token = {"Authorization": "Bearer bgi_" + "x" * 43}
    assert client.get("/api/v1/me", headers=token).status_code == 503
    assert client.get("/health").status_code == 200
    ready = client.get("/ready")
    assert ready.status_code == 503
    assert "database" in ready.get_json()["missing"]


def test_error_pages_have_a_way_back_and_one_heading(people: People) -> None:
    for browser in (people.owner, people.nobody):
        page = browser.get("/photos/nothing/nowhere").text
        assert page.count("<h1") == 1
        assert 'href="/"' in page
