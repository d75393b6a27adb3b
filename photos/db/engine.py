"""Connections and transactions, the same on both engines.

SQLite: WAL, one writer at a time (`BEGIN IMMEDIATE`; a deferred read-then-write fails at once with
"locked" in spite of a time-out), full synchronous, foreign keys on. MySQL and MariaDB: `photos.db.mysql`.
"""

from __future__ import annotations

import functools
import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ParamSpec, TypeVar, cast

from sqlalchemy import Connection, Engine, RootTransaction, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    SQLAlchemyError,
)

from photos.db import mysql
from photos.db.sqlite_file import DatabaseFile
from photos.errors import ConfigError, DatabaseError, DatabaseFull, RolledBack

log = logging.getLogger(__name__)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WALL_EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
BUSY_SECONDS = 10
BUSY_PAUSE_SECONDS = (0.001, 0.005)
"""Between two tries to become SQLite's writer, at random. Its own handler waits up to 100 ms, the longer the
longer it has waited: whoever came late goes first, and a runner beside busy web processes hardly ever."""
CONNECTIONS = 10
"""At most, of one process to a server."""
TRIES = 3
COMMIT = "commit"
"""The action after whose failure nobody knows what remains."""
P = ParamSpec("P")
T = TypeVar("T")


def to_micros(instant: datetime) -> int:
    """Microseconds since 1970 UTC of an aware instant."""
    return (instant - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """The aware UTC instant of a stored number."""
    return EPOCH + micros * MICROSECOND


def wall_to_micros(wall: datetime) -> int:
    """A naive wall clock, counted as if it were UTC."""
    return (wall - WALL_EPOCH) // MICROSECOND


def wall_from_micros(micros: int) -> datetime:
    """The naive wall clock of a stored number."""
    return WALL_EPOCH + micros * MICROSECOND


def repeated(unit: Callable[P, T]) -> Callable[P, T]:
    """Call a function up to TRIES times while its transactions are rolled back by what will pass.

    It must open its transactions itself. Raises RolledBack when that was in vain.
    """

    @functools.wraps(unit)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, TRIES):
            try:
                return unit(*args, **kwargs)
            except RolledBack as error:
                log.info("%s is repeated: %s", unit.__name__, error)
                time.sleep(0.02 * attempt * random.uniform(0.5, 1.5))  # jitter
        return unit(*args, **kwargs)

    return call


def last_steps(connection: Connection) -> dict[str, Callable[[Connection], object]]:
    """What is to be done at the end of this writing transaction, still in it, by names of those who ask."""
    steps: dict[str, Callable[[Connection], object]] = connection.info.setdefault("last_steps", {})
    return steps


class Database:
    """One database. `read` and `write` open a connection with a transaction of its own.

    Both raise DatabaseError when the database is unreachable, full, read-only or busy for too long, and
    RolledBack, one of these, where nothing remains and the same may succeed at once (see `repeated`); a
    violated constraint stays SQLAlchemy's `IntegrityError`, which callers answer.

    `sign_in`, `ca` and `connections` are for servers: see `photos.db.mysql.open_engine`.
    """

    def __init__(
        self,
        url: str,
        *,
        sign_in: mysql.SignIn | None = None,
        ca: Path | None = None,
        connections: int = CONNECTIONS,
    ) -> None:
        self.url = make_url(url)
        self._file: DatabaseFile | None = None
        if self.url.get_backend_name() == "sqlite":
            self.engine = _sqlite(url)
            self._file = DatabaseFile(Path(self.url.database or ""))
        elif self.url.get_backend_name() in {"mysql", "mariadb"}:
            self.engine = mysql.open_engine(self.url, sign_in=sign_in, ca=ca, connections=connections)
        else:
            raise ConfigError(["DATABASE_URL must begin with sqlite:/// or mysql+mysqlconnector://."])

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing is committed: closing rolls back, once."""
        with self.translated("read"), self._connection() as connection:
            if self.is_sqlite:
                # takes no lock and touches no file, so nothing can fail that would have to be translated;
                # SQLAlchemy's event for it costs as much as a statement
                _driver(connection).execute("BEGIN DEFERRED")
            yield connection

    @contextmanager
    def write(self, *, is_flushed: bool = True) -> Iterator[Connection]:
        """One short writing transaction: committed at the end, rolled back by any error.

        One that is not flushed outlives a crash, and a power cut only if a flushed one has followed it: for
        what is found out again, such as a lease, never for what was promised. SQLite then does not wait for
        the disk.
        """
        begin = (
            functools.partial(begin_writing, is_flushed=is_flushed) if self.is_sqlite else Connection.begin
        )
        with self.translated("write"), self._connection() as connection:
            steps = last_steps(connection)
            try:
                with begin(connection) as transaction:
                    yield connection
                    while steps:
                        steps.popitem()[1](connection)
                    with self.translated(COMMIT):
                        transaction.commit()
            finally:
                steps.clear()

    def _connection(self) -> Connection:
        if self._file:
            self._file.check()
        return self.engine.connect()

    @contextmanager
    def translated(self, action: str) -> Iterator[None]:
        """Turn what SQLAlchemy raises into RolledBack, DatabaseFull or DatabaseError; `action` is a verb.

        What is none of them, such as IntegrityError, passes.
        """
        try:
            yield
        except DBAPIError as error:
            if mysql.is_undone(error, is_commit=action == COMMIT):
                raise RolledBack(action, type(error.orig).__name__) from error
            if _is_full(error):
                raise DatabaseFull(action, type(error.orig).__name__) from error
            if _is_outage(error):
                raise DatabaseError(action, type(error.orig).__name__) from error
            raise
        except SQLAlchemyError as error:
            if "QueuePool limit" in str(error):
                raise DatabaseError("lend a connection") from error
            raise

    def ping(self) -> None:
        """Raise DatabaseError unless a statement can be answered."""
        with self.read() as connection:
            connection.execute(text("SELECT 1"))

    def close(self) -> None:
        """Give every connection back; the next one may find another file."""
        self.engine.dispose()
        if self._file is not None:
            self._file.forget()


def _is_full(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or mysql.number(error) in mysql.FULL


def _is_outage(error: DBAPIError) -> bool:
    """Whether it means "later": all but what the statement or its values did.

    MySQL's driver reports lock waits (1205) and a read-only server (1290) as plain database errors, and a
    refused sign-in like a mistake in the statement, so the number tells.
    """
    if isinstance(error, ProgrammingError):
        return mysql.number(error) in mysql.NO_ACCESS
    return not isinstance(error, IntegrityError | DataError | NotSupportedError)


def _sqlite(url: str) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False}
    )

    @event.listens_for(engine, "connect")
    def prepare(raw: object, _record: object) -> None:
        raw.isolation_level = None  # type: ignore[attr-defined] # we begin transactions ourselves
        cursor = raw.cursor()  # type: ignore[attr-defined]
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_SECONDS * 1000}",
            "secure_delete=ON",
            "cache_size=-16000",
            "temp_store=MEMORY",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


def begin_writing(
    connection: Connection, *, patience_seconds: float = BUSY_SECONDS, is_flushed: bool = True
) -> RootTransaction:
    """Become the one writer of SQLite, or raise SQLAlchemy's OperationalError when that takes longer."""
    transaction = connection.begin()
    give_up_at = time.monotonic() + patience_seconds
    raw = _driver(connection)
    raw.execute(f"PRAGMA synchronous={'FULL' if is_flushed else 'NORMAL'}")
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return transaction
            except OperationalError as error:
                if not _is_busy(error) or time.monotonic() > give_up_at:
                    raise
            time.sleep(random.uniform(*BUSY_PAUSE_SECONDS))  # jitter
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _is_busy(error: DBAPIError) -> bool:
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # its extended codes say why
