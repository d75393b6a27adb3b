"""A whole application on real local backends, and the people who use it.

`app` is made for each test on a copy of one migrated SQLite file, so it costs a few milliseconds. With
BIGIMAGE_TEST_ENGINE=mariadb the same tests run on a MariaDB database, which is emptied after each.
`people` has an owner, a member (another signed-in person), an admin, a stranger (whose session has
ended) and nobody (no cookie at all); each is a `Browser` that keeps cookies and sends CSRF tokens.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from photos.app import create_app
from photos.backends.storage.folder import create_folder
from photos.config import Settings, read_settings
from photos.db import sessions as session_rows
from photos.db.engine import Database
from photos.imaging.pool import Decoders
from photos.models import User
from photos.services import accounts
from photos.wiring import open_backends
from tests.compiling import TEMPLATES
from tests.web.shelves import Library

ORIGIN = "http://localhost"
PASSWORD = "a lighthouse at noon"
ON_MARIADB = os.environ.get("BIGIMAGE_TEST_ENGINE") == "mariadb"


@dataclass(frozen=True)
class Cast:
    """A migrated file with people in it, and the session cookie of each who is signed in."""

    file: Path
    users: dict[str, User]
    cookies: dict[str, str]


@pytest.fixture(scope="session")
def cast(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Cast:
    """Owner, member, admin and stranger, made once: hashing passwords is slow on purpose."""
    folder = tmp_path_factory.mktemp("cast")
    shutil.copy(migrated_file, folder / "bigimage.db")
    backends = open_backends(settings_in(folder))
    users, cookies = engage(create_app(backends=backends))
    flush(backends.database)
    backends.close()
    return Cast(folder / "bigimage.db", users, cookies)


def engage(app: Flask) -> tuple[dict[str, User], dict[str, str]]:
    """Make the people of a cast and sign them in: the people, and their cookies."""
    backends = app.extensions["bigimage"]
    users, cookies = {}, {}
    for name in ("owner", "member", "admin", "stranger"):
        email = f"{name}@example.org"
        users[name] = accounts.create_account(
            email, PASSWORD, is_admin=name == "admin", database=backends.database
        )
        browser = Browser(app.test_client(), users[name])
        assert browser.sign_in(email).status_code == 303
        cookies[name] = browser.cookie()
    with backends.database.write() as connection:
        session_rows.delete_sessions(connection, users["stranger"].id)
    return users, cookies


def flush(database: Database) -> None:
    """Write everything into the one file, so that it can be copied."""
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def settings_in(folder: Path, **more: str) -> Settings:
    """Settings of a small local library at http://localhost."""
    return read_settings(
        {
            "BIGIMAGE_DATA": str(folder),
            "BASE_URL": ORIGIN,
            "RECOGNITION": "off",
            "SECRET_KEY": "test-key-" * 5,
            **more,
        }
    )


@pytest.fixture
def settings(request: pytest.FixtureRequest, data_folder: Path) -> Settings:
    """Settings over a fresh data folder; the people are in it for tests that ask for them."""
    create_folder(data_folder / "storage")
    if ON_MARIADB:
        return settings_in(data_folder, DATABASE_URL=request.getfixturevalue("migrated_mariadb_url"))
    has_people = "people" in request.fixturenames
    file = request.getfixturevalue("cast").file if has_people else request.getfixturevalue("migrated_file")
    shutil.copy(file, data_folder / "bigimage.db")
    return settings_in(data_folder)


@pytest.fixture
def make_app(settings: Settings) -> Iterator[Callable[..., Flask]]:
    """Builds applications with some settings changed; several share one data folder."""
    opened = []

    def make(**changes: object) -> Flask:
        backends = open_backends(replace(settings, **changes))
        opened.append(backends)
        app = create_app(backends=backends)
        app.testing = True
        app.jinja_env.bytecode_cache = TEMPLATES
        app.config["PROPAGATE_EXCEPTIONS"] = False
        return app

    yield make
    for backends in opened:
        backends.close()


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application."""
    return make_app()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A bare client without CSRF help, at the application's origin."""
    return app.test_client()


@dataclass
class Browser:
    """Somebody at a browser: keeps cookies, sends the CSRF token of the page it last saw."""

    client: FlaskClient
    user: User | None = None
    origin: str = ORIGIN
    csrf: str = field(default="", repr=False)

    def get(self, path: str, **options: object) -> TestResponse:
        """GET, remembering the token of the page."""
        response = self.client.get(path, base_url=self.origin, **options)
        if response.mimetype == "text/html":
            found = re.search(r'<meta name="csrf-token" content="([^"]+)"', response.text)
            self.csrf = found[1] if found else self.csrf
        return response

    def post(self, path: str, form: dict[str, Any] | None = None, **options: object) -> TestResponse:
        """POST a form with the token; nothing is followed."""
        self._see_a_page()
        fields = {"csrf_token": self.csrf} | (form or {})
        return self.client.post(path, base_url=self.origin, data=fields, **options)

    def api(self, method: str, path: str, document: object = None, **options: object) -> TestResponse:
        """Call the API as a script of our pages does."""
        self._see_a_page()
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        body = {} if document is None else {"json": document}
        return self.client.open(path, method=method, base_url=self.origin, headers=headers, **body, **options)

    def sign_in(self, email: str, password: str = PASSWORD, *, target: str = "/") -> TestResponse:
        """The whole dance over the password page; returns the last answer."""
        start = self.get("/sign-in", query_string={"next": target})
        if start.status_code != 303:
            return start
        page = local_path(start)
        self.get(page)
        answer = self.post(page, {"email": email, "password": password})
        if answer.status_code != 303:
            return answer
        self.csrf = ""
        return self.get(local_path(answer))

    def cookie(self, name: str = "bigimage") -> str:
        """The value of a cookie, empty if there is none."""
        found = self.client.get_cookie(name, domain=urlsplit(self.origin).hostname or "localhost")
        return found.value if found else ""

    def _see_a_page(self) -> None:
        if not self.csrf:
            self.get("/account" if self.user else "/signed-out")


def local_path(response: TestResponse) -> str:
    """Path and query of a redirect."""
    parts = urlsplit(response.headers["Location"])
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


@dataclass(frozen=True)
class People:
    """The cast of an access test."""

    owner: Browser
    member: Browser
    admin: Browser
    stranger: Browser
    nobody: Browser

    def __iter__(self) -> Iterator[tuple[str, Browser]]:
        for name in ("owner", "member", "admin", "stranger", "nobody"):
            yield name, getattr(self, name)


@pytest.fixture
def person(app: Flask) -> Callable[..., Browser]:
    """Makes a signed-in person: `person("somebody@example.org", is_admin=False)`."""

    def make(email: str, *, is_admin: bool = False) -> Browser:
        database = app.extensions["bigimage"].database
        user = accounts.create_account(email, PASSWORD, is_admin=is_admin, database=database)
        browser = Browser(app.test_client(), user)
        assert browser.sign_in(email).status_code == 303
        return browser

    return make


@pytest.fixture
def people(app: Flask, make_app: Callable[..., Flask], request: pytest.FixtureRequest) -> People:
    """Owner, member, admin, stranger, nobody."""
    if ON_MARIADB:
        users, cookies = engage(make_app())
    else:
        cast = request.getfixturevalue("cast")
        users, cookies = cast.users, cast.cookies
    browsers = {}
    for name, user in users.items():
        browsers[name] = Browser(app.test_client(), user)
        browsers[name].client.set_cookie("bigimage", cookies[name])
    return People(nobody=Browser(app.test_client()), **browsers)


@pytest.fixture
def library(app: Flask, darkroom: Decoders, people: People) -> Iterator[Library]:
    """The owner's photos. At the end of each test rows, objects and index fit together."""
    shelf = Library(app, darkroom, people.owner)
    yield shelf
    assert shelf.differences() == []
    shelf.backends.__dict__.pop("darkroom")
