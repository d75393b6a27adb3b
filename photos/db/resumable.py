"""Steps of migrations that look first whether they are done.

DDL is not transactional on MySQL and MariaDB: a migration that was killed stays half done, without a mark of
how far it came. Run again with these steps, it goes on. Only migrations import this.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from alembic import op
from alembic.operations import BatchOperations
from sqlalchemy import Column, Computed, inspect
from sqlalchemy.schema import SchemaItem

TABLE_OPTIONS: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    # or the key of a deleted last row comes back, and with it what the index knew by that key
    "sqlite_autoincrement": True,
}


def create_table(name: str, *parts: SchemaItem) -> None:
    """A table with the options of every one of ours, unless it exists."""
    if not inspect(op.get_bind()).has_table(name):
        op.create_table(name, *parts, **TABLE_OPTIONS)


def drop_table(name: str) -> None:
    """Drop a table, unless it is gone."""
    op.drop_table(name, if_exists=True)


def create_index(name: str, table: str, columns: list[str], *, unique: bool = False) -> None:
    """An index, unless it exists."""
    known = {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}
    if name not in known:
        op.create_index(name, table, columns, unique=unique)


def drop_index(name: str, table: str) -> None:
    """Drop an index, unless it is gone."""
    if name in {index["name"] for index in inspect(op.get_bind()).get_indexes(table)}:
        op.drop_index(name, table)


def add_column(table: str, column: Column[Any]) -> None:
    """A column, unless it exists."""
    known = {each["name"] for each in inspect(op.get_bind()).get_columns(table)}
    if column.name not in known:
        op.add_column(table, column)


def drop_column(table: str, name: str) -> None:
    """Drop a column, unless it is gone."""
    known = {each["name"] for each in inspect(op.get_bind()).get_columns(table)}
    if name in known:
        op.drop_column(table, name)


@contextmanager
def altered(table: str) -> Iterator[BatchOperations]:
    """Alembic's `batch_alter_table`, which on SQLite rebuilds the table, for any table of ours.

    Alembic would copy computed columns like others, which SQLite refuses: here they are made anew.
    """
    with op.batch_alter_table(table) as batch:
        if op.get_bind().dialect.name == "sqlite":
            for column in inspect(op.get_bind()).get_columns(table):
                if "computed" in column:
                    rule = Computed(_balanced(column["computed"]["sqltext"]), column["computed"]["persisted"])
                    batch.drop_column(column["name"])
                    batch.add_column(Column(column["name"], column["type"], rule))
        yield batch


def _balanced(expression: str) -> str:
    """The expression up to the parenthesis that closes it. Columns added later stand on the same line of the
    table's text on SQLite, and SQLAlchemy takes them for a part of it."""
    depth = 0
    for place, letter in enumerate(expression):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if depth < 0:
            return expression[:place]
    return expression
