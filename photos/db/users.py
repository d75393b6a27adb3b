"""People, known by (issuer, subject) and by nothing else. How they sign in is `photos.db.accounts`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from photos.db.engine import from_micros, to_micros
from photos.db.keyset import read_cursor, write_cursor
from photos.db.schema import user
from photos.errors import Invalid, NotFound
from photos.models import Identity, Page, User

LONGEST_NAME = 200
LONGEST_EMAIL = 320
LONGEST_IDENTITY = 255
COLUMNS = (
    user.c.id,
    user.c.issuer,
    user.c.subject,
    user.c.name,
    user.c.email,
    user.c.is_admin,
    user.c.is_disabled,
    user.c.quota_bytes,
    user.c.used_bytes,
    user.c.created_at,
)
"""What `user_of` takes, in the order of the model."""
_BY_ID = select(*COLUMNS).where(user.c.id == bindparam("id"))
"""Built once: every request of a program runs it."""


def user_of(row: Sequence[Any]) -> User:
    """The person whose COLUMNS these are."""
    user_id, issuer, subject, name, email, is_admin, is_disabled, quota_bytes, used_bytes, created_at = row
    return User(
        id=user_id,
        issuer=issuer,
        subject=subject,
        name=name,
        email=email,
        is_admin=is_admin,
        is_disabled=is_disabled,
        quota_bytes=quota_bytes,
        used_bytes=used_bytes,
        created_at=from_micros(created_at),
    )


def get_user(connection: Connection, user_id: int) -> User:
    """One person. Raises NotFound."""
    found = find_user_by_id(connection, user_id)
    if found is None:
        raise NotFound("user", user_id)
    return found


def find_user_by_id(connection: Connection, user_id: int) -> User | None:
    """One person, None if they are gone."""
    row = connection.execute(_BY_ID, {"id": user_id}).first()
    return None if row is None else user_of(row)


def lock_user(connection: Connection, user_id: int) -> User:
    """One person, held until the end of the transaction: what is decided by their totals stays true.

    SQLite has one writer at a time and needs no lock. Raises NotFound.
    """
    row = connection.execute(select(*COLUMNS).where(user.c.id == user_id).with_for_update()).first()
    if row is None:
        raise NotFound("user", user_id)
    return user_of(row)


def find_user(connection: Connection, issuer: str, subject: str) -> User | None:
    """The person whom this provider calls `subject`, None if they were never here."""
    row = connection.execute(
        select(*COLUMNS).where(user.c.issuer == issuer, user.c.subject == subject)
    ).first()
    return None if row is None else user_of(row)


def list_users_by_email(connection: Connection, email: str) -> list[User]:
    """People whose provider gave this address today, without regard to case, and perhaps some who are alike.

    Reads the whole table. Nobody is let in by it.
    """
    statement = select(*COLUMNS).where(func.lower(user.c.email) == email).order_by(user.c.id)
    return [user_of(row) for row in connection.execute(statement)]


def ensure_user(connection: Connection, identity: Identity, *, now: datetime, is_admin: bool = False) -> User:
    """The person behind an identity, with the name and address that the provider says today.

    `is_admin` counts for a new person only. Raises Invalid for an identity that cannot be kept apart from
    another one.
    """
    _check_identity(identity)
    known = find_user(connection, identity.issuer, identity.subject)
    if known is None:
        _add_user(connection, identity, now=now, is_admin=is_admin)
    else:
        connection.execute(update(user).where(user.c.id == known.id).values(_profile(identity)))
    found = find_user(connection, identity.issuer, identity.subject)
    if found is None:
        raise NotFound("user", identity.subject)
    return found


def count_users(connection: Connection) -> int:
    """How many people there are."""
    return connection.scalar(select(func.count()).select_from(user)) or 0


def has_admin(connection: Connection) -> bool:
    """Whether anybody is an administrator."""
    return connection.scalar(select(user.c.id).where(user.c.is_admin).limit(1)) is not None


def list_users(connection: Connection, *, limit: int = 100, cursor: str | None = None) -> Page[User]:
    """People in order of arrival. Raises Invalid (code `cursor`)."""
    last = read_cursor(cursor, 1)[0] if cursor is not None else 0
    rows = connection.execute(
        select(*COLUMNS).where(user.c.id > last).order_by(user.c.id).limit(limit + 1)
    ).all()
    shown = rows[:limit]
    return Page(
        tuple(user_of(row) for row in shown), write_cursor(shown[-1].id) if len(rows) > limit else None
    )


def set_disabled(connection: Connection, user_id: int, is_disabled: bool) -> None:
    """Lock a person out, or let them in again. Raises NotFound."""
    _change(connection, user_id, is_disabled=is_disabled)


def set_quota(connection: Connection, user_id: int, quota_bytes: int | None) -> None:
    """A quota of their own; None means the default of the settings. Raises NotFound."""
    _change(connection, user_id, quota_bytes=quota_bytes)


def _change(connection: Connection, user_id: int, **values: object) -> None:
    if connection.execute(update(user).where(user.c.id == user_id).values(**values)).rowcount != 1:
        raise NotFound("user", user_id)


def _check_identity(identity: Identity) -> None:
    """Binary collations pad with spaces on MySQL, so "a" and "a " would be one person there."""
    for part in (identity.issuer, identity.subject):
        if not part or part != part.strip() or len(part) > LONGEST_IDENTITY or not part.isprintable():
            raise Invalid("The sign-in provider sent a name that cannot be stored.", code="identity")


def _add_user(connection: Connection, identity: Identity, *, now: datetime, is_admin: bool) -> None:
    row = {
        "issuer": identity.issuer,
        "subject": identity.subject,
        "is_admin": is_admin,
        "is_disabled": False,
        "used_bytes": 0,
        "created_at": to_micros(now),
    }
    try:
        with connection.begin_nested():
            connection.execute(insert(user).values(row | _profile(identity)))
    except IntegrityError:
        # the same person in a second window was quicker: READ COMMITTED shows their row now
        return


def _profile(identity: Identity) -> dict[str, str]:
    """Name and address are what the provider shows today, and may be cut; nobody is found by them here."""
    return {"name": _storable(identity.name, LONGEST_NAME), "email": _storable(identity.email, LONGEST_EMAIL)}


def _storable(text: str, limit: int) -> str:
    return "".join(character for character in text if character.isprintable())[:limit]
