"""Signed-in browsers. The cookie's secret is stored hashed; a row that is gone is never written back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from photos.db import users as user_rows
from photos.db.engine import from_micros, to_micros
from photos.db.schema import session, user
from photos.ids import new_id
from photos.models import Session, User

_COLUMNS = (
    session.c.public_id,
    session.c.user_id,
    session.c.created_at,
    session.c.last_seen_at,
    session.c.expires_at,
    session.c.user_agent,
    session.c.address,
)
"""In the order of the model."""
_LIVE = (
    select(session.c.content, *_COLUMNS, *user_rows.COLUMNS)
    .join_from(session, user, session.c.user_id == user.c.id)
    .where(
        session.c.id_hash == bindparam("id_hash"),
        session.c.expires_at > bindparam("now"),
        session.c.last_seen_at > bindparam("seen_since"),
    )
)
"""Built once: every request of a browser runs it."""


class StoredSession(msgspec.Struct, frozen=True):
    """A session with what it carries, as JSON text, and whose it is."""

    session: Session
    content: str
    person: User


def add_session(
    connection: Connection,
    *,
    id_hash: str,
    user_id: int,
    content: str,
    now: datetime,
    expires_at: datetime,
    user_agent: str,
    address: str,
) -> Session:
    """Remember a browser that has just signed in."""
    added = Session(
        public_id=new_id(),
        user_id=user_id,
        created_at=now,
        last_seen_at=now,
        expires_at=expires_at,
        user_agent=user_agent[:300],
        address=address[:64],
    )
    connection.execute(
        insert(session).values(
            id_hash=id_hash,
            public_id=added.public_id,
            user_id=user_id,
            content=content,
            created_at=to_micros(now),
            last_seen_at=to_micros(now),
            expires_at=to_micros(expires_at),
            user_agent=added.user_agent,
            address=added.address,
        )
    )
    return added


def find_session(
    connection: Connection, id_hash: str, *, now: datetime, seen_since: datetime
) -> StoredSession | None:
    """The session of a cookie, unless it is past its end or has been idle since before `seen_since`."""
    values = {"id_hash": id_hash, "now": to_micros(now), "seen_since": to_micros(seen_since)}
    row = connection.execute(_LIVE, values).one_or_none()
    if row is None:
        return None
    content, *rest = row
    of_session, of_user = rest[: len(_COLUMNS)], rest[len(_COLUMNS) :]
    return StoredSession(_session(of_session), content, user_rows.user_of(of_user))


def list_sessions(
    connection: Connection, user_id: int, *, now: datetime, seen_since: datetime
) -> tuple[Session, ...]:
    """Every live session of a person, the one used last first."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(
            session.c.user_id == user_id,
            session.c.expires_at > to_micros(now),
            session.c.last_seen_at > to_micros(seen_since),
        )
        .order_by(session.c.last_seen_at.desc(), session.c.public_id)
    )
    return tuple(_session(row) for row in rows)


def save_session(connection: Connection, id_hash: str, *, content: str, now: datetime) -> None:
    """Replace what a session carries; one that has been ended meanwhile stays ended."""
    connection.execute(
        update(session)
        .where(session.c.id_hash == id_hash)
        .values(content=content, last_seen_at=to_micros(now))
    )


def touch_session(connection: Connection, id_hash: str, *, now: datetime) -> None:
    """Note that the browser was seen."""
    connection.execute(
        update(session).where(session.c.id_hash == id_hash).values(last_seen_at=to_micros(now))
    )


def delete_session(connection: Connection, id_hash: str) -> None:
    """End the session of a cookie; an unknown one is fine."""
    connection.execute(delete(session).where(session.c.id_hash == id_hash))


def delete_session_of(connection: Connection, user_id: int, public_id: str) -> bool:
    """End one of a person's own sessions; False if they have none of this name."""
    result = connection.execute(
        delete(session).where(session.c.user_id == user_id, session.c.public_id == public_id)
    )
    return result.rowcount > 0


def delete_sessions(connection: Connection, user_id: int, *, keep: str = "") -> int:
    """End every session of a person, but the one with the hash `keep`; returns how many."""
    result = connection.execute(
        delete(session).where(session.c.user_id == user_id, session.c.id_hash != keep)
    )
    return result.rowcount


def delete_expired(connection: Connection, *, now: datetime) -> int:
    """Forget sessions past their end; returns how many. Idle ones are refused when they come back."""
    return connection.execute(delete(session).where(session.c.expires_at <= to_micros(now))).rowcount


def _session(row: Sequence[Any]) -> Session:
    public_id, user_id, created_at, last_seen_at, expires_at, user_agent, address = row
    return Session(
        public_id=public_id,
        user_id=user_id,
        created_at=from_micros(created_at),
        last_seen_at=from_micros(last_seen_at),
        expires_at=from_micros(expires_at),
        user_agent=user_agent,
        address=address,
    )
