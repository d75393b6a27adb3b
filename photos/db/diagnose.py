"""What is wrong with the database, in a sentence that says what to do. For `flask check`."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError

from photos.db import migrate
from photos.db.engine import Database
from photos.errors import DatabaseError


def diagnose(database: Database) -> str:
    """The first thing that is wrong, as a sentence without any secret; empty if all is well."""
    try:
        with database.engine.connect() as connection:
            connection.execute(text("SELECT 1"))
        if not migrate.is_current(database):
            return "The tables are not those of this version: run `make migrate`."
    except DBAPIError as error:
        return explain(error, database.url)
    except DatabaseError as error:
        return f"{str(error).capitalize()}."
    return ""


def explain(error: DBAPIError, url: URL) -> str:
    """What a driver's error means for the person who wrote DATABASE_URL."""
    if isinstance(error.orig, sqlite3.Error):
        return f"The database file {url.database} cannot be used: {error.orig}."
    sentence = SENTENCES.get(getattr(error.orig, "errno", 0))
    if sentence is not None:
        return sentence(url)
    return f"The database at {url.host} answers with an error: {error.orig}."


SENTENCES: dict[int, Callable[[URL], str]] = {
    1044: lambda url: f"The database user {url.username} has no rights on {url.database}: grant them.",
    1045: lambda url: f"The database refuses the password of the user {url.username}: correct DATABASE_URL.",
    1049: lambda url: (
        f"There is no database {url.database} at {url.host}: create it, or correct DATABASE_URL."
    ),
    1142: lambda url: f"The database user {url.username} lacks rights in {url.database}: grant them.",
    2003: lambda url: (
        f"Nothing answers at {url.host}, port {url.port or 3306}: is the database running, "
        "and do security group and network let this machine through?"
    ),
    2005: lambda url: f"There is no host {url.host}: correct DATABASE_URL.",
    3024: lambda url: f"{url.host}, port {url.port or 3306}, takes the connection and says nothing.",
}
