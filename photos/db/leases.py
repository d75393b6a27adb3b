"""Named leases: at most one holder of a name at a time, as far as the clocks of machines agree."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from photos.db.engine import MICROSECOND, to_micros
from photos.db.schema import lease

SKEW = timedelta(minutes=5)
"""Clocks are at most so far apart. A time further ahead than one of us could have written was written
before a clock was put back, and holds nobody off."""


def acquire(connection: Connection, name: str, holder: str, *, now: datetime, seconds: float) -> bool:
    """Take a lease that is free, has run out or is the holder's own; False if somebody else has it."""
    expires_at = to_micros(now + timedelta(seconds=seconds))
    is_free = or_(
        lease.c.holder == holder,
        lease.c.expires_at <= to_micros(now),
        lease.c.expires_at > expires_at + SKEW // MICROSECOND,
    )
    taken = connection.execute(
        update(lease).where(lease.c.name == name, is_free).values(holder=holder, expires_at=expires_at)
    )
    if taken.rowcount == 1:
        return True
    try:
        with connection.begin_nested():
            connection.execute(insert(lease).values(name=name, holder=holder, expires_at=expires_at))
    except IntegrityError:
        return False
    return True


def find_holder(connection: Connection, name: str, *, now: datetime, seconds: float) -> str | None:
    """Who has a lease that is given for `seconds`; None if it is free or has run out."""
    latest = to_micros(now + timedelta(seconds=seconds) + SKEW)
    return connection.scalar(
        select(lease.c.holder).where(
            lease.c.name == name, lease.c.expires_at > to_micros(now), lease.c.expires_at <= latest
        )
    )


def release(connection: Connection, name: str, holder: str) -> None:
    """Give a lease back; without effect if it is somebody else's."""
    connection.execute(delete(lease).where(lease.c.name == name, lease.c.holder == holder))
