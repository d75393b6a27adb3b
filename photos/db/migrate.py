"""Bring the database to the tables this code expects, once, however many processes start at the same time.

SQLite: everything in one `BEGIN IMMEDIATE` transaction, with foreign keys off (Alembic rebuilds tables, which
with foreign keys on would delete their children) and checked before the commit. MySQL and MariaDB: under
`GET_LOCK`; their DDL commits by itself, so every step of a migration can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from photos.db import mysql
from photos.db.engine import Database, begin_writing
from photos.errors import DatabaseError

if TYPE_CHECKING:
    from alembic.config import Config

SCRIPTS = Path(__file__).resolve().parents[2] / "migrations"
WAIT_SECONDS = 600
"""How long a process waits for another one that is migrating."""


def upgrade(database: Database, *, target: str = "head", scripts: Path = SCRIPTS) -> bool:
    """Run the migrations that are missing; True if there were any.

    Raises DatabaseError if the database is out of reach, or busy with another migration for WAIT_SECONDS.
    """
    from alembic import command

    return _run(database, scripts, lambda config: command.upgrade(config, target))


def downgrade(database: Database, *, target: str, scripts: Path = SCRIPTS) -> bool:
    """Take migrations back until `target` (`base`: all); True if there were any. It loses content."""
    from alembic import command

    return _run(database, scripts, lambda config: command.downgrade(config, target))


def current(database: Database) -> str:
    """The last migration that the database has seen, empty for none. Raises DatabaseError."""
    with database.read() as connection:
        return _version(connection)


def newest(scripts: Path = SCRIPTS) -> str:
    """The last migration that this code knows."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory.from_config(_config(scripts)).get_current_head() or ""


def is_current(database: Database, *, scripts: Path = SCRIPTS) -> bool:
    """Whether the database has the tables this code expects. Raises DatabaseError."""
    return current(database) == newest(scripts)


def _run(database: Database, scripts: Path, act: Callable[[Config], None]) -> bool:
    locked = _locked_sqlite if database.is_sqlite else _locked_mysql
    with database.translated("migrate"), database.engine.connect() as connection, locked(connection):
        before = _version(connection)
        if not database.is_sqlite:
            # an open transaction would make Alembic keep the version in it while the tables commit
            connection.commit()
        config = _config(scripts)
        config.attributes["connection"] = connection
        act(config)
        return _version(connection) != before


def _config(scripts: Path) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return connection.scalar(text("SELECT version_num FROM alembic_version")) or ""


@contextmanager
def _locked_sqlite(connection: Connection) -> Iterator[None]:
    raw = connection.connection.cursor()
    raw.execute("PRAGMA foreign_keys=OFF")  # without effect inside a transaction, so before it
    try:
        with begin_writing(connection, patience_seconds=WAIT_SECONDS):
            yield
            orphans = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if orphans:
                raise DatabaseError("migrate", f"{len(orphans)} rows would lose the row they belong to")
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
        raw.close()


@contextmanager
def _locked_mysql(connection: Connection) -> Iterator[None]:
    # changing a large table takes as long as it takes
    with mysql.patience(connection), mysql.server_lock(connection, "", seconds=WAIT_SECONDS):
        connection.commit()
        try:
            yield
        finally:
            connection.rollback()
