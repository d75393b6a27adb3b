"""Why messages failed, by the number that the queue has given them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from photos.db import columns
from photos.db.engine import to_micros
from photos.db.schema import job_failure
from photos.db.upsert import upsert


def save_failure(
    connection: Connection, message_id: str, *, reason: str, attempt: int, now: datetime
) -> None:
    """Keep the reason of the latest try."""
    row = {
        "message_id": columns.cut(job_failure.c.message_id, message_id),
        "reason": columns.cut(job_failure.c.reason, reason),
        "attempt": attempt,
        "failed_at": to_micros(now),
    }
    change = {name: value for name, value in row.items() if name != "message_id"}
    upsert(connection, job_failure, row, on=("message_id",), update=change)


def list_reasons(connection: Connection, message_ids: Collection[str]) -> dict[str, str]:
    """The reasons that are known of these messages."""
    statement = select(job_failure.c.message_id, job_failure.c.reason).where(
        job_failure.c.message_id.in_(message_ids)
    )
    return {row.message_id: row.reason for row in connection.execute(statement)}


def delete_failures(connection: Connection, *, before: datetime) -> int:
    """Forget older ones; returns how many."""
    return connection.execute(delete(job_failure).where(job_failure.c.failed_at < to_micros(before))).rowcount
