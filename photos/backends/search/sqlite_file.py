"""The file of the SQLite index: opening it, sharing its connections, building it anew.

Everything in it is derived, so a file that is missing, damaged or of another version is replaced by an
empty one; `fsck` sees what is missing then and `reindex` brings it back. The folder is not derived: if
that is missing, the disk is not there, and that is an outage.
"""

from __future__ import annotations

import fcntl
import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from photos.backends.search.sqlite_query import FIELDS
from photos.errors import Invalid, SearchError
from photos.query.distances import distance_km

VERSION = 4
"""Of the tables and of what is written into them, the analyser included. Another one means rebuild."""

BUSY_SECONDS = 10.0
LONGEST_SECONDS = 5.0
"""What a question of a person may take before it is given up."""
_STEPS_BETWEEN_LOOKS = 20_000
"""Of SQLite's machine: some milliseconds."""
_DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)

# Words come analysed, separated by spaces; FTS5 only has to split them. Its `ascii` tokenizer leaves
# everything beyond ASCII alone (so emoji stay, and no case table of its own gets in between), and
# these are the ASCII signs that analysed words and facts may hold.
_SCHEMA = (
    f"""CREATE VIRTUAL TABLE words USING fts5(
        {", ".join(FIELDS)},
        tokenize = "ascii tokenchars '_.,:;+-'''", columnsize = 0
    )""",
    """CREATE TABLE photo (
        order_number INTEGER PRIMARY KEY,
        key INTEGER NOT NULL UNIQUE,
        owner_id INTEGER NOT NULL,
        revision INTEGER NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        latitude REAL,
        longitude REAL,
        place TEXT NOT NULL,
        camera TEXT NOT NULL,
        type TEXT NOT NULL
    )""",
    "CREATE INDEX photo_place ON photo (owner_id, latitude, longitude) WHERE latitude IS NOT NULL",
    """CREATE TABLE label (
        order_number INTEGER NOT NULL,
        name TEXT NOT NULL,
        confidence REAL NOT NULL,
        PRIMARY KEY (order_number, name, confidence)
    ) WITHOUT ROWID""",
    """CREATE TABLE vocabulary (
        owner_id INTEGER NOT NULL,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        shown TEXT NOT NULL,
        photos INTEGER NOT NULL,
        PRIMARY KEY (owner_id, kind, value)
    ) WITHOUT ROWID""",
    "CREATE TABLE document (order_number INTEGER PRIMARY KEY, body TEXT NOT NULL)",
    f"PRAGMA user_version = {VERSION}",
)
_DROP = tuple(f"DROP TABLE {name}" for name in ("words", "photo", "label", "vocabulary", "document"))

_log = logging.getLogger(__name__)


class _Damaged(Exception):
    """The file can be opened, but it is no index of this version."""


class IndexFile:
    """Hands out connections; safe for many threads, many processes and a fork.

    A connection is used by one caller at a time and goes back into a pool, which therefore grows to
    the number of threads that search at once and no further.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._guard = threading.Lock()
        self._idle: list[tuple[sqlite3.Connection, tuple[int, int]]] = []
        self._abandoned: list[object] = []
        self._process = os.getpid()

    @contextmanager
    def reading(self, action: str) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction, so that several statements see one state."""
        with self._connection(action) as connection, _transaction(connection, "BEGIN"):
            yield connection

    @contextmanager
    def asking(self, action: str) -> Iterator[sqlite3.Connection]:
        """Like `reading`, for questions of people: Invalid (code `slow`) after `LONGEST_SECONDS`."""
        give_up_at = time.monotonic() + LONGEST_SECONDS
        with self.reading(action) as connection:
            connection.set_progress_handler(lambda: time.monotonic() > give_up_at, _STEPS_BETWEEN_LOOKS)
            try:
                yield connection
            finally:
                connection.set_progress_handler(None, 0)

    @contextmanager
    def writing(self, action: str) -> Iterator[sqlite3.Connection]:
        """A connection in a transaction that writes from the start; commits at the end of the block."""
        with self._connection(action) as connection, _transaction(connection, "BEGIN IMMEDIATE"):
            yield connection

    def empty(self, action: str) -> None:
        """Drop everything and begin anew, in one transaction."""
        with self.writing(action) as connection:
            for statement in (*_DROP, *_SCHEMA):
                connection.execute(statement)

    @contextmanager
    def bare(self, action: str) -> Iterator[sqlite3.Connection]:
        """A connection without a transaction, for checkpoints."""
        with self._connection(action) as connection:
            yield connection

    def close(self) -> None:
        """Close what is idle. The next use opens anew."""
        with self._guard:
            idle, self._idle = self._idle, []
        for connection, _ in idle:
            connection.close()

    @contextmanager
    def _connection(self, action: str) -> Iterator[sqlite3.Connection]:
        """A connection for one caller. SQLite's and the system's errors become SearchError."""
        try:
            connection, identity = self._take()
        except (sqlite3.Error, OSError, _Damaged) as error:
            raise SearchError(action, self._path) from error
        is_sound = False
        try:
            yield connection
            is_sound = True
        except (sqlite3.Error, OSError) as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_INTERRUPT:
                raise Invalid(
                    "This search takes too long. Leave out a star or a part joined by OR.",
                    code="slow",
                    field="q",
                ) from None
            if isinstance(error, sqlite3.DatabaseError) and _is_damage(error):
                self._replace_damaged(identity)
            raise SearchError(action, self._path) from error
        except BaseException:
            is_sound = not connection.in_transaction
            raise
        finally:
            self._give_back(connection, identity, is_sound=is_sound)

    def _take(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        with self._guard:
            if self._process != os.getpid():
                # SQLite forbids using or closing in a child what the parent has opened.
                self._abandoned.extend(self._idle)
                self._idle, self._process = [], os.getpid()
            pooled = self._idle.pop() if self._idle else None
        if pooled:
            if pooled[1] == _identity(self._path):
                return pooled
            pooled[0].close()
        return self._open()

    def _give_back(
        self, connection: sqlite3.Connection, identity: tuple[int, int], *, is_sound: bool
    ) -> None:
        if not is_sound:
            connection.close()
            return
        with self._guard:
            self._idle.append((connection, identity))

    def _open(self) -> tuple[sqlite3.Connection, tuple[int, int]]:
        identity = _identity(self._path)
        if identity is not None:
            try:
                return _connect(self._path), identity
            except (sqlite3.DatabaseError, _Damaged) as error:
                if isinstance(error, sqlite3.DatabaseError) and not _is_damage(error):
                    raise
                _log.warning("search index %s is rebuilt empty: %s", self._path, error)
        self._replace(identity)
        built = _identity(self._path)
        if built is None:
            raise FileNotFoundError(self._path)
        return _connect(self._path), built

    def _replace_damaged(self, identity: tuple[int, int]) -> None:
        _log.warning("search index %s is damaged and rebuilt empty", self._path)
        try:
            self._replace(identity)
        except (sqlite3.Error, OSError):
            _log.exception("search index %s could not be rebuilt", self._path)

    def _replace(self, replaced: tuple[int, int] | None) -> None:
        """Put an empty index in place of the file `replaced`, unless another process has done so."""
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _identity(self._path) != replaced:
                return
            fresh = self._path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with closing(sqlite3.connect(fresh)) as connection:
                for statement in _SCHEMA:
                    connection.execute(statement)
                connection.execute("PRAGMA journal_mode = WAL")
            for suffix in ("-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            fresh.replace(self._path)


def _identity(path: Path) -> tuple[int, int] | None:
    """What tells this very file from one that came in its place; None if there is none.

    Raises OSError if the folder cannot be looked into.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=BUSY_SECONDS,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        # NORMAL: after a power cut the last batch may be missing, and reindex brings it back.
        connection.execute("PRAGMA synchronous = NORMAL")
        # Erased words must not stay in free pages.
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA temp_store = MEMORY")
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version != VERSION:
            raise _Damaged(f"version {version} in place of {VERSION}")
        connection.execute("SELECT order_number FROM photo LIMIT 1").fetchone()
        connection.create_function("distance_km", 4, distance_km, deterministic=True)
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(code, int) and code & 0xFF in _DAMAGED
