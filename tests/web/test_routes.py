"""Every route is classified, and each class is tried as owner, member, admin, stranger and nobody."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from werkzeug.routing import Rule

from photos.web.routes import ACCESS, Access
from tests.web.conftest import Browser, People

UNKNOWN_ID = "A" * 22
VALUES = {"filename": "css/none.css", "key": "originals/none"}


def rows(app: Flask) -> Iterator[tuple[Rule, str]]:
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield rule, method


def path_of(app: Flask, rule: Rule) -> str:
    values = {name: VALUES.get(name, UNKNOWN_ID) for name in rule.arguments}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values))


def call(app: Flask, browser: Browser, rule: Rule, method: str) -> tuple[int, str]:
    path = path_of(app, rule)
    if path.startswith("/api/"):
        document = None if method in {"GET", "DELETE"} else {}
        answer = browser.api(method, path, document)
    elif method == "GET":
        answer = browser.get(path)
    elif method == "POST":
        answer = browser.post(path)
    else:
        answer = browser.client.open(path, method=method, base_url=browser.origin)
    return answer.status_code, answer.headers.get("Location", "")


def test_every_route_has_a_row_and_every_row_a_route(app: Flask) -> None:
    routes = {(rule.endpoint, method) for rule, method in rows(app)}
    # the door of the worker tier is tried in test_worker.py
    routes |= {row for row, access in ACCESS.items() if access is Access.DAEMON}
    assert routes - set(ACCESS) == set(), "classify these in photos/web/routes.py"
    assert set(ACCESS) - routes == set(), "these rows have no route any more"


def test_a_route_without_a_row_is_refused_and_named_in_the_log(
    app: Flask, people: People, caplog: pytest.LogCaptureFixture
) -> None:
    app.add_url_rule("/forgotten", "forgotten", lambda: "secret")
    for _, browser in people:
        answer = browser.get("/forgotten")
        assert answer.status_code == 403
        assert "secret" not in answer.text
    assert "has no row" in caplog.text


def test_nobody_and_strangers_are_asked_to_sign_in_wherever_it_is_not_public(
    app: Flask, people: People
) -> None:
    for rule, method in list(rows(app)):
        access = ACCESS[rule.endpoint, method]
        if access in (Access.PUBLIC, Access.SIGNED_URL):
            continue
        for browser in (people.nobody, people.stranger):
            status, location = call(app, browser, rule, method)
            if rule.rule.startswith("/api/"):
                assert status == 401, (rule.endpoint, method)
            else:
                assert (status, location.partition("?")[0]) == (303, "/sign-in"), (rule.endpoint, method)


def test_public_routes_ask_nobody_to_sign_in(app: Flask, people: People) -> None:
    for rule, method in list(rows(app)):
        if ACCESS[rule.endpoint, method] is Access.PUBLIC:
            status, location = call(app, people.nobody, rule, method)
            assert status < 500, (rule.endpoint, method)
            assert not location.startswith("/sign-in"), (rule.endpoint, method)


def test_no_answer_to_nobody_holds_a_value_of_the_settings(app: Flask, people: People) -> None:
    settings = app.extensions["bigimage"].settings
    private = (settings.secret_key, str(settings.data), settings.database_url, str(settings.models))
    tried = 0
    for rule, method in list(rows(app)):
        answer = people.nobody.client.open(path_of(app, rule), method=method, base_url=people.nobody.origin)
        said = answer.text + str(answer.headers)
        assert not [value for value in private if value in said], (rule.endpoint, method)
        assert "environ" not in said, (rule.endpoint, method)
        tried += 1
    assert tried > 50


def test_only_administrators_pass_where_it_says_so(app: Flask, people: People) -> None:
    for rule, method in list(rows(app)):
        if ACCESS[rule.endpoint, method] is Access.ADMIN:
            for browser in (people.owner, people.member):
                assert call(app, browser, rule, method)[0] == 403, (rule.endpoint, method)
            status, location = call(app, people.admin, rule, method)
            assert status in {200, 201, 404} or location.startswith("/account/"), (rule.endpoint, method)


def test_what_is_not_there_is_not_found_for_everybody_signed_in(app: Flask, people: People) -> None:
    for rule, method in list(rows(app)):
        if ACCESS[rule.endpoint, method] is not Access.OWNER:
            continue
        for browser in (people.owner, people.member, people.admin):
            status, _ = call(app, browser, rule, method)
            # a form that lacks its fields may be refused before anything is looked up
            assert status in {303, 400, 404}, (rule.endpoint, method, status)


def test_another_persons_token_and_session_look_like_none_at_all(app: Flask, people: People) -> None:
    database = app.extensions["bigimage"].database
    from photos.services import tokens

    assert people.owner.user is not None
    _, token = tokens.create_token(
        people.owner.user, name="mine", scopes=frozenset({"read"}), database=database
    )
    theirs = people.member.post(f"/account/tokens/{token.public_id}/revoke")
    nothing = people.member.post(f"/account/tokens/{UNKNOWN_ID}/revoke")
    assert theirs.status_code == nothing.status_code == 404
    number = theirs.headers["X-Request-Id"]
    assert without_secrets(theirs.text, number) == without_secrets(
        nothing.text, nothing.headers["X-Request-Id"]
    )
    assert "mine" in people.owner.get("/account").text


def without_secrets(text: str, number: str) -> str:
    import re

    return re.sub(r'(nonce|content|value)="[^"]*"', "", text.replace(number, ""))


@pytest.mark.parametrize(
    "path",
    [
        "/.git/HEAD", "/.env", "/.ebextensions/x", "/metrics", "/console", "/admin", "/server-status",
        "/static/../photos/config.py", "/static/..%2fphotos/config.py", "/config", "/application.py", "/api",
        "/api/v1", "/api/v2/photos", "/photos", "/provider", "/provider/", "/account/", "/debug", "/error",
        "/env",        "/static/", "/media/", "/wp-login.php", "/%00",
    ],
)  # fmt: skip
def test_unknown_paths_are_not_found_and_tell_nothing(app: Flask, people: People, path: str) -> None:
    settings = app.extensions["bigimage"].settings
    for browser in (people.nobody, people.owner):
        answer = browser.get(path)
        assert answer.status_code in {400, 403, 404}
        assert str(settings.data) not in answer.text
        assert settings.secret_key not in answer.text


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PUT", "DELETE", "PATCH", "PROPFIND"])
def test_methods_that_a_page_does_not_take_are_refused(people: People, method: str) -> None:
    assert people.owner.client.open("/account", method=method).status_code == 405
    assert people.owner.client.open("/static/css/base.css", method=method).status_code == 405


def test_method_overrides_do_nothing(app: Flask, people: People) -> None:
    override = {"X-HTTP-Method-Override": "DELETE"}
    answer = people.owner.get("/account?_method=DELETE", headers=override)
    assert answer.status_code == 200
    assert (
        people.owner.post("/account/name", {"name": "N", "_method": "DELETE"}, headers=override).status_code
        == 303
    )
