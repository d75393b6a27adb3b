"""Insert or update in one atomic statement, in each engine's own words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table


def upsert(
    connection: Connection,
    table: Table,
    row: Mapping[str, Any],
    *,
    on: tuple[str, ...],
    update: Mapping[str, Any],
) -> None:
    """Insert `row`; where the unique columns `on` exist already, set `update` instead.

    Values of `update` may be SQL expressions over the stored columns.
    """
    # each of them loads its whole dialect
    if connection.dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite

        connection.execute(
            sqlite.insert(table).on_conflict_do_update(index_elements=list(on), set_=dict(update)), row
        )
    else:
        from sqlalchemy.dialects import mysql

        connection.execute(mysql.insert(table).on_duplicate_key_update(dict(update)), row)
