"""One-time links: the first administrator's, invitations, forgotten passwords. They are stored hashed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from photos import passwords
from photos.db import accounts as account_rows
from photos.db import sessions as session_rows
from photos.db import users as user_rows
from photos.db.accounts import ISSUER, Account, Link
from photos.db.engine import Database
from photos.errors import NotFound
from photos.ids import hash_secret, new_secret
from photos.models import User
from photos.services.accounts import add_person, clean_name, unique_address
from photos.services.email_addresses import fold, fold_email

LINK_PATH = "/provider/link/"
SETUP_SECONDS = 86400
INVITATION_SECONDS = 7 * 86400
RESET_SECONDS = 3600


def ensure_setup_link(*, database: Database, base_url: str) -> str:
    """The address where the first administrator is made; empty if there is one.

    Each call makes a new link, good for a day, and ends the one before: only a hash is stored, so the
    old one cannot be shown again.
    """
    with database.write() as connection:
        if user_rows.has_admin(connection):
            return ""
        account_rows.delete_links(connection, purpose="setup")
        secret = _add_link(connection, "setup", seconds=SETUP_SECONDS, is_admin=True)
    return base_url + LINK_PATH + secret


def get_link(secret: str, *, database: Database) -> Link:
    """What a one-time link is for. Raises NotFound for an unknown, used or expired one."""
    with database.read() as connection:
        link = account_rows.find_link(connection, hash_secret(secret), now=datetime.now(UTC))
        if link is None or (link.purpose == "setup" and user_rows.has_admin(connection)):
            raise NotFound("link", "")
    return link


def use_link(secret: str, *, email: str, name: str, password: str, database: Database) -> Account:
    """Make the account, or set the password, that a one-time link is for; the link is used up.

    A reset ends every session of the person; their tokens stay. Raises NotFound, Invalid, Conflict.
    """
    link = get_link(secret, database=database)
    if link.purpose == "reset":
        return _use_reset(secret, link, password, database)
    folded = fold_email(email)
    name = clean_name(name, folded)
    passwords.check_rules(password, email=folded, name=name)
    password_hash = passwords.hash_password(password)
    with unique_address(), database.write() as connection:
        _spend(connection, secret)
        if link.purpose == "setup" and user_rows.has_admin(connection):
            raise NotFound("link", "setup")
        person = add_person(connection, folded, name, password_hash, is_admin=link.is_admin)
        return account_rows.get_account(connection, person.subject)


def _use_reset(secret: str, link: Link, password: str, database: Database) -> Account:
    with database.read() as connection:
        account = account_rows.get_account(connection, link.subject)
    passwords.check_rules(password, email=account.email, name=account.name)
    password_hash = passwords.hash_password(password)
    with database.write() as connection:
        _spend(connection, secret)
        account_rows.set_password(connection, account.subject, password_hash, now=datetime.now(UTC))
        person = user_rows.find_user(connection, ISSUER, account.subject)
        if person is not None:
            session_rows.delete_sessions(connection, person.id)
    return account


def create_invitation(*, made_by: User, is_admin: bool, database: Database, base_url: str) -> str:
    """A link, good for a week and once, where somebody makes their own account."""
    with database.write() as connection:
        secret = _add_link(
            connection, "invitation", seconds=INVITATION_SECONDS, is_admin=is_admin, made_by=made_by
        )
    return base_url + LINK_PATH + secret


def create_reset_link(email: str, *, database: Database, base_url: str, made_by: User | None = None) -> str:
    """A link, good for an hour and once, where the person chooses a new password. Raises NotFound."""
    with database.write() as connection:
        account = account_rows.find_account(connection, fold(email))
        if account is None:
            raise NotFound("account", email)
        account_rows.delete_links(connection, purpose="reset", subject=account.subject)
        secret = _add_link(
            connection, "reset", seconds=RESET_SECONDS, subject=account.subject, made_by=made_by
        )
    return base_url + LINK_PATH + secret


def _add_link(
    connection: Connection,
    purpose: str,
    *,
    seconds: int,
    is_admin: bool = False,
    subject: str = "",
    made_by: User | None = None,
) -> str:
    """The secret that opens a new link, good for so long."""
    now = datetime.now(UTC)
    secret = new_secret()
    account_rows.add_link(
        connection,
        token_hash=hash_secret(secret),
        purpose=purpose,
        is_admin=is_admin,
        subject=subject,
        created_by=made_by.id if made_by else None,
        now=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    return secret


def _spend(connection: Connection, secret: str) -> None:
    if not account_rows.spend_link(connection, hash_secret(secret), now=datetime.now(UTC)):
        raise NotFound("link", "")
