"""Every test here that asks for `database` runs twice: on SQLite and on MariaDB."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import event

from photos.db.engine import Database
from photos.db.server_users import RIGHTS
from tests.db.dialect import refuse_what_mysql_refuses
from tests.servers.mariadb import MariaDB


@pytest.fixture
def sqlite_database(migrated_sqlite_url: str) -> Iterator[Database]:
    """An empty SQLite database with all tables."""
    database = Database(migrated_sqlite_url)
    yield database
    database.close()


@pytest.fixture(scope="session")
def application_url(mariadb: MariaDB, shared_mariadb_url: str) -> str:
    """The shared database as a user who may change rows and nothing else, as in production."""
    return mariadb.create_user("app", "p@ss:w/rd%20", RIGHTS, shared_mariadb_url)


@pytest.fixture
def mariadb_database(application_url: str, migrated_mariadb_url: str) -> Iterator[Database]:
    """A MariaDB database with all tables and no rows. Fails a test whose SQL MySQL 8 would refuse, or whose
    user would need more than the four rights over rows."""
    database = Database(application_url)
    event.listen(database.engine, "before_cursor_execute", refuse_what_mysql_refuses)
    yield database
    database.close()


@pytest.fixture(params=["sqlite", "mariadb"])
def database(request: pytest.FixtureRequest) -> Database:
    """The database under test, on each engine."""
    found = request.getfixturevalue(f"{request.param}_database")
    assert isinstance(found, Database)
    return found


@pytest.fixture(params=["sqlite", "mariadb"])
def empty_url(request: pytest.FixtureRequest) -> str:
    """URL of a database without any table, on each engine."""
    url = request.getfixturevalue(f"{request.param}_url")
    assert isinstance(url, str)
    return url
