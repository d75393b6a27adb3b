"""`flask check database`: each thing that can be wrong has its own words, which say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import URL, make_url

from photos.db.budget import Fleet
from photos.db.diagnose import diagnose
from photos.db.engine import Database
from photos.db.server_users import RIGHTS
from tests.servers.mariadb import MariaDB

PASSWORD = "canary-pass 9"


@contextmanager
def opened(url: str | URL) -> Iterator[Database]:
    database = Database(url if isinstance(url, str) else url.render_as_string(hide_password=False))
    try:
        yield database
    finally:
        database.close()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": PASSWORD}, "refuses the password of the user app"),
        ({"username": "nobody"}, "refuses the password of the user nobody"),
        ({"database": "mysql"}, "The database user app has no rights on mysql"),
        ({"username": "root", "password": "", "database": "nowhere"}, "There is no database nowhere"),
        ({"port": 1}, "Nothing answers at 127.0.0.1, port 1: is the database running"),
        ({"host": "no-such-host.invalid"}, "There is no host no-such-host.invalid"),
    ],
)
def test_what_is_wrong_with_the_address_is_told_apart(
    mariadb_database: Database, change: dict[str, str | int], words: str
) -> None:
    with opened(mariadb_database.url.set(**change)) as database:  # type: ignore[arg-type]
        sentence = diagnose(database)
    assert words in sentence and PASSWORD not in sentence, sentence


def test_nothing_wrong_is_nothing_to_say(mariadb_database: Database) -> None:
    assert diagnose(mariadb_database) == ""


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        ("SELECT", "(INSERT on every table; UPDATE on every table; DELETE on every table)"),
        ("SELECT, INSERT, UPDATE", "(DELETE on every table)"),
        ("INSERT, UPDATE, DELETE", "lacks rights in"),
    ],
)
def test_missing_rights_are_named(
    mariadb: MariaDB, migrated_mariadb_url: str, rights: str, words: str
) -> None:
    url = mariadb.create_user("weak", PASSWORD, rights, migrated_mariadb_url)
    with opened(url) as database:
        assert words in diagnose(database)


def test_a_right_on_some_tables_only_is_told_by_their_names(
    mariadb: MariaDB, migrated_mariadb_url: str
) -> None:
    url = mariadb.create_user("weak", PASSWORD, "SELECT, INSERT, UPDATE", migrated_mariadb_url)
    name = make_url(url).database
    with opened(migrated_mariadb_url) as root, root.read() as connection:
        tables = connection.exec_driver_sql(
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{name}'"
        ).scalars()
        for table in tables:
            if table not in {"lease", "photo"}:
                mariadb._execute(f"GRANT DELETE ON {name}.`{table}` TO weak@'%'")
    with opened(url) as database:
        sentence = diagnose(database)
    assert "DELETE on" in sentence and "lease" in sentence and "photo" in sentence, sentence
    assert "upload" not in sentence.partition("GRANT")[0], sentence


def test_missing_tables_are_told(mariadb_url: str) -> None:
    with opened(mariadb_url) as database:
        assert "flask migrate" in diagnose(database)


def test_another_way_of_keeping_text_is_told(mariadb: MariaDB, mariadb_url: str) -> None:
    name = make_url(mariadb_url).database
    with opened(mariadb_url) as database:
        mariadb._execute(f"CREATE TABLE {name}.old (a TEXT) CHARACTER SET latin1")
        assert "These tables" in (sentence := diagnose(database)) and ": old." in sentence
        mariadb._execute(f"ALTER DATABASE {name} CHARACTER SET latin1")
        database.engine.dispose()
        assert f"ALTER DATABASE `{name}` CHARACTER SET utf8mb4" in diagnose(database)


def test_a_fleet_that_is_too_large_for_the_server_is_told(
    mariadb: MariaDB, mariadb_database: Database
) -> None:
    fleet = Fleet(machines=4, processes=3, connections=10, doubles=True)
    mariadb._execute("SET GLOBAL max_connections = 85")
    try:
        assert "DATABASE_CONNECTIONS=3" in diagnose(mariadb_database, fleet)
        assert diagnose(mariadb_database, Fleet(machines=1, processes=3, connections=10, doubles=True)) == ""
    finally:
        mariadb._execute("SET GLOBAL max_connections = DEFAULT")


def test_a_user_whose_connections_are_all_taken_is_told(mariadb: MariaDB, migrated_mariadb_url: str) -> None:
    url = mariadb.create_user("few", PASSWORD, RIGHTS, migrated_mariadb_url)
    mariadb._execute("ALTER USER few@'%' WITH MAX_USER_CONNECTIONS 1")
    with opened(url) as first, first.engine.connect(), opened(url) as second:
        assert "lower DATABASE_CONNECTIONS" in diagnose(second)
