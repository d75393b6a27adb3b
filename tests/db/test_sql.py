"""Our SQL stays where SQLite, MySQL 8 and MariaDB agree. Every test on MariaDB checks what it sends, too."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.dialects import mysql
from sqlalchemy.schema import CreateIndex, CreateTable

from photos.db.schema import metadata
from tests.db.dialect import refusals

ROOT = Path(__file__).parents[2]
# The reason for writing something out is told where it is not done.
PROSE = {"photos/db/keyset.py"}
SOURCES = [
    path
    for folder in ("photos/db", "migrations/versions")
    for path in sorted((ROOT / folder).glob("*.py"))
    if path.relative_to(ROOT).as_posix() not in PROSE
]


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO a VALUES (1) RETURNING id",
        "SELECT a->>'$.b' FROM c",
        "SELECT CAST(a AS JSON)",
        "INSERT INTO a VALUES (1) AS new ON DUPLICATE KEY UPDATE b = new.b",
        "CREATE INDEX i ON t ((lower(a)))",
        "SELECT 1 FROM photo WHERE (taken_local, `key`) < (1, 2)",
        "SELECT 1 ORDER BY a NULLS LAST",
        "SELECT 1 LIMIT 5 OFFSET 100",
        "CREATE TABLE a (b VARCHAR(3) COLLATE utf8mb4_0900_ai_ci)",
    ],
)
def test_what_one_of_them_refuses_is_noticed(statement: str) -> None:
    assert refusals(statement)


def test_every_table_is_written_in_words_that_both_servers_take() -> None:
    for table in metadata.sorted_tables:
        statements = [str(CreateTable(table).compile(dialect=mysql.dialect()))]
        statements += [str(CreateIndex(index).compile(dialect=mysql.dialect())) for index in table.indexes]
        for statement in statements:
            assert not refusals(statement), statement


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_no_source_holds_sql_of_one_engine_only(path: Path) -> None:
    code = "\n".join(line for line in path.read_text().splitlines() if "import" not in line)
    code = code.replace("implicit_returning", "").replace("no implicit RETURNING", "")
    assert not refusals(code), path


def test_every_index_fits_into_the_servers_limits() -> None:
    """3,072 bytes for an index at four bytes a character; names of 64 characters at most."""
    for table in metadata.sorted_tables:
        indexed = [index.columns for index in table.indexes]
        indexed += [each.columns for each in table.constraints if hasattr(each, "columns")]
        for columns in indexed:
            size = sum(getattr(column.type, "length", None) or 2 for column in columns) * 4
            assert size <= 3072, (table.name, [column.name for column in columns])
        for part in (*table.indexes, *table.constraints):
            assert part.name and len(str(part.name)) <= 64, (table.name, part)
