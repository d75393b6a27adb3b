"""Accounts of the local identity provider, and what administrators do for people."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from photos import passwords
from photos.db import accounts as account_rows
from photos.db import rate
from photos.db import sessions as session_rows
from photos.db import users as user_rows
from photos.db.accounts import ISSUER
from photos.db.engine import Database
from photos.errors import Conflict, Invalid, NotFound
from photos.ids import new_id
from photos.models import Identity, User
from photos.services.email_addresses import fold, fold_email

LONGEST_NAME = 200
LARGEST_QUOTA_BYTES = 10**15


def create_account(
    email: str, password: str, *, name: str = "", is_admin: bool = False, database: Database
) -> User:
    """Create a person. Raises Invalid (address, password) and Conflict (the address has an account)."""
    folded = fold_email(email)
    name = clean_name(name, folded)
    passwords.check_rules(password, email=folded, name=name)
    password_hash = passwords.hash_password(password)
    with unique_address(), database.write() as connection:
        return add_person(connection, folded, name, password_hash, is_admin=is_admin)


def rename(person: User, name: str, *, database: Database) -> None:
    """Change one's name. Raises Invalid."""
    name = clean_name(name, person.email)
    with database.write() as connection:
        account = account_rows.get_account(connection, person.subject)
        account_rows.set_name(connection, account.subject, name)
        identity = Identity(ISSUER, account.subject, account.email, False, name)
        user_rows.ensure_user(connection, identity, now=datetime.now(UTC))


def set_disabled(user_id: int, is_disabled: bool, *, by: User, database: Database) -> User:
    """Lock a person out at once, or let them in again. Raises NotFound, and Conflict for oneself."""
    if is_disabled and user_id == by.id:
        raise Conflict("You cannot lock yourself out. Another administrator can.")
    with database.write() as connection:
        person = user_rows.get_user(connection, user_id)
        user_rows.set_disabled(connection, user_id, is_disabled)
        if person.issuer == ISSUER:
            account_rows.set_account_disabled(connection, person.subject, is_disabled)
        if is_disabled:
            session_rows.delete_sessions(connection, user_id)
        return person


def get_person(email: str, *, database: Database) -> User:
    """The person of a local account. Raises NotFound for an address without one."""
    with database.read() as connection:
        account = account_rows.find_account(connection, fold(email))
        person = user_rows.find_user(connection, ISSUER, account.subject) if account else None
    if person is None:
        raise NotFound("account", email)
    return person


def delete_expired(now: datetime, *, database: Database) -> int:
    """Forget what nobody can use any more: sessions, links, codes, counters of a day ago."""
    with database.write() as connection:
        return (
            session_rows.delete_expired(connection, now=now)
            + account_rows.delete_expired(connection, now=now)
            + rate.delete_old(connection, before=now - timedelta(days=2))
        )


def clean_name(name: str, email: str) -> str:
    """The name as pages greet it; the first part of the address where there is none. Raises Invalid."""
    name = " ".join(unicodedata.normalize("NFC", name).split()) or email.partition("@")[0]
    if len(name) > LONGEST_NAME:
        raise Invalid(f"Use {LONGEST_NAME} characters or fewer.", code="too_long", field="name")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise Invalid("This holds characters that cannot be stored.", code="characters", field="name")
    return name


def add_person(connection: Connection, email: str, name: str, password_hash: str, *, is_admin: bool) -> User:
    """The rows of a new person. Raises IntegrityError if the address has an account: see `unique_address`."""
    now = datetime.now(UTC)
    account = account_rows.add_account(
        connection, subject=new_id(), email=email, name=name, password_hash=password_hash, now=now
    )
    identity = Identity(ISSUER, account.subject, email, False, name)
    return user_rows.ensure_user(connection, identity, now=now, is_admin=is_admin)


@contextmanager
def unique_address() -> Iterator[None]:
    """Turns the database's answer to a second account for one address into words."""
    try:
        yield
    except IntegrityError as error:
        raise Conflict("This address has an account already. Sign in with it.", code="email") from error
