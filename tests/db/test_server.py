"""Connections to a server: proven, renewed, given up in time (F15), repeated where nothing remains (F16)."""

from __future__ import annotations

import time
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError

from photos.db import mysql
from photos.db.diagnose import diagnose
from photos.db.engine import Database, repeated
from photos.db.mysql import Credentials
from photos.db.schema import user as user_table
from photos.db.server_users import RIGHTS
from photos.errors import DatabaseError, RolledBack
from tests.db.making import add_user
from tests.servers.certificates import Authority
from tests.servers.mariadb import MariaDB
from tests.servers.proxy import FaultProxy

PASSWORD = "p@ss:w/rd%20"


@pytest.fixture
def proxied(mariadb: MariaDB, mariadb_database: Database) -> Iterator[tuple[Database, FaultProxy]]:
    """The application's database behind a proxy that fails on demand."""
    with FaultProxy(mariadb.port) as proxy:
        url = mariadb_database.url.set(port=proxy.port)
        database = Database(url.render_as_string(hide_password=False), connections=2)
        yield database, proxy
        database.close()


def count_users(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(select(func.count()).select_from(user_table)) or 0


def own_session(database: Database) -> int:
    with database.read() as connection:
        return connection.scalar(text("SELECT CONNECTION_ID()")) or 0


# what a session is


def test_a_statement_goes_to_the_server_once(mariadb_database: Database) -> None:
    """Com_admin_commands counts the pings of this session."""
    with mariadb_database.read() as connection:

        def pings() -> int:
            row = connection.execute(text("SHOW SESSION STATUS LIKE 'Com_admin_commands'")).one()
            return int(row[1])

        before = pings()
        assert connection.scalar(text("SELECT 1")) == 1
        assert pings() == before


def test_a_session_has_our_rules_whatever_the_server_thinks(
    mariadb: MariaDB, mariadb_database: Database
) -> None:
    mariadb._execute("SET GLOBAL sql_mode = '', GLOBAL wait_timeout = 60")
    try:
        mariadb_database.engine.dispose()
        with mariadb_database.read() as connection:
            found = connection.execute(
                text("SELECT @@sql_mode, @@wait_timeout, @@tx_isolation, @@time_zone, @@character_set_client")
            ).one()
    finally:
        mariadb._execute("SET GLOBAL sql_mode = DEFAULT, GLOBAL wait_timeout = DEFAULT")
    assert "STRICT_TRANS_TABLES" in found[0]
    assert found[1] > mysql.RECYCLE_SECONDS
    assert found[2:] == ("READ-COMMITTED", "+00:00", "utf8mb4")


def test_errors_do_not_repeat_what_was_written(mariadb_database: Database, sqlite_database: Database) -> None:
    for database in (mariadb_database, sqlite_database):
        with pytest.raises((DatabaseError, ProgrammingError)) as caught, database.write() as connection:
            connection.execute(text("SELECT :word FROM nowhere"), {"word": "canary-1"})
        told = "".join(traceback.format_exception(caught.value))
        assert "nowhere" in told and "canary-1" not in told.replace('{"word": "canary-1"}', "")


# who signs in


def test_a_refused_password_is_read_again_once(mariadb: MariaDB, application_url: str) -> None:
    told: list[bool] = []
    kept = {"password": PASSWORD}

    def sign_in(is_refused: bool) -> Credentials:
        told.append(is_refused)
        return Credentials("app", kept["password"] if is_refused or len(told) == 1 else PASSWORD)

    database = Database(application_url.replace("app:", "nobody:"), sign_in=sign_in)
    try:
        database.ping()
        assert told == [False]
        kept["password"] = "another %p&ss"
        mariadb.create_user("app", kept["password"], RIGHTS, application_url)
        database.ping()
        assert told == [False], "who is signed in stays so"
        database.engine.dispose()
        database.ping()
        assert told == [False, False, True]
        kept["password"] = "wrong"
        database.engine.dispose()
        with pytest.raises(DatabaseError):
            database.ping()
        assert told[3:] == [False, True]
    finally:
        mariadb.create_user("app", PASSWORD, RIGHTS, application_url)
        database.close()
    assert "another" not in repr(Credentials("app", "another %p&ss"))


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def tls_url(authority: Authority) -> Iterator[str]:
    """A server that proves to be 127.0.0.1, and a user who has to come over TLS."""
    server = MariaDB.create()
    issued = authority.issue("127.0.0.1")
    server.options = (
        f"--ssl-ca={authority.certificate}",
        f"--ssl-cert={issued.chain}",
        f"--ssl-key={issued.key}",
    )
    try:
        server.start()
        yield server.create_user("tls", PASSWORD, "ALL", server.create_database(), over_tls=True)
    finally:
        server.remove()


def wrong(url: str, ca: Path) -> str:
    """What is wrong with a server that nobody may talk to."""
    database = Database(url, ca=ca)
    try:
        with pytest.raises(DatabaseError):
            database.ping()
        return diagnose(database)
    finally:
        database.close()


def test_a_server_that_proves_who_it_is_is_talked_to(tls_url: str, authority: Authority) -> None:
    database = Database(tls_url, ca=authority.certificate)
    with database.read() as connection:
        _, cipher = connection.execute(text("SHOW STATUS LIKE 'Ssl_cipher'")).one()
    database.close()
    assert cipher


def test_one_signed_by_somebody_else_is_not(tls_url: str, tmp_path: Path) -> None:
    sentence = wrong(tls_url, Authority(tmp_path).certificate)
    assert "certificate" in sentence and "DATABASE_CA" in sentence, sentence


def test_one_with_another_name_is_not(tls_url: str, authority: Authority) -> None:
    sentence = wrong(tls_url.replace("127.0.0.1", "localhost"), authority.certificate)
    assert "certificate of localhost" in sentence and "DATABASE_URL" in sentence, sentence


def test_one_without_tls_is_not(application_url: str, authority: Authority) -> None:
    sentence = wrong(application_url, authority.certificate)
    assert "offers no TLS" in sentence, sentence


# what is given up in time


def test_a_slow_answer_is_given_up_and_never_taken_for_the_next(
    mariadb_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mysql, "READ_SECONDS", 1)
    database = Database(mariadb_database.url.render_as_string(hide_password=False), connections=2)
    begun = time.monotonic()
    with pytest.raises(DatabaseError) as caught, database.write() as connection:
        connection.execute(text("SELECT SLEEP(4), 41"))
    assert time.monotonic() - begun < 3.5
    assert not isinstance(caught.value, RolledBack), "it would be as slow again"
    with database.read() as connection:
        assert connection.scalar(text("SELECT 42")) == 42
    database.close()


def test_a_server_that_fell_silent_costs_no_request_long(proxied: tuple[Database, FaultProxy]) -> None:
    database, proxy = proxied
    database.ping()
    proxy.black_hole = True
    begun = time.monotonic()
    with pytest.raises(DatabaseError):
        database.ping()
    assert time.monotonic() - begun < mysql.PING_SECONDS + mysql.CONNECT_SECONDS + 2
    proxy.heal()
    database.ping()


def test_a_request_does_not_wait_long_for_a_connection(proxied: tuple[Database, FaultProxy]) -> None:
    database, _ = proxied
    held = [database.engine.connect() for _ in range(2)]
    begun = time.monotonic()
    with pytest.raises(DatabaseError):
        database.ping()
    assert 1 < time.monotonic() - begun < 2.5
    for connection in held:
        connection.close()
    database.ping()


# failover, and what is repeated


def test_writers_follow_to_the_server_that_takes_over(mariadb: MariaDB, mariadb_database: Database) -> None:
    sessions = []

    @repeated
    def write() -> None:
        with mariadb_database.write() as connection:
            sessions.append(connection.scalar(text("SELECT CONNECTION_ID()")))
            if len(sessions) == 2:
                mariadb._execute("SET GLOBAL read_only = 0")
            add_user(connection)

    idle = own_session(mariadb_database)
    mariadb._execute("SET GLOBAL read_only = 1")
    try:
        write()
    finally:
        mariadb._execute("SET GLOBAL read_only = 0")
    assert sessions[0] == idle and sessions[1] != idle, "the old session leads to the old server"
    assert count_users(mariadb_database) == 1


def test_a_transaction_whose_session_died_is_made_again(mariadb: MariaDB, mariadb_database: Database) -> None:
    attempts = []

    @repeated
    def write() -> None:
        with mariadb_database.write() as connection:
            add_user(connection)
            attempts.append(connection.scalar(text("SELECT CONNECTION_ID()")))
            if len(attempts) == 1:
                mariadb._execute(f"KILL {attempts[0]}")
            add_user(connection)

    write()
    assert len(attempts) == 2
    assert count_users(mariadb_database) == 2


def test_a_commit_without_an_answer_is_not_made_again(proxied: tuple[Database, FaultProxy]) -> None:
    """Nobody knows whether it holds; whoever asks again by key finds out."""
    database, proxy = proxied
    attempts = []

    @repeated
    def write() -> None:
        with database.write() as connection:
            attempts.append(add_user(connection))
            proxy.cut_after(1)

    with pytest.raises(DatabaseError) as caught:
        write()
    assert not isinstance(caught.value, RolledBack)
    assert len(attempts) == 1
    proxy.heal()
    assert count_users(database) == 1
