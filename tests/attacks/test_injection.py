"""Words that try to be more than words: SQL, index syntax, templates, headers, file names, log lines."""

from __future__ import annotations

import base64
import io
import itertools
import json
import logging
import re
import time
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any
from urllib.parse import quote, unquote

import pytest
from flask import Flask

from photos.logs import JsonFormatter
from photos.services import accounts
from photos.web.origins import safe_next
from tests import pictures
from tests.attacks import payloads
from tests.attacks.belongings import Belongings, send_file, snapshot
from tests.web.conftest import PASSWORD, Browser, People

API = "/api/v1"
SLOWEST_SECONDS = 30.0
"""Far below the minute that a SLEEP would take, far above what a busy machine takes."""

PARAMETERS = {
    "/": ("cursor",),
    "/trash": ("cursor",),
    "/uploads": ("cursor",),
    "/search": ("q", "order", "cursor"),
    "/account/people": ("cursor",),
    "/sign-in": ("next",),
    "/sign-in/callback": ("code", "state", "error"),
    f"{API}/photos": ("shelf", "limit", "cursor", "q"),
    f"{API}/photos/states": ("ids",),
    f"{API}/people": ("limit", "cursor"),
    f"{API}/search": ("q", "order", "limit", "cursor"),
    f"{API}/search/suggestions": ("q", "at"),
    f"{API}/map": ("south", "zoom", "q"),
    f"{API}/timeline": ("shelf",),
    f"{API}/duplicates": ("cursor",),
    f"{API}/changes": ("cursor",),
}
"""Every parameter that reaches a query, and those of signing in."""

PATHS = (
    "/photos/{}",
    "/photos/{}/delete",
    f"{API}/photos/{{}}",
    f"{API}/uploads/{{}}",
    f"{API}/changes/{{}}",
    f"{API}/timeline/{{}}",
    "/downloads/{}",
    "/provider/link/{}",
    "/media/{}",
    "/static/{}",
)
"""Every place in an address that names a thing."""


@pytest.fixture(params=["sqlite", "mariadb"])
def admin(request: pytest.FixtureRequest, make_app: Callable[..., Flask]) -> Browser:
    """An administrator of a library on either database."""
    if request.param == "sqlite":
        app = make_app()
    else:
        app = make_app(database_url=request.getfixturevalue("migrated_mariadb_url"))
    database = app.extensions["bigimage"].database
    user = accounts.create_account("admin@example.org", PASSWORD, is_admin=True, database=database)
    browser = Browser(app.test_client(), user)
    assert browser.sign_in("admin@example.org").status_code == 303
    assert browser.post("/uploads", {"files": [upload("a.jpg")]}, content_type=FORM).status_code == 303
    browser.get("/uploads")  # takes the message, which would be a change
    return browser


FORM = "multipart/form-data"


def upload(name: str) -> tuple[Any, str]:
    """A small photo for the plain form."""
    return io.BytesIO(pictures.jpeg(64, 48)), name


def app_of(browser: Browser) -> Flask:
    """The application that a browser talks to."""
    return browser.client.application


def fair(answer: Any, begin: float, *told: object) -> None:
    """It was answered, soon, and without a word from inside."""
    assert time.monotonic() - begin < SLOWEST_SECONDS, told
    assert answer.status_code < 500, told
    for word in ("Traceback", "sqlalchemy", "sqlite3", "MySQL", "MariaDB", "$argon2", "SELECT "):
        assert word not in answer.text or word in str(told), (word, told)


def test_row_067_parameters_are_values_and_never_sql(admin: Browser) -> None:
    before = snapshot(app_of(admin))
    for path, names in PARAMETERS.items():
        for name, value in itertools.product(names, (*payloads.SQL, *payloads.NUMBERS)):
            begin = time.monotonic()
            answer = admin.get(path, query_string={name: value})
            fair(answer, begin, path, name, value)
    assert snapshot(app_of(admin)) == before


def test_row_067_ids_are_values_and_never_sql(admin: Browser) -> None:
    for path, value in itertools.product(PATHS, (*payloads.SQL, *payloads.FILE_NAMES)):
        begin = time.monotonic()
        with admin.get(path.format(quote(value, safe=""))) as answer:
            assert answer.status_code in {303, 308, 400, 403, 404, 405, 410}, (path, value)
            fair(answer, begin, path, value)


def test_row_067_what_is_written_comes_back_and_changes_nothing_else(admin: Browser) -> None:
    (photo,) = admin.api("GET", f"{API}/photos").json["items"]
    address = f"{API}/photos/{photo['id']}"
    for value in payloads.SQL:
        changed = admin.api("PATCH", address, {"description": f"x{value}x", "tags": [f"x{value}x"]})
        assert changed.status_code == 200, value
        assert changed.json["description"] == f"x{value}x"
        assert changed.json["tags"] == [f"x{value}x"]
        assert admin.post("/account/name", {"name": f"x{value}x"}).status_code == 303
        assert admin.api("GET", f"{API}/me").json["name"] == f"x{value}x".replace("\ufeff", "")
        found = admin.api("PUT", f"{address}/labels/{quote(value, safe='')}/verdict", {"verdict": "kept"})
        assert found.status_code in {400, 404, 308}
    (again,) = admin.api("GET", f"{API}/photos").json["items"]
    assert (again["id"], again["sha256"]) == (photo["id"], photo["sha256"])


def test_row_067_signing_in_is_no_way_into_sql(admin: Browser) -> None:
    for field, value in itertools.product(("email", "password"), payloads.SQL[:12]):
        visitor = Browser(app_of(admin).test_client())
        page = visitor.get("/sign-in").headers["Location"]
        form = {"email": "admin@example.org", "password": "wrong-password-1"} | {field: value}
        begin = time.monotonic()
        answer = visitor.post(page, form)
        fair(answer, begin, value)
        assert answer.status_code in {400, 429}


CURSORS = (
    [],
    [1],
    [1, 2, 3],
    [1, "2"],
    [1.5, 2],
    [True, False],
    [2**63, 1],
    [-(2**64), 1],
    [10**400, 1],
    [None, None],
    {"a": 1},
    "x",
    0,
    [[1], [2]],
    ["1; DROP TABLE photo", 1],
)


PAGED = (
    *("/", "/archive", "/trash", "/uploads", "/search?q=a", "/duplicates", "/changes"),
    *(f"{API}/{name}" for name in ("photos", "search?q=a", "duplicates", "changes")),
)
"""Every list that goes on at a cursor."""
OF_ONE_KEY = ("/duplicates", "/changes", f"{API}/duplicates", f"{API}/changes")
"""Where a cursor is one number."""


def packed(values: object) -> str:
    """A cursor as ours look."""
    return base64.urlsafe_b64encode(json.dumps(values).encode()).rstrip(b"=").decode()


def test_row_066_odd_numbers_and_places_are_refused_in_words(people: People) -> None:
    made = [packed(values) for values in CURSORS]
    made += ["A" * 199, "[" * 50, packed("[" * 90), "=", "é", "\0", "-" * 200, "W10", "W1tb", "bnVsbA"]
    made.append(base64.urlsafe_b64encode(b"[" * 140).decode())
    for path in PAGED:
        for cursor in (*made, *payloads.NUMBERS):
            begin = time.monotonic()
            glue = "&" if "?" in path else "?"
            answer = people.owner.get(f"{path}{glue}cursor={quote(cursor)}")
            fair(answer, begin, path, cursor)
            is_place = cursor == "" or (cursor == packed([1]) and path in OF_ONE_KEY)
            assert answer.status_code == 400 or is_place, (path, cursor)
    for name in ("limit", "page", "size", "offset", "from"):
        for number in payloads.NUMBERS:
            answer = people.owner.get(f"{API}/photos", query_string={name: number})
            assert answer.status_code in {200, 400}
            if name == "limit" and answer.status_code == 200:
                assert 1 <= int(number) <= 200


def test_row_065_no_query_gets_past_its_language(people: People, belongings: Belongings) -> None:
    queries = [
        *payloads.FULL_TEXT,
        " OR ".join(["zebra"] * 2000),
        "a" * 10_240,
        "a~2 " * 50,
        "(" * 128 + "zebra" + ")" * 128,
        "-" * 255,
        "(a " * 85,
        "zebra OR " * 28,
        "label:" * 40,
        "*" * 256,
    ]
    for order in ("newest", "oldest", "relevance"):
        for query in queries:
            begin = time.monotonic()
            answer = people.member.api("GET", f"{API}/search", query_string={"q": query, "order": order})
            fair(answer, begin, query)
            assert answer.status_code in {200, 400}, query
            if answer.status_code == 200:
                assert answer.json["items"] == [], query
            else:
                assert answer.json["detail"].strip()
            page = people.member.get("/search", query_string={"q": query, "order": order})
            assert page.status_code in {200, 400}
            assert belongings.values["photo_id"] not in page.text


def test_templates_are_not_filled_in_from_outside(people: People, belongings: Belongings) -> None:
    photo = belongings.values["photo_id"]
    for value in payloads.TEMPLATES:
        assert people.owner.api("PATCH", f"{API}/photos/{photo}", {"description": value}).status_code == 200
        assert people.owner.post("/account/name", {"name": value}).status_code == 303
        places = [f"/photos/{photo}", "/", "/account", f"/search?q={quote(value)}", f"/none/{quote(value)}"]
        for place in places:
            page = people.owner.get(place)
            assert page.status_code < 500
            text = re.sub(r'(nonce|content|value|href|src)="[^"]*"', "", page.text)
            assert ">49<" not in text
            assert "SECRET_KEY" not in page.text
    assert "{{7*7}}" in people.owner.api("GET", f"{API}/photos/{photo}").text or value != "{{7*7}}"


def test_no_value_becomes_a_header_of_its_own(people: People, belongings: Belongings) -> None:
    photo = belongings.values["photo_id"]
    for value in payloads.HEADERS:
        coded = quote(value, safe="%")
        answers = [
            people.owner.get(f"/sign-in?next=/{coded}"),
            people.nobody.get(f"/sign-in?next=/{coded}"),
            people.nobody.get(f"/{coded}"),
            people.owner.get(f"/search?q={coded}"),
            people.owner.post("/account/theme", {"theme": value}),
            people.owner.post("/account/name", {"name": value}),
            people.owner.post(f"/photos/{photo}/tags", {"tags": value}),
            people.owner.post(f"/photos/{photo}/label", {"name": value, "verdict": "keep"}),
            people.owner.api("GET", f"{API}/photos?{coded}=1"),
        ]
        for answer in answers:
            assert answer.status_code < 500
            names = [name.lower() for name, _ in answer.headers]
            assert names.count("location") <= 1
            for name, content in answer.headers:
                assert "\r" not in content
                assert "\n" not in content
                assert not (name == "Set-Cookie" and content.startswith("x="))
            assert "evil.example" not in answer.headers.get("Location", "").partition("?")[0]


def test_row_057_a_file_name_is_one_header_and_nothing_else(app: Flask, people: People) -> None:
    store = app.extensions["bigimage"].storage
    store.put("originals/named", pictures.jpeg(8, 8), media_type="image/jpeg")
    for name in payloads.FILE_NAMES:
        url = store.url("originals/named", media_type="image/jpeg", download_name=name)
        with people.owner.client.get(url) as answer:
            assert answer.status_code == 200, name
            assert len(answer.headers.getlist("Content-Disposition")) == 1
            assert "Set-Cookie" not in answer.headers
            header = answer.headers["Content-Disposition"]
        parsed = Message()
        parsed["Content-Disposition"] = header
        shown = parsed.get_filename() or ""
        coded = re.search(r"filename\*=UTF-8''(\S+)$", header)
        for told in (shown, unquote(coded[1]) if coded else shown):
            assert told
            assert not re.search(r"[/\\\x00-\x1f\x7f\u202e\ufeff]", told), (name, told)
            assert told not in {".", ".."}
            assert len(told) <= 150


def test_row_057_every_name_can_be_uploaded_shown_and_fetched(people: People) -> None:
    for number, name in enumerate(payloads.FILE_NAMES):
        sent = send_file(people.owner, pictures.jpeg(32 + number, 32), name)
        assert sent.status_code == 200 or (sent.status_code == 400 and "\0" in name), (name, sent.text)
    items = people.owner.api("GET", f"{API}/photos?limit=200").json["items"]
    assert len(items) >= len(payloads.FILE_NAMES) - 4
    for item in items:
        assert 0 < len(item["name"]) <= 255
        assert not re.search(r"[/\\\x00-\x1f]", item["name"]), item["name"]
        with people.owner.client.get(item["original_url"]) as original:
            assert original.status_code == 200
        assert people.owner.get(f"/photos/{item['id']}").status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example", "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/%09/evil.example",
        "///evil.example", "////evil.example", "https:evil.example", "https:/evil.example", "http:evil",
        "http://good@evil.example", "/%5cevil.example", "/%2f%2fevil.example", "/%2Fevil.example",
        "javascript:alert(1)", "data:text/html,x", "/\r\nLocation: //evil.example", "/\x00//evil.example",
        " //evil.example", "/ //evil.example", "\u2028//evil.example", "//evil.example/%2e%2e", "#//evil",
        "/..//evil.example", "//localhost@evil.example", "/\u2215evil.example", "?next=//evil.example",
        "/.//evil.example",
        "//[::1]/", "http:///evil.example", "//evil%E3%80%82example", "/%0d%0aLocation:%20//evil.example",
    ],
)  # fmt: skip
def test_row_029_no_way_leads_out_of_the_house(app: Flask, people: People, target: str) -> None:
    with app.test_request_context():
        kept = safe_next(target)
    assert kept.startswith("/")
    assert not re.match(r"/[/\\\s]", kept)
    visitor = Browser(app.test_client())
    landed = visitor.get("/sign-in", query_string={"next": target}).headers["Location"]
    assert landed.startswith("http://localhost/provider/authorize?")
    answer = people.owner.get("/sign-in", query_string={"next": target}).headers["Location"]
    assert answer.startswith("/")
    assert not re.match(r"/[/\\\s]", answer)


@pytest.fixture
def log(app: Flask) -> Iterator[io.StringIO]:
    """What the application logs."""
    (handler,) = (one for one in logging.getLogger().handlers if isinstance(one.formatter, JsonFormatter))
    assert isinstance(handler, logging.StreamHandler)
    written = io.StringIO()
    before = handler.setStream(written)
    yield written
    handler.setStream(before)


def test_row_072_whatever_is_logged_stays_one_line_that_parses(people: People, log: io.StringIO) -> None:
    for value in payloads.LOGS:
        short = value[:2000]
        people.nobody.client.get(f"/{quote(short)}", headers={"User-Agent": repr(short)[:500]})
        people.owner.post("/account/name", {"name": value})
        people.owner.get("/search", query_string={"q": short})
        people.nobody.client.get("/", headers={"X-Request-Id": "a", "X-Forwarded-For": repr(short)[:500]})
    logged = log.getvalue().splitlines()
    assert len(logged) >= 3 * len(payloads.LOGS)
    for line in logged:
        assert len(line) < 40_000
        record = json.loads(line)
        assert isinstance(record, dict)
        assert "\x1b" not in line
