"""Limits that hold across processes and servers: one atomic upsert a try, in windows of fixed length.

A window begins at a multiple of its length, so a patient attacker gets at most twice the limit around
the border of two windows; in exchange one statement counts on both engines.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from photos.db.engine import to_micros
from photos.db.schema import rate
from photos.db.upsert import upsert
from photos.errors import TooMany

SECOND = 1_000_000


def take(
    connection: Connection,
    what: str,
    who: str,
    *,
    limit: int,
    window_seconds: int,
    now: datetime,
    reason: str,
) -> None:
    """Count one try of `who` at `what`. Raises TooMany with `reason` beyond `limit` in this window."""
    name, start = _window(what, who, window_seconds, now)
    row = {"name": name, "window_at": start, "count": 1}
    upsert(connection, rate, row, on=("name",), update={"count": rate.c.count + 1})
    count = connection.scalar(select(rate.c.count).where(rate.c.name == name)) or 0
    if count > limit:
        left = (start + window_seconds * SECOND - to_micros(now)) // SECOND + 1
        raise TooMany(reason, retry_after_seconds=int(left))


def give_back(connection: Connection, what: str, who: str, *, window_seconds: int, now: datetime) -> None:
    """Take one try back: it was none."""
    name, _ = _window(what, who, window_seconds, now)
    connection.execute(
        update(rate).where(rate.c.name == name, rate.c.count > 0).values(count=rate.c.count - 1)
    )


def delete_old(connection: Connection, *, before: datetime) -> int:
    """Forget windows that began before an instant; returns how many."""
    return connection.execute(delete(rate).where(rate.c.window_at < to_micros(before))).rowcount


def _window(what: str, who: str, window_seconds: int, now: datetime) -> tuple[str, int]:
    length = window_seconds * SECOND
    start = to_micros(now) // length * length
    # hashed: addresses and e-mail do not belong into a counter's name, and it has a fixed width
    digest = hashlib.sha256(who.encode()).hexdigest()
    return f"{what}:{digest}:{start}", start
