"""Connections to MySQL and MariaDB: how they are opened, verified, tried, renewed and given up.

The driver's pure Python half is used everywhere (docs/decisions/0170), so the numbers below are those it
reports, seen on a real server.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text
from sqlalchemy.engine import Dialect, ExceptionContext
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError

from photos.errors import DatabaseError

WRONG_PASSWORD = 1045
NO_ACCESS = frozenset({1044, WRONG_PASSWORD, 1049, 1142, 1143, 1227})
"""Wrong password, no such database, or no right to do this there."""
IN_THE_WAY = frozenset({1205, 1213})
"""Waited too long for a lock, or was chosen to end a deadlock."""
READ_ONLY = frozenset({1290, 1836})
"""It was the writer before a failover, and is not any more. Its name may stand for another server by now."""
TIMED_OUT = 3024
"""The driver's own number, and the server's, for an answer that did not come in time."""
SENT_AWAY = frozenset({1053, 1927, 4031})
"""Shutting down, session killed, idle for too long: the session is over, though SQLAlchemy does not know."""
FULL = frozenset({1021, 1114})
"""No space on the server's disk, or for this table."""

CONNECT_SECONDS = 2
READ_SECONDS = 30
"""Silence after which a statement is given up. Migrations wait as long as it takes."""
PING_SECONDS = 1
LEND_SECONDS = 1.5
"""How long a request waits for a connection of its process: the page that says so is there within 2 s."""
RECYCLE_SECONDS = 900
WAIT_SECONDS = 2 * RECYCLE_SECONDS
"""The server ends sessions that are idle for so long; ours are renewed long before."""
SQL_MODE = (
    "STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)
# MariaDB prefers a lookup by the first columns of an index to a range over more of them, and then walks from
# the first page to the one asked for. MySQL reads this as a comment, and prefers the range by itself.
MARIADB_ONLY = (
    "/*M!101108 , optimizer_adjust_secondary_key_costs = "
    "CONCAT_WS(',', NULLIF(@@optimizer_adjust_secondary_key_costs, ''), 'disable_max_seek') */"
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in to the server."""

    username: str
    password: str = field(repr=False)


SignIn = Callable[[bool], Credentials]
"""Tells the credentials. With True it reads them again where they are kept: the last ones were refused."""


def parse_credentials(secret: str) -> Credentials:
    """Out of a JSON object with `username` and `password`, as Secrets Manager keeps them for RDS.

    Raises DatabaseError, which says nothing of the text.
    """
    try:
        document = json.loads(secret)
        return Credentials(str(document["username"]), str(document["password"]))
    except (ValueError, TypeError, KeyError):
        raise DatabaseError(
            "sign in", 'because the secret is not JSON as {"username": "...", "password": "..."}'
        ) from None


def open_engine(
    url: URL, *, sign_in: SignIn | None = None, ca: Path | None = None, connections: int
) -> Engine:
    """A pool of at most `connections`; nothing connects yet.

    With `ca`, a PEM file, only a server is talked to that proves by a certificate of these authorities that
    it has the name in `url`. `sign_in` replaces the user and the password of `url`.
    """
    engine = create_engine(
        url,
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_recycle=RECYCLE_SECONDS,
        pool_size=(connections + 1) // 2,
        max_overflow=connections // 2,
        pool_timeout=LEND_SECONDS,
        use_insertmanyvalues=False,
        hide_parameters=True,
        connect_args={
            "use_pure": True,
            "charset": "utf8mb4",
            "connection_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "write_timeout": READ_SECONDS,
            "init_command": f"SET time_zone = '+00:00', innodb_lock_wait_timeout = 5, "
            f"wait_timeout = {WAIT_SECONDS}, sql_mode = '{SQL_MODE}' {MARIADB_ONLY}",
            **_verification(ca),
        },
    )
    engine.dialect.do_ping = _ping  # type: ignore[assignment] # there is no other place for its time-out
    event.listen(engine, "connect", _ask_nothing_before_a_statement)
    event.listen(engine, "handle_error", _end_what_is_over)
    if sign_in is not None:
        event.listen(engine, "do_connect", _signed_in_by(sign_in))
    return engine


@contextmanager
def patience(connection: Connection) -> Iterator[None]:
    """Wait for answers as long as they take."""
    raw: Any = connection.connection.driver_connection
    usual, raw.read_timeout = raw.read_timeout, None
    try:
        yield
    finally:
        raw.read_timeout = usual


@contextmanager
def server_lock(connection: Connection, purpose: str, *, seconds: int) -> Iterator[None]:
    """Be the only process that does this to this database. Raises DatabaseError after waiting in vain.

    Locks are the server's, not the database's, so the name says which; the longest is 64 characters.
    """
    database = connection.engine.url.database or ""
    name = f"bigimage-{purpose}" + hashlib.sha256(database.encode()).hexdigest()[:32]
    if connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": seconds}) != 1:
        raise DatabaseError(purpose or "migrate", "because another process does it just now")
    try:
        yield
    finally:
        connection.scalar(text("SELECT RELEASE_LOCK(:name)"), {"name": name})


def number(error: DBAPIError) -> int:
    """The server's or the driver's number of an error; 0 for none."""
    return getattr(error.orig, "errno", None) or 0


def is_undone(error: DBAPIError, *, is_commit: bool) -> bool:
    """Whether nothing of the transaction remains, and the same may succeed at once.

    A connection lost while committing leaves that open. What was too slow once would be again.
    """
    if number(error) in IN_THE_WAY | READ_ONLY:
        return True
    return error.connection_invalidated and not is_commit and number(error) != TIMED_OUT


def _verification(ca: Path | None) -> dict[str, Any]:
    if ca is None:
        return {}
    return {"ssl_ca": str(ca), "ssl_verify_cert": True, "ssl_verify_identity": True}


def _ping(raw: Any) -> bool:
    """An idle connection answers at once, or its server is gone: not worth the patience of a statement."""
    usual, raw.read_timeout = raw.read_timeout, PING_SECONDS
    try:
        raw.ping(reconnect=False)
    finally:
        raw.read_timeout = usual
    return True


def _ask_nothing_before_a_statement(raw: Any, _record: object) -> None:
    """The driver pings the server for each cursor, so that every statement would go there twice. Whether an
    idle connection lives is asked when it is lent; one that ends later is told by the statement itself."""
    raw.is_connected = lambda: True


def _end_what_is_over(context: ExceptionContext) -> None:
    """Drop this connection, and with it all that lie in the pool: they lead to the same server.

    One whose answer did not come in time must not be lent again: it would give that answer to the next.
    """
    errno = getattr(context.original_exception, "errno", None)
    if errno == TIMED_OUT or errno in READ_ONLY | SENT_AWAY:
        context.is_disconnect = True


def _signed_in_by(sign_in: SignIn) -> Callable[..., DBAPIConnection]:
    def connect(
        dialect: Dialect, _record: object, arguments: tuple[Any, ...], options: dict[str, Any]
    ) -> DBAPIConnection:
        for is_second in (False, True):
            who = sign_in(is_second)
            options |= {"user": who.username, "password": who.password}
            try:
                return dialect.connect(*arguments, **options)
            except dialect.loaded_dbapi.Error as error:
                if is_second or getattr(error, "errno", None) != WRONG_PASSWORD:
                    raise
        raise AssertionError("the second try returns or raises")

    return connect
