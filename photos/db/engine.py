"""Connections and transactions, the same on both engines.

SQLite: WAL, one writer at a time (`BEGIN IMMEDIATE`; a deferred read-then-write fails at once with
"locked" in spite of a time-out), full synchronous, foreign keys on. MySQL and MariaDB: a pool with
pre-ping, READ COMMITTED, UTC.
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

from photos.errors import ConfigError, DatabaseError, DatabaseFull, Overtaken

log = logging.getLogger(__name__)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WALL_EPOCH = datetime(1970, 1, 1)
MICROSECOND = timedelta(microseconds=1)
BUSY_SECONDS = 10
BUSY_PAUSE_SECONDS = (0.001, 0.005)
"""Between two tries to become SQLite's writer, at random. Its own handler waits up to 100 ms, the longer the
longer it has waited: whoever came late goes first, and a runner beside busy web processes hardly ever."""
NO_ACCESS = frozenset({1044, 1045, 1049, 1142, 1143, 1227})
"""MySQL: wrong password, no such database, or no right to do this there."""
OVERTAKEN = frozenset({1205, 1213})
"""MySQL: waited too long for a lock, or was chosen to end a deadlock."""
FULL = frozenset({1021, 1114})
"""MySQL: no space on the server's disk, or for this table."""
TRIES = 3
P = ParamSpec("P")
T = TypeVar("T")
# MariaDB prefers a lookup by the first columns of an index to a range over more of them, and then walks from
# the first page to the one asked for. MySQL reads this as a comment, and prefers the range by itself.
MARIADB_ONLY = (
    "/*M!101108 , optimizer_adjust_secondary_key_costs = "
    "CONCAT_WS(',', NULLIF(@@optimizer_adjust_secondary_key_costs, ''), 'disable_max_seek') */"
)


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
    """Call a function that can be repeated up to TRIES times while other transactions are in its way.

    It must open its transactions itself. Raises Overtaken when that was in vain.
    """

    @functools.wraps(unit)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        for attempt in range(1, TRIES):
            try:
                return unit(*args, **kwargs)
            except Overtaken as error:
                log.info("%s is repeated: %s", unit.__name__, error)
                time.sleep(0.02 * attempt * random.uniform(0.5, 1.5))  # nosec B311 # jitter
        return unit(*args, **kwargs)

    return call


def last_steps(connection: Connection) -> dict[str, Callable[[Connection], object]]:
    """What is to be done at the end of this writing transaction, still in it, by names of those who ask."""
    steps: dict[str, Callable[[Connection], object]] = connection.info.setdefault("last_steps", {})
    return steps


class Database:
    """One database. `read` and `write` open a connection with a transaction of its own.

    Both raise DatabaseError when the database is unreachable, full, read-only or busy for too long, and
    Overtaken where another transaction was in the way (see `repeated`); a violated constraint stays
    SQLAlchemy's `IntegrityError`, which callers answer.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        if self.url.get_backend_name() == "sqlite":
            self.engine = _sqlite(url)
        elif self.url.get_backend_name() in {"mysql", "mariadb"}:
            self.engine = _mysql(url)
        else:
            raise ConfigError(["DATABASE_URL must begin with sqlite:/// or mysql+mysqlconnector://."])

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded engine."""
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A consistent view; nothing is committed: closing rolls back, once."""
        with self.translated("read"), self.engine.connect() as connection:
            if self.is_sqlite:
                # takes no lock and touches no file, so nothing can fail that would have to be translated;
                # SQLAlchemy's event for it costs as much as a statement
                _driver(connection).execute("BEGIN DEFERRED")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One short writing transaction: committed at the end, rolled back by any error."""
        begin = begin_writing if self.is_sqlite else Connection.begin
        with self.translated("write"), self.engine.connect() as connection:
            steps = last_steps(connection)
            try:
                with begin(connection):
                    yield connection
                    while steps:
                        steps.popitem()[1](connection)
            finally:
                steps.clear()

    @contextmanager
    def translated(self, action: str) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            if getattr(error.orig, "errno", None) in OVERTAKEN:
                raise Overtaken(action, type(error.orig).__name__) from error
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
        """Give every connection back."""
        self.engine.dispose()


def _is_full(error: DBAPIError) -> bool:
    code = getattr(error.orig, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_FULL or getattr(error.orig, "errno", None) in FULL


def _is_outage(error: DBAPIError) -> bool:
    """Whether it means "later": all but what the statement or its values did.

    MySQL's driver reports lock waits (1205) and a read-only server (1290) as plain database errors, and a
    refused sign-in like a mistake in the statement, so the number tells.
    """
    if isinstance(error, ProgrammingError):
        return getattr(error.orig, "errno", None) in NO_ACCESS
    return not isinstance(error, IntegrityError | DataError | NotSupportedError)


def _sqlite(url: str) -> Engine:
    engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})

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


def begin_writing(connection: Connection, *, patience_seconds: float = BUSY_SECONDS) -> RootTransaction:
    """Become the one writer of SQLite, or raise SQLAlchemy's OperationalError when that takes longer."""
    transaction = connection.begin()
    give_up_at = time.monotonic() + patience_seconds
    raw = _driver(connection)
    raw.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
                return transaction
            except OperationalError as error:
                if not _is_busy(error) or time.monotonic() > give_up_at:
                    raise
            time.sleep(random.uniform(*BUSY_PAUSE_SECONDS))  # nosec B311 # jitter
    finally:
        raw.execute(f"PRAGMA busy_timeout={BUSY_SECONDS * 1000}")


def _driver(connection: Connection) -> sqlite3.Connection:
    return cast(sqlite3.Connection, connection.connection.driver_connection)


def _is_busy(error: DBAPIError) -> bool:
    code: int = getattr(error.orig, "sqlite_errorcode", 0)
    return code & 0xFF == sqlite3.SQLITE_BUSY  # its extended codes say why


def _mysql(url: str) -> Engine:
    return create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=900,
        pool_size=5,
        max_overflow=5,
        pool_timeout=5,
        use_insertmanyvalues=False,
        connect_args={
            "use_pure": True,
            "charset": "utf8mb4",
            "connection_timeout": 5,
            "init_command": f"SET time_zone = '+00:00', innodb_lock_wait_timeout = 5 {MARIADB_ONLY}",
        },
    )
