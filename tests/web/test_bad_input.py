"""Hostile text in every field, parameter and path segment of the pages: a clear 4xx, or kept whole.

The tests walk the routes, so a new route is tried without being named here; a page's form has to be
described in FORMS, and a test says so. Each request is made by somebody signed in, with real ids, and
everything but the one hostile value as it should be. The API is `test_bad_json.py`; cookies, headers and
signed addresses are `test_bad_headers.py`.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule

import photos.web
from photos.services import links
from tests.web.conftest import PASSWORD, Browser, People, local_path
from tests.web.hostile import HOSTILE, Tried, attempts, encoded
from tests.web.shelves import Library

FORMS: dict[str, dict[str, str]] = {
    "accounts.sign_out": {},
    "accounts.rename": {"name": "Owner"},
    "accounts.change_password": {"old_password": PASSWORD, "new_password": "a lighthouse at midnight"},
    "accounts.choose_theme": {"theme": "dark"},
    "accounts.end_session": {},
    "accounts.end_sessions": {},
    "accounts.create_token": {"token_name": "laptop", "scope": "read", "days": "30"},
    "accounts.revoke_token": {},
    "people.invite": {"is_admin": "yes"},
    "people.reset": {},
    "jobs.revive": {},
    "jobs.revive_all": {},
    "uploads.try_drop_again": {},
    "people.lock": {},
    "people.unlock": {},
    "people.quota": {"gigabytes": "1.5"},
    "provider.authorize": {"email": "owner@example.org", "password": PASSWORD},
    "provider.sign_up": {"email": "new@example.org", "name": "New", "password": "a pier at sunrise"},
    "provider.link": {"email": "invited@example.org", "name": "New", "password": "a pier at sunrise"},
    "uploads.send": {"files": "not a file"},
    "lookup.ask": {"picture": "not a file", "sha256": ""},
    "duplicates.merge": {"keep": "", "photo": "a"},
    "duplicates.restore": {},
    "duplicates.keep_apart": {"photo": "a"},
    "photo.describe": {"description": "words"},
    "photo.favour": {"favourite": "no"},
    "photo.turn": {"degrees": "90"},
    "photo.date": {"local": "2024-06-01T12:30", "offset": "+02:00", "from_file": ""},
    "photo.place": {"position": "48.2, 16.37", "from_file": ""},
    "changes.make": {"action": "rate", "rating": "3", "tags": "", "q": "type:jpeg", "ids": "", "back": "/"},
    "changes.undo": {},
    "downloads.create": {"shelf": "timeline", "ids": ""},
    "samples.add": {},
    "samples.remove": {},
    "photo.rate": {"rating": "3"},
    "photo.tag": {"tags": "sea, sun"},
    "photo.decide_label": {"name": "cat", "verdict": "keep"},
    "photo.trash": {},
    "photo.restore": {},
    "photo.reprocess": {},
    "photo.purge": {"word": "delete"},
}
"""Good values of every form of a page, but for its CSRF token."""

REPEATED = {
    (form, name)
    for form in ("changes.make", "downloads.create", "duplicates.merge", "duplicates.keep_apart")
    for name in ("photo", "shelf", "back", "ids", "q")
}
"""Fields that may come more than once, or that are not read where another one has said enough."""
PARAMETERS = {
    "code", "code_challenge", "code_challenge_method", "confidence", "cursor", "error", "expires", "name",
    "next", "nonce", "order", "part", "q", "redirect_uri", "response_type", "signature", "size", "state",
    "type", "upload",
}  # fmt: skip
"""Every query parameter that a page or `/media` reads; those of the API stand in its document."""
READERS = ("request.args.get", "request.args")
STORED_TEXT = {
    ("accounts.rename", "name"),
    ("accounts.create_token", "token_name"),
    ("photo.describe", "description"),
    ("photo.tag", "tags"),
    ("photo.decide_label", "name"),
    ("provider.authorize", "email"),
    ("provider.sign_up", "email"),
    ("provider.sign_up", "name"),
    ("provider.link", "email"),
    ("provider.link", "name"),
}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Sign-up is open, and nobody is slowed down: what is refused here is refused for what it is."""
    return make_app(open_sign_up=True, sign_in_attempts=1000)


@pytest.fixture
def tried(app: Flask, library: Library, people: People, caplog: pytest.LogCaptureFixture) -> Iterator[Tried]:
    """Sends requests and judges the answers; at the end nothing may be lost or left over."""
    yield from attempts(app, library, people, caplog)


def source_names(*calls: str, module: str = "*") -> set[str]:
    """First arguments of these calls, and keys of these subscripts, in the sources of the pages."""
    found = set()
    for path in Path(photos.web.__file__ or "").parent.glob(f"{module}.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                named, argument = node.func, node.args[0] if node.args else None
            elif isinstance(node, ast.Subscript):
                named, argument = node.value, node.slice
            else:
                continue
            if ast.unparse(named) in calls and isinstance(argument, ast.Constant):
                found.add(str(argument.value))
    return found


def test_every_form_and_parameter_of_a_page_is_tried_here(app: Flask) -> None:
    posts = {
        rule.endpoint
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set()) and not rule.rule.startswith("/api/")
    }
    assert posts == set(FORMS)
    fields = source_names("deps.form_text", "deps.form_secret", "request.form.get", "request.files.getlist")
    assert fields <= {name for form in FORMS.values() for name in form}
    assert source_names(*READERS) <= PARAMETERS


def test_hostile_path_segments_are_not_found(tried: Tried) -> None:
    for rule, method in tried.rows():
        browser = tried.who(rule, method)
        for argument in rule.arguments:
            for what, value in HOSTILE.items():
                if not value or what == "far too long":
                    continue
                path = tried.path(rule, **{argument: quote_from_bytes(value, safe="")})
                options: dict[str, Any] = {}
                if path.startswith("/api/") and method in {"PUT", "PATCH"}:
                    options["json"] = {"verdict": "kept"} if method == "PUT" else {"description": "a"}
                elif method == "POST" and not path.startswith("/api/"):
                    options["data"] = {"csrf_token": browser.csrf, **FORMS[rule.endpoint]}
                answer = tried.send(browser, method, path, (argument, what), **options)
                assert answer.status_code >= 300, (method, path, what)


def test_hostile_query_parameters_are_refused_or_harmless(tried: Tried) -> None:
    document = tried.app.test_client().get("/api/v1/openapi.json").get_json()
    count = 0
    for rule, method in tried.rows():
        if method != "GET":
            continue
        browser = tried.who(rule, method)
        path = tried.path(rule)
        described = document["paths"].get(re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), {}).get("get", {})
        names = {each["name"] for each in described.get("parameters", []) if each["in"] == "query"}
        if not names:
            module = tried.app.view_functions[rule.endpoint].__module__.rpartition(".")[2]
            names = PARAMETERS if module == "media" else source_names(*READERS, module=module) | {"unknown"}
        for name in sorted(names):
            for what, value in HOSTILE.items():
                value = value[:8000]  # no web server takes a longer address
                answer = tried.send(browser, "GET", f"{path}?{encoded({name: value})}", (name, what))
                assert answer.status_code in {200, 302, 303, 400, 403, 404}, (path, name, what)
                count += 1
            tried.send(browser, "GET", f"{path}?{name}=1&{name}=2", (name, "doubled"))
    assert count > 300


def test_a_sign_in_page_with_one_altered_parameter_leads_nowhere_else(tried: Tried) -> None:
    nobody = tried.people.nobody
    path, _, query = local_path(nobody.get("/sign-in")).partition("?")
    good = dict(parse_qsl(query))
    for name in good:
        for what, value in HOSTILE.items():
            fields = {other: text.encode() for other, text in good.items()} | {name: value}
            answer = tried.send(nobody, "GET", f"{path}?{encoded(fields)}", (name, what))
            is_free = name in {"state", "nonce", "scope"}  # any short text is one; the scope is not read
            assert answer.status_code in ({200, 400} if is_free else {400}), (name, what)


def targets(tried: Tried, rule: Rule, browser: Browser) -> str:
    """Where the form is sent to: for the provider's pages with what their addresses carry."""
    if rule.endpoint in {"provider.authorize", "provider.sign_up"}:
        query = local_path(browser.get("/sign-in")).partition("?")[2]
        return f"{tried.path(rule)}?{query}"
    if rule.endpoint == "provider.link":
        parts, admin = tried.app.extensions["bigimage"], tried.people.admin.user
        assert admin is not None
        link = links.create_invitation(
            made_by=admin, is_admin=False, database=parts.database, base_url="http://localhost"
        )
        return urlsplit(link).path
    return tried.path(rule)


def test_hostile_form_fields_are_refused_or_kept_whole(tried: Tried) -> None:
    for rule, method in tried.rows():
        if method != "POST" or rule.endpoint not in FORMS:
            continue
        good = {name: text.encode() for name, text in FORMS[rule.endpoint].items()}
        for name in (*good, "csrf_token"):
            if name == "csrf_token" and rule.endpoint == "uploads.send":
                continue
            browser = tried.who(rule, method)
            if name == "csrf_token":
                browser.get("/account" if browser.user else "/signed-out")
            for what, value in HOSTILE.items():
                target = targets(tried, rule, browser)
                body = encoded({"csrf_token": browser.csrf.encode(), **good, name: value})
                options = {"content_type": "application/x-www-form-urlencoded", "data": body}
                if name == "csrf_token":
                    answer = browser.client.post(target, base_url=browser.origin, **options)
                    assert answer.status_code == 400, (rule.endpoint, what)
                    continue
                answer = tried.send(browser, method, target, (name, what), **options)
                if what in {"nul", "controls"} and (rule.endpoint, name) in STORED_TEXT:
                    assert answer.status_code == 400, (rule.endpoint, name, what)
                if what == "far too long":
                    assert 400 <= answer.status_code < 500, (rule.endpoint, name)


def test_doubled_fields_and_bodies_of_other_kinds_are_refused(tried: Tried) -> None:
    for rule, method in tried.rows():
        if method != "POST" or rule.endpoint not in FORMS:
            continue
        browser = tried.who(rule, method)
        good = {name: text.encode() for name, text in FORMS[rule.endpoint].items()}
        for name in good:
            target = targets(tried, rule, browser)
            body = encoded({"csrf_token": browser.csrf.encode(), **good}) + f"&{encoded({name: b'x'})}"
            options: dict[str, Any] = {"content_type": "application/x-www-form-urlencoded", "data": body}
            answer = tried.send(browser, method, target, (name, "doubled"), **options)
            if (rule.endpoint, name) not in REPEATED:
                assert answer.status_code in {400, 409}, (rule.endpoint, name)
        for content_type, data in (
            ("application/json", b'{"name": "x"}'),
            ("text/plain", b"name=x"),
            ("multipart/form-data", b"no boundary"),
            ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x"),
            ("multipart/form-data; boundary=x", b"--x\r\nContent-Disp"),
            ("application/x-www-form-urlencoded; charset=utf-7", b"name=+AAA-"),
            ("application/x-www-form-urlencoded", b"&".join([b"a=1"] * 5000)),
        ):
            if rule.endpoint in {"accounts.sign_out", "accounts.end_sessions"} or not good:
                continue
            target = targets(tried, rule, browser)
            answer = tried.send(browser, method, target, content_type, content_type=content_type, data=data)
            if rule.endpoint not in {"accounts.choose_theme", "people.quota", "people.invite"}:
                assert answer.status_code >= 300, (rule.endpoint, content_type)


def test_a_body_beyond_the_limit_is_413_on_every_route(tried: Tried) -> None:
    for rule, method in tried.rows():
        if method == "GET" or rule.endpoint in {"uploads.send", "media.write_part"}:
            continue
        is_api = rule.rule.startswith("/api/")
        content_type = "application/json" if is_api else "application/x-www-form-urlencoded"
        answer = tried.send(
            tried.who(rule, method),
            method,
            tried.path(rule),
            "2 MB",
            data=b"a=" + b"x" * (2 << 20),
            content_type=content_type,
        )
        assert 300 <= answer.status_code < 500, (rule.endpoint, method)
