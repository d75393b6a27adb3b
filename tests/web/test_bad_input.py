"""Hostile text in every field, parameter, path segment, cookie and header: a clear 4xx, or kept whole.

The tests walk the routes and the API document, so a new route or field is tried without being named
here; a page's form has to be described in FORMS, and a test says so. Each request is made by somebody
signed in, with real ids, and everything but the one hostile value as it should be.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_from_bytes, urlsplit

import pytest
from flask import Flask
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

import photos.web
from photos.services import accounts
from photos.web.routes import ACCESS, Access
from tests import pictures
from tests.web.conftest import PASSWORD, Browser, People, local_path
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
    "people.lock": {},
    "people.unlock": {},
    "people.quota": {"gigabytes": "1.5"},
    "provider.authorize": {"email": "owner@example.org", "password": PASSWORD},
    "provider.sign_up": {"email": "new@example.org", "name": "New", "password": "a pier at sunrise"},
    "provider.link": {"email": "invited@example.org", "name": "New", "password": "a pier at sunrise"},
    "uploads.send": {"files": "not a file"},
    "photo.describe": {"description": "words"},
    "photo.favour": {"favourite": "no"},
    "photo.rate": {"rating": "3"},
    "photo.tag": {"tags": "sea, sun"},
    "photo.decide_label": {"name": "cat", "verdict": "keep"},
    "photo.trash": {},
    "photo.restore": {},
    "photo.reprocess": {},
    "photo.purge": {"word": "delete"},
}
"""Good values of every form of a page, but for its CSRF token."""
PARAMETERS = {
    "code", "code_challenge", "code_challenge_method", "cursor", "error", "expires", "name", "next", "nonce",
    "order", "part", "q", "redirect_uri", "response_type", "signature", "size", "state", "type", "upload",
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

JSON_VALUES: dict[str, str] = {
    "nul": '"a\\u0000b"',
    "half a surrogate pair": '"\\ud800"',
    "the other half": '"\\udfff"',
    "four bytes": '"\\ud83c\\udfd6𝔊"',
    "right to left": '"a\\u202egpj"',
    "controls": '"\\u0001\\u001b\\u007f\\u009f"',
    "far too long": '"' + "x" * 200_000 + '"',
    "nothing": '""',
    "null": "null",
    "true": "true",
    "a huge number": "9" * 400,
    "beyond any float": "1e999999",
    "a fraction": "0.5",
    "a negative number": "-1",
    "more than 64 bits": str(2**64),
    "an array": "[]",
    "arrays in arrays": "[" * 300 + "]" * 300,
    "an object": '{"a": {"b": []}}',
    "no json": "NaN",
    "cut off": '"abc',
}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Sign-up is open, and nobody is slowed down: what is refused here is refused for what it is."""
    return make_app(open_sign_up=True, sign_in_attempts=1000)


@pytest.fixture
def tried(app: Flask, library: Library, people: People, caplog: pytest.LogCaptureFixture) -> Iterator[Tried]:
    """Sends requests and judges the answers; at the end nothing may be lost or left over."""
    attempts = Tried(app, library, people, caplog)
    yield attempts
    library.work()
    assert library.differences() == []
    assert library.photo(attempts.photo.id).sha256 == attempts.photo.sha256


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


def encoded(fields: dict[str, bytes]) -> str:
    return "&".join(f"{name}={quote_from_bytes(value)}" for name, value in fields.items())


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
                tried.send(browser, "GET", f"{path}?{encoded({name: value})}", (name, what))
            tried.send(browser, "GET", f"{path}?{name}=1&{name}=2", (name, "doubled"))


def test_a_sign_in_page_with_one_altered_parameter_is_refused(tried: Tried) -> None:
    nobody = tried.people.nobody
    path, _, query = local_path(nobody.get("/sign-in")).partition("?")
    good = dict(parse_qsl(query))
    for name in good:
        for what, value in HOSTILE.items():
            fields = {other: text.encode() for other, text in good.items()} | {name: value}
            tried.send(nobody, "GET", f"{path}?{encoded(fields)}", (name, what))


def targets(tried: Tried, rule: Rule, browser: Browser) -> str:
    """Where the form is sent to: for the provider's pages with what their addresses carry."""
    if rule.endpoint in {"provider.authorize", "provider.sign_up"}:
        query = local_path(browser.get("/sign-in")).partition("?")[2]
        return f"{tried.path(rule)}?{query}"
    if rule.endpoint == "provider.link":
        parts, admin = tried.app.extensions["bigimage"], tried.people.admin.user
        assert admin is not None
        link = accounts.create_invitation(
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
            for what, value in HOSTILE.items():
                if name == "csrf_token" and rule.endpoint == "uploads.send":
                    continue
                browser = tried.who(rule, method)
                target = targets(tried, rule, browser)
                body = encoded({"csrf_token": browser.csrf.encode(), **good, name: value})
                options = {"content_type": "application/x-www-form-urlencoded", "data": body}
                if name == "csrf_token":
                    browser.get("/account" if browser.user else "/signed-out")
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


def good_body(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value that the schema allows."""
    if "$ref" in schema:
        return good_body(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return good_body(document, schema["anyOf"][0])
    match schema["type"]:
        case "object":
            return {name: good_body(document, each) for name, each in schema["properties"].items()}
        case "array":
            return [good_body(document, schema["items"])]
        case "string":
            return "0" * 64 if "pattern" in schema else "a"
        case "integer":
            return 1
        case "boolean":
            return True
        case other:
            raise AssertionError(f"teach this test to make a {other}")


def bodies_with(good: Any, marker: str) -> Iterator[tuple[str, Any]]:
    """The body with each of its values in turn replaced by the marker, and the place."""
    yield "$", marker
    if isinstance(good, dict):
        for name, value in good.items():
            for place, changed in bodies_with(value, marker):
                yield f"{place} in {name}", {**good, name: changed}
    elif isinstance(good, list):
        for place, changed in bodies_with(good[0], marker):
            yield f"{place} in []", [changed]


def test_hostile_json_in_every_field_of_the_api_is_a_problem_or_kept(tried: Tried) -> None:
    document = tried.app.test_client().get("/api/v1/openapi.json").get_json()
    count = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            target = re.sub(r"\{(\w+)\}", lambda found: tried.ids[found[1]], path)
            good = good_body(document, content["schema"])
            sender = tried.people.admin if path.startswith("/api/v1/people") else tried.people.owner
            for place, body in bodies_with(good, "MARKER"):
                for what, value in JSON_VALUES.items():
                    raw = json.dumps(body).replace('"MARKER"', value)
                    answer = tried.send(
                        sender,
                        method.upper(),
                        target,
                        (place, what),
                        data=raw,
                        content_type="application/json",
                    )
                    count += 1
                    if what in {
                        "no json",
                        "cut off",
                        "beyond any float",
                        "a huge number",
                        "an object",
                        "nul",
                        "half a surrogate pair",
                        "the other half",
                    }:
                        assert answer.status_code == 400, (path, place, what)
            doubled = json.dumps(good).replace("{", '{"unknown": 1, ', 1)
            answer = tried.send(
                sender,
                method.upper(),
                target,
                "unknown field",
                data=doubled,
                content_type="application/json",
            )
            assert answer.status_code == 400, path
    assert count > 200


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
                    tried.send(owner, "GET", path, (name, what), headers={name: prefix + text})


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
