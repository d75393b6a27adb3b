"""Every test here that asks for `database` runs twice: on SQLite and on MariaDB."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, event

from photos.db import migrate
from photos.db.engine import Database
from photos.db.schema import metadata
from photos.db.server_users import RIGHTS
from tests.db.dialect import refuse_what_mysql_refuses
from tests.servers.mariadb import MariaDB


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    with database.engine.connect() as connection:
        connection.connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").close()
    database.close()
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty SQLite database with all tables."""
    shutil.copy(sqlite_template, tmp_path / "photos.db")
    database = Database(f"sqlite:///{tmp_path / 'photos.db'}")
    yield database
    database.close()


@pytest.fixture(scope="session")
def migrated_mariadb_url(mariadb: MariaDB) -> Iterator[str]:
    """A MariaDB database with all tables, shared by the tests of one worker."""
    url = mariadb.create_database()
    database = Database(url)
    migrate.upgrade(database)
    database.close()
    yield url
    mariadb.drop_database(url)


@pytest.fixture(scope="session")
def application_url(mariadb: MariaDB, migrated_mariadb_url: str) -> str:
    """The same as a user who may change rows and nothing else, as in production."""
    return mariadb.create_user("app", "p@ss:w/rd%20", RIGHTS, migrated_mariadb_url)


@pytest.fixture
def mariadb_database(application_url: str) -> Iterator[Database]:
    """A MariaDB database with all tables and no rows. Fails a test whose SQL MySQL 8 would refuse, or whose
    user would need more than the four rights over rows."""
    database = Database(application_url)
    event.listen(database.engine, "before_cursor_execute", refuse_what_mysql_refuses)
    yield database
    with database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(delete(table))
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
