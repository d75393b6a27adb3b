"""What is wrong with the database, in a sentence that says what to do. For `flask check`."""

from __future__ import annotations

import re
import socket
import sqlite3

from sqlalchemy import URL, Connection, Executable, Table, delete, false, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from photos.db import migrate
from photos.db.budget import Fleet, complaint
from photos.db.engine import Database
from photos.db.mysql import number
from photos.db.schema import metadata
from photos.errors import BackendError

OLDEST: dict[str, tuple[int | str, ...]] = {"MySQL": (8, 0), "MariaDB": (10, 6)}
NO_RIGHT = frozenset({1142, 1143})
NO_SUCH_HOST = 2005
OTHER_CHARSETS = text(
    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() "
    "AND table_type = 'BASE TABLE' AND table_collation NOT LIKE 'utf8mb4%' ORDER BY table_name"
)
USER = re.compile(r"[uU]ser '([^']*)'")
"""Servers name whom they refuse; DATABASE_URL need not."""


def diagnose(database: Database, fleet: Fleet | None = None) -> str:
    """The first thing that is wrong, as a sentence without any secret; empty if all is well.

    With `fleet`, also whether the server takes that many connections.
    """
    try:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
            if not database.is_sqlite and (wrong := _about_server(connection, database.url)):
                return wrong
        if not migrate.is_current(database):
            return "The tables are not those of this version: run `make migrate` or `flask migrate`."
        if not database.is_sqlite:
            return _missing_rights(database) or _about_size(database, fleet)
    except DBAPIError as error:
        return explain(error, database.url)
    except BackendError as error:
        if isinstance(error.__cause__, DBAPIError):
            return explain(error.__cause__, database.url)
        return f"{error}."
    return ""


def explain(error: DBAPIError, url: URL) -> str:
    """What a driver's error means for the person who wrote DATABASE_URL."""
    if isinstance(error.orig, sqlite3.Error):
        return f"The database file {url.database} cannot be used: {error.orig}."
    if "CERTIFICATE_VERIFY_FAILED" in str(error.orig) or "CA Certificate" in str(error.orig):
        return (
            f"The certificate of {url.host} is not accepted ({error.orig}): DATABASE_CA has to name the file "
            "of the authorities that signed it, and DATABASE_URL the host as the certificate does."
        )
    is_name_unknown = isinstance(getattr(error.orig, "__cause__", None), socket.gaierror)
    sentence = SENTENCES.get(NO_SUCH_HOST if is_name_unknown else number(error))
    if sentence is not None:
        told = USER.search(str(error.orig))
        user = told[1] if told else url.username
        return sentence.format(user=user, name=url.database, host=url.host, port=url.port or 3306)
    return f"The database at {url.host} answers with an error: {error.orig}."


def _about_server(connection: Connection, url: URL) -> str:
    kind = "MariaDB" if getattr(connection.dialect, "is_mariadb", False) else "MySQL"
    version = connection.dialect.server_version_info or ()
    if version < OLDEST[kind]:
        return (
            f"{kind} {_dotted(version)} at {url.host} is too old: "
            f"it has to be {_dotted(OLDEST[kind])} or newer."
        )
    charset = connection.scalar(text("SELECT @@character_set_database"))
    if charset != "utf8mb4":
        return (
            f"The database {url.database} keeps text as {charset}, which loses characters: "
            f"run ALTER DATABASE `{url.database}` CHARACTER SET utf8mb4."
        )
    tables = connection.scalars(OTHER_CHARSETS).all()
    if tables:
        return (
            f"These tables of {url.database} keep text in another way than utf8mb4: {', '.join(tables)}. "
            "Run ALTER TABLE ... CONVERT TO CHARACTER SET utf8mb4 for each."
        )
    return ""


def _dotted(version: tuple[int | str, ...]) -> str:
    return ".".join(map(str, version))


def _missing_rights(database: Database) -> str:
    """Every table is tried with statements that change nothing."""
    missing: dict[str, list[str]] = {}
    with database.engine.connect() as connection:
        for table in metadata.sorted_tables:
            for right, statement in _harmless(table).items():
                if not _may(connection, statement):
                    missing.setdefault(right, []).append(table.name)
    if not missing:
        return ""
    wanted = "; ".join(
        f"{right} on {'every table' if len(names) == len(metadata.sorted_tables) else ', '.join(names)}"
        for right, names in missing.items()
    )
    return (
        f"The database user lacks rights in {database.url.database} ({wanted}): "
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON `{database.url.database}`.* TO it."
    )


def _may(connection: Connection, statement: Executable) -> bool:
    """Whether the server lets this user do it."""
    try:
        connection.execute(statement)
    except DBAPIError as error:
        if number(error) not in NO_RIGHT:
            raise
        return False
    return True


def _harmless(table: Table) -> dict[str, Executable]:
    columns = [column for column in table.columns if column.computed is None]
    nothing = select(*columns).where(false())
    return {
        "SELECT": nothing,
        "INSERT": insert(table).from_select([column.name for column in columns], nothing),
        "UPDATE": update(table).where(false()).values({columns[0]: columns[0]}),
        "DELETE": delete(table).where(false()),
    }


def _about_size(database: Database, fleet: Fleet | None) -> str:
    if fleet is None:
        return ""
    with database.read() as connection:
        allowed, for_us = connection.execute(text("SELECT @@max_connections, @@max_user_connections")).one()
    return complaint(fleet, min(allowed, for_us or allowed))


SENTENCES = {
    1040: "{host}, port {port}, is full: lower DATABASE_CONNECTIONS, or take a larger server.",
    1044: "The database user {user} has no rights on {name}: grant them.",
    1045: (
        "The database refuses the password of the user {user}: correct it in DATABASE_URL, or in the secret "
        "that DATABASE_SECRET names. Who has to come over TLS is refused in the same words: set DATABASE_CA."
    ),
    1049: "There is no database {name} at {host}: create it, or correct DATABASE_URL.",
    1130: "{host} knows no database user who may come from this machine: create the user for '%'.",
    1142: "The database user {user} lacks rights in {name}: grant them.",
    1226: (
        "The user {user} may not open more connections at {host}: lower DATABASE_CONNECTIONS, or raise the "
        "user's limit."
    ),
    2003: (
        "Nothing answers at {host}, port {port}: is the database running, "
        "and do security group and network let this machine through?"
    ),
    NO_SUCH_HOST: "There is no host {host}: correct DATABASE_URL.",
    2026: "{host}, port {port}, offers no TLS: switch it on there, or leave DATABASE_CA out.",
    3024: "{host}, port {port}, takes the connection and says nothing.",
    3159: "{host}, port {port}, wants TLS: set DATABASE_CA.",
}
