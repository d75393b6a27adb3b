"""Users of a MySQL or MariaDB server: who may sign in, and what they may do in our database."""

from __future__ import annotations

from sqlalchemy import Connection, text

from photos.db.mysql import Credentials

RIGHTS = "SELECT, INSERT, UPDATE, DELETE"
"""All that the application needs; tables are changed by another user."""
ANYWHERE = "%"


def ensure_server_user(connection: Connection, who: Credentials, *, over_tls: bool) -> None:
    """Give a user, made where it is not there, this password and RIGHTS in the database of the connection.

    Sessions that are open stay open. With `over_tls` the server refuses this user without encryption.
    """
    values = {"name": who.username, "host": ANYWHERE, "password": who.password}
    connection.execute(text("CREATE USER IF NOT EXISTS :name@:host IDENTIFIED BY :password"), values)
    encryption = "REQUIRE SSL" if over_tls else "REQUIRE NONE"
    connection.execute(text(f"ALTER USER :name@:host IDENTIFIED BY :password {encryption}"), values)
    del values["password"]
    connection.execute(text(f"GRANT {RIGHTS} ON {_pattern(connection)}.* TO :name@:host"), values)


def _pattern(connection: Connection) -> str:
    """GRANT reads a database's name as a pattern, in which `_` is any character."""
    name = (connection.engine.url.database or "").replace("_", r"\_")
    return connection.dialect.identifier_preparer.quote_identifier(name)
