"""What MySQL 8 or MariaDB 10.11 refuses, so that no statement of ours works on one of them alone."""

from __future__ import annotations

import re

FORBIDDEN = {
    "RETURNING (MySQL has none)": r"\bRETURNING\b",
    "->> (MariaDB has none)": r"->>",
    "CAST AS JSON (MariaDB has none)": r"\bCAST\s*\([^)]*\bAS\s+JSON\b",
    "INSERT .. AS new ON DUPLICATE KEY (MariaDB has none)": r"\bAS\s+new\s+ON\s+DUPLICATE\b",
    "a functional index (MariaDB has none)": r"\bCREATE\b.*\bINDEX\b.*\(\s*\(",
    "uuid_to_bin (MariaDB has none)": r"\bUUID_TO_BIN\b",
    "a 0900 collation (MariaDB has none)": r"utf8mb4_0900",
    "a nopad or uca1400 collation (MySQL has none)": r"_nopad_|uca1400",
    "NULLS FIRST or LAST (neither has it)": r"\bNULLS\s+(FIRST|LAST)\b",
    "FULL OUTER JOIN (neither has it)": r"\bFULL\s+(OUTER\s+)?JOIN\b",
    "ILIKE (neither has it)": r"\bILIKE\b",
    "a row comparison (reads the whole range)": r"\([\w.`]+\s*,\s*[\w.`]+\)\s*[<>]",
    "OFFSET (reads what it skips)": r"\bOFFSET\s+[\d?%:(]",
    "CREATE SEQUENCE (MySQL has none)": r"\bCREATE\s+SEQUENCE\b",
    "CREATE INDEX IF NOT EXISTS (MySQL has none)": r"\bINDEX\s+IF\s+(NOT\s+)?EXISTS\b",
    "ADD COLUMN IF NOT EXISTS (MySQL has none)": r"\bCOLUMN\s+IF\s+(NOT\s+)?EXISTS\b",
}


def refusals(statement: str) -> list[str]:
    """What in a statement one of the two would not take, or should not be asked."""
    return [
        name
        for name, pattern in FORBIDDEN.items()
        if re.search(pattern, statement, re.IGNORECASE | re.DOTALL)
    ]


def refuse_what_mysql_refuses(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
    """A listener for `before_cursor_execute`."""
    found = refusals(statement)
    assert not found, f"{found} in {statement}"
