"""The local twin: jobs are rows in the main database, so they survive any crash.

A power cut may take the last of them, and the sweep sends them again: nothing here waits for the disk.
It delivers at least once, as SQS does: a lease that runs out is delivered again, with the next attempt.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, delete, func, not_, or_, select, update

from photos.db.engine import MICROSECOND, Database, from_micros, repeated, to_micros
from photos.db.leases import SKEW
from photos.db.schema import job as table
from photos.db.upsert import upsert
from photos.errors import DatabaseError, JobsError
from photos.ids import new_id
from photos.models import DeadJob, Job

LONGEST_WAIT = timedelta(hours=12)
"""No job is leased or put off for longer."""
LONGEST_KEY = 18
"""Digits of a number that every database takes; no key has as many."""


class LocalJobs:
    """Implements `Jobs` over the `job` table. `Job.id` is row and lease: `<id>:<lease token>`."""

    def __init__(
        self,
        database: Database,
        *,
        first: tuple[str, ...] = (),
        last: tuple[str, ...] = (),
        dead_after: int = 10,
    ) -> None:
        """Jobs named in `first` go before all others, those in `last` wait until no other job is due.

        One that failed `dead_after` times is called dead, and is tried on all the same, in the long breaks
        that the runner takes by then.
        """
        self.database = database
        self._is_dead = and_(table.c.error != "", table.c.attempts >= dead_after)
        can_wait = table.c.name.in_(last)
        due = (
            select(table.c.id, table.c.name, table.c.payload, table.c.attempts)
            .where(table.c.due_at <= bindparam("now"))
            .order_by(case((table.c.name.in_(first), 0), (can_wait, 2), else_=1), table.c.due_at, table.c.id)
            .limit(bindparam("most"))
        )
        # built once: every thread of the runner asks five times a second
        self._due = {False: due, True: due.where(not_(can_wait))}

    def send(
        self, name: str, payload: dict[str, str], *, delay_seconds: float = 0, unless_queued: bool = False
    ) -> None:
        """Queue a job; one that waits already becomes due at the earlier time, or stays as it is."""
        text = json.dumps(payload, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(f"{name}\n{text}".encode()).hexdigest()
        now = datetime.now(UTC)
        due_at = to_micros(now + timedelta(seconds=delay_seconds))
        row = {
            "digest": digest,
            "name": name,
            "payload": text,
            "due_at": due_at,
            "attempts": 0,
            "lease_token": "",
            "error": "",
            "created_at": to_micros(now),
        }
        with _translated("send", name):
            self._queue(row, unless_queued=unless_queued)

    @repeated
    def _queue(self, row: Mapping[str, Any], *, unless_queued: bool) -> None:
        # a leased job may be about to finish with what it read before: give up its lease, so that `done`
        # leaves the row and the job runs once more
        earlier = case((table.c.due_at > row["due_at"], row["due_at"]), else_=table.c.due_at)
        change: dict[str, Any] = {"due_at": earlier, "lease_token": ""}
        if unless_queued:
            # a clock that has been put back since made it, or only leased it
            is_made_wrong = table.c.created_at > row["created_at"] + SKEW // MICROSECOND
            is_put_off = table.c.due_at > row["due_at"] + (LONGEST_WAIT + SKEW) // MICROSECOND
            change = {
                "due_at": case((or_(is_made_wrong, is_put_off), row["due_at"]), else_=table.c.due_at),
                "created_at": case((is_made_wrong, row["created_at"]), else_=table.c.created_at),
            }
        with self.database.write(is_flushed=False) as connection:
            upsert(connection, table, row, on=("digest",), update=change)

    def receive(self, *, limit: int, lease_seconds: int, urgent_only: bool = False) -> Sequence[Job]:
        """Lease due jobs, oldest first."""
        now = datetime.now(UTC)
        jobs = []
        due, instant = self._due[urgent_only], to_micros(now)
        with _translated("receive", ""), self.database.read() as connection:
            if connection.execute(due, {"now": instant, "most": 1}).first() is None:
                return ()
        with _translated("receive", ""), self.database.write(is_flushed=False) as connection:
            free = due.with_for_update(skip_locked=True)
            for row in connection.execute(free, {"now": instant, "most": limit}).all():
                token = new_id()
                connection.execute(
                    update(table)
                    .where(table.c.id == row.id)
                    .values(
                        attempts=row.attempts + 1,
                        lease_token=token,
                        due_at=to_micros(now + timedelta(seconds=lease_seconds)),
                    )
                )
                jobs.append(Job(f"{row.id}:{token}", row.name, json.loads(row.payload), row.attempts + 1))
        return jobs

    def done(self, job: Job) -> None:
        """Forget the job if the lease is still ours."""
        with _translated("finish", job.name), self.database.write(is_flushed=False) as connection:
            connection.execute(delete(table).where(*_leased(job)))

    def retry(self, job: Job, *, error: str, delay_seconds: float) -> None:
        """Make the job due after the delay, if the lease is still ours."""
        due_at = to_micros(datetime.now(UTC) + timedelta(seconds=delay_seconds))
        with _translated("give back", job.name), self.database.write(is_flushed=False) as connection:
            connection.execute(
                update(table).where(*_leased(job)).values(due_at=due_at, lease_token="", error=error[:500])
            )

    def count(self) -> int:
        """Jobs waiting or leased."""
        with _translated("count", ""), self.database.read() as connection:
            return int(connection.execute(select(func.count()).select_from(table)).scalar_one())

    def list_dead(self, *, limit: int) -> Sequence[DeadJob]:
        """Jobs that failed too often, oldest first."""
        dead = select(table).where(self._is_dead).order_by(table.c.created_at, table.c.id).limit(limit)
        with _translated("list", "dead jobs"), self.database.read() as connection:
            return [
                DeadJob(
                    str(row.id),
                    row.name,
                    json.loads(row.payload),
                    row.payload,
                    row.attempts,
                    from_micros(row.created_at),
                    row.error,
                )
                for row in connection.execute(dead).all()
            ]

    def revive(self, idents: Collection[str]) -> int:
        """Make dead jobs due now, with all their tries before them; a lease is given up."""
        keys = [int(ident) for ident in idents if ident.isdecimal() and len(ident) <= LONGEST_KEY]
        now = to_micros(datetime.now(UTC))
        with _translated("send back", "dead jobs"), self.database.write() as connection:
            revived = connection.execute(
                update(table)
                .where(table.c.id.in_(keys), self._is_dead)
                .values(due_at=now, attempts=0, lease_token="", error="")
            )
        return revived.rowcount

    def ping(self) -> None:
        """The queue answers when the database does."""
        with _translated("answer", ""):
            self.database.ping()

    def close(self) -> None:
        """The database is closed by whoever opened it."""


def _leased(job: Job) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    ident, _, token = job.id.partition(":")
    return table.c.id == int(ident), table.c.lease_token == token


@contextmanager
def _translated(action: str, subject: str) -> Iterator[None]:
    try:
        yield
    except DatabaseError as error:
        raise JobsError(action, subject) from error
