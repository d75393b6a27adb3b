"""What people see while their database server fails over, falls silent or is overrun."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import text

from photos.backends.storage.folder import create_folder
from photos.config import Settings
from photos.db import mysql
from photos.db.server_users import RIGHTS
from tests.servers.mariadb import MariaDB
from tests.servers.proxy import FaultProxy
from tests.web.conftest import Browser, settings_in

FILE = {"name": "a.jpg", "size": 3, "sha256": sha256(b"abc").hexdigest()}


@pytest.fixture
def proxy(mariadb: MariaDB) -> Iterator[FaultProxy]:
    with FaultProxy(mariadb.port) as proxy:
        yield proxy


@pytest.fixture
def settings(data_folder: Path, mariadb: MariaDB, migrated_mariadb_url: str, proxy: FaultProxy) -> Settings:
    """A library on a server behind a proxy, as a user with the four rights of production."""
    create_folder(data_folder / "storage")
    url = mariadb.create_user("web", "p@ss:w/rd%20", RIGHTS, migrated_mariadb_url)
    return settings_in(data_folder, DATABASE_URL=url.replace(f":{mariadb.port}/", f":{proxy.port}/"))


@pytest.fixture
def owner(person: Callable[..., Browser]) -> Browser:
    return person("owner@example.org")


def seconds_of(browser: Browser, path: str, status: int) -> float:
    begun = time.monotonic()
    answer = browser.get(path)
    assert answer.status_code == status, path
    if status == 503:
        assert "Nothing is lost" in answer.text and int(answer.headers["Retry-After"]) > 0
    return time.monotonic() - begun


def test_f15_pages_are_read_and_uploads_say_soon_while_the_server_may_only_be_read(
    owner: Browser, mariadb: MariaDB
) -> None:
    mariadb._execute("SET GLOBAL read_only = 1")
    try:
        seconds_of(owner, "/", 200)
        seconds_of(owner, "/uploads", 200)
        refused = owner.api("POST", "/api/v1/uploads", {"files": [FILE]})
        assert (refused.status_code, refused.get_json()["code"]) == (503, "database_unavailable")
        assert int(refused.headers["Retry-After"]) > 0
    finally:
        mariadb._execute("SET GLOBAL read_only = 0")
    assert owner.api("POST", "/api/v1/uploads", {"files": [FILE]}).status_code < 300


def test_f15_a_server_that_falls_silent_holds_nobody(owner: Browser, proxy: FaultProxy) -> None:
    seconds_of(owner, "/", 200)
    proxy.black_hole = True
    assert seconds_of(owner, "/", 503) < mysql.PING_SECONDS + mysql.CONNECT_SECONDS + 2
    assert seconds_of(owner, "/", 503) < mysql.CONNECT_SECONDS + 1.5
    seconds_of(owner, "/health", 200)
    proxy.heal()
    seconds_of(owner, "/", 200)


def test_f17_when_all_connections_are_taken_that_is_told_in_two_seconds(owner: Browser) -> None:
    database = owner.client.application.extensions["bigimage"].database
    held = [database.engine.connect() for _ in range(10)]
    for connection in held:
        connection.execute(text("SELECT 1"))
    assert seconds_of(owner, "/", 503) < 2.5
    seconds_of(owner, "/health", 200)
    for connection in held:
        connection.close()
    seconds_of(owner, "/", 200)
