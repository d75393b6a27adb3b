"""Rows of the local identity provider: accounts, one-time links, one-time sign-in codes.

The application beside it knows these people only as (issuer, subject): see `photos.db.users`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, or_, select, update

from photos.db.engine import from_micros, to_micros
from photos.db.schema import account, account_link, sign_in_code
from photos.errors import NotFound

ISSUER = "local"
"""How the application knows this provider. Not an address: the library may move to another name."""


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who signs in with a password. `email` is folded: lower case, NFKC."""

    subject: str
    email: str
    name: str
    password_hash: str
    is_disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link. `purpose`: setup, invitation or reset; `subject` is empty but for a reset."""

    purpose: str
    subject: str
    is_admin: bool
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Grant:
    """What a one-time code was given for."""

    account: Account
    redirect_uri: str
    nonce: str
    code_challenge: str


def add_account(
    connection: Connection, *, subject: str, email: str, name: str, password_hash: str, now: datetime
) -> Account:
    """Store an account. Raises SQLAlchemy's IntegrityError where the address has one already."""
    connection.execute(
        insert(account).values(
            subject=subject,
            email=email,
            name=name,
            password_hash=password_hash,
            is_disabled=False,
            created_at=to_micros(now),
            password_at=to_micros(now),
        )
    )
    return get_account(connection, subject)


def get_account(connection: Connection, subject: str) -> Account:
    """The account of a subject. Raises NotFound."""
    row = connection.execute(select(account).where(account.c.subject == subject)).one_or_none()
    if row is None:
        raise NotFound("account", subject)
    return _account(row)


def find_account(connection: Connection, email: str) -> Account | None:
    """The account of a folded address."""
    row = connection.execute(select(account).where(account.c.email == email)).one_or_none()
    return None if row is None else _account(row)


def set_password(connection: Connection, subject: str, password_hash: str, *, now: datetime) -> None:
    """Replace the password. Raises NotFound."""
    _change(connection, subject, password_hash=password_hash, password_at=to_micros(now))


def set_name(connection: Connection, subject: str, name: str) -> None:
    """Replace the name. Raises NotFound."""
    _change(connection, subject, name=name)


def set_account_disabled(connection: Connection, subject: str, is_disabled: bool) -> None:
    """Refuse or allow signing in. Raises NotFound."""
    _change(connection, subject, is_disabled=is_disabled)


def add_link(
    connection: Connection,
    *,
    token_hash: str,
    purpose: str,
    now: datetime,
    expires_at: datetime,
    subject: str = "",
    is_admin: bool = False,
    created_by: int | None = None,
) -> None:
    """Store a one-time link. `created_by` None means that the machine made it."""
    connection.execute(
        insert(account_link).values(
            token_hash=token_hash,
            purpose=purpose,
            subject=subject,
            email="",
            is_admin=is_admin,
            created_by=created_by,
            created_at=to_micros(now),
            expires_at=to_micros(expires_at),
            used_at=None,
        )
    )


def find_link(connection: Connection, token_hash: str, *, now: datetime) -> Link | None:
    """A link that can still be used."""
    row = connection.execute(
        select(account_link).where(
            account_link.c.token_hash == token_hash,
            account_link.c.used_at.is_(None),
            account_link.c.expires_at > to_micros(now),
        )
    ).one_or_none()
    if row is None:
        return None
    return Link(row.purpose, row.subject, row.is_admin, from_micros(row.expires_at))


def spend_link(connection: Connection, token_hash: str, *, now: datetime) -> bool:
    """Use a link up; False if somebody else did, or it is past its end."""
    result = connection.execute(
        update(account_link)
        .where(
            account_link.c.token_hash == token_hash,
            account_link.c.used_at.is_(None),
            account_link.c.expires_at > to_micros(now),
        )
        .values(used_at=to_micros(now))
    )
    return result.rowcount == 1


def delete_links(connection: Connection, *, purpose: str, subject: str = "") -> None:
    """Forget every link of a purpose, for one subject where it has one."""
    connection.execute(
        delete(account_link).where(account_link.c.purpose == purpose, account_link.c.subject == subject)
    )


def add_code(
    connection: Connection,
    *,
    code_hash: str,
    subject: str,
    redirect_uri: str,
    nonce: str,
    code_challenge: str,
    expires_at: datetime,
) -> None:
    """Store a one-time sign-in code."""
    connection.execute(
        insert(sign_in_code).values(
            code_hash=code_hash,
            subject=subject,
            redirect_uri=redirect_uri,
            nonce=nonce,
            code_challenge=code_challenge,
            expires_at=to_micros(expires_at),
            used_at=None,
        )
    )


def spend_code(connection: Connection, code_hash: str, *, now: datetime) -> Grant | None:
    """Use a code up and say what it was for; None if it is unknown, used or past its end."""
    result = connection.execute(
        update(sign_in_code)
        .where(
            sign_in_code.c.code_hash == code_hash,
            sign_in_code.c.used_at.is_(None),
            sign_in_code.c.expires_at > to_micros(now),
        )
        .values(used_at=to_micros(now))
    )
    if result.rowcount != 1:
        return None
    row = connection.execute(select(sign_in_code).where(sign_in_code.c.code_hash == code_hash)).one()
    try:
        owner = get_account(connection, row.subject)
    except NotFound:
        return None
    return Grant(owner, row.redirect_uri, row.nonce, row.code_challenge)


def delete_expired(connection: Connection, *, now: datetime) -> int:
    """Forget links and codes that nobody can use any more; returns how many."""
    removed = 0
    for table in (account_link, sign_in_code):
        removed += connection.execute(
            delete(table).where(or_(table.c.expires_at <= to_micros(now), table.c.used_at.is_not(None)))
        ).rowcount
    return removed


def _change(connection: Connection, subject: str, **values: object) -> None:
    if connection.execute(update(account).where(account.c.subject == subject).values(**values)).rowcount != 1:
        raise NotFound("account", subject)


def _account(row: Row[Any]) -> Account:
    return Account(
        subject=row.subject,
        email=row.email,
        name=row.name,
        password_hash=row.password_hash,
        is_disabled=row.is_disabled,
        created_at=from_micros(row.created_at),
    )
