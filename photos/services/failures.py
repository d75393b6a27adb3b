"""Why messages of the queue failed, for whoever looks at the dead letters: a queue keeps no reasons."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from photos.backends.jobs import Jobs
from photos.db import failures as rows
from photos.db.engine import Database, repeated
from photos.models import DeadJob

KEPT = timedelta(days=30)
"""Longer than any queue keeps a message."""


@repeated
def note(message_id: str, *, reason: str, attempt: int, database: Database) -> None:
    """Keep why the latest try failed."""
    with database.write() as connection:
        rows.save_failure(connection, message_id, reason=reason, attempt=attempt, now=datetime.now(UTC))


def list_dead(*, jobs: Jobs, database: Database, limit: int) -> Sequence[DeadJob]:
    """Dead jobs with their reasons, oldest first. Raises BackendError."""
    dead = jobs.list_dead(limit=limit)
    with database.read() as connection:
        reasons = rows.list_reasons(connection, [one.id for one in dead])
    return [replace(one, reason=one.reason or reasons.get(one.id, "")) for one in dead]


def forget_old(*, database: Database, now: datetime) -> int:
    """Forget what no message can ask for any more; returns how many."""
    with database.write() as connection:
        return rows.delete_failures(connection, before=now - KEPT)
