"""Signing in with a password, and up: how often one may try, and the code that the provider gives for it.

Passwords are compared outside of any transaction: 30 ms of argon2 must not hold the one writer.
"""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import msgspec

from photos import passwords
from photos.config import Settings
from photos.db import accounts as account_rows
from photos.db import rate
from photos.db import sessions as session_rows
from photos.db.accounts import Account
from photos.db.engine import Database
from photos.errors import Denied, Invalid
from photos.ids import hash_secret, new_secret
from photos.models import User
from photos.services.accounts import create_account
from photos.services.email_addresses import fold

CODE_SECONDS = 60
ADDRESS_FACTOR = 5
"""An address may fail this many times as often as an account: families and offices share one."""
WRONG = "This address and password do not fit together."
SLOW_DOWN = "Too many tries from here or for this account. Wait a while, then try again."


class Application(msgspec.Struct, frozen=True):
    """Where a sign-in leads back to, and what its one-time code is bound to."""

    redirect_uri: str
    nonce: str
    code_challenge: str


def sign_up(
    email: str, password: str, *, name: str, address: str, settings: Settings, database: Database
) -> Account:
    """Create one's own account where that is open. Raises Denied, Invalid, Conflict, TooMany."""
    if not settings.open_sign_up:
        raise Denied("New people come by invitation. Ask an administrator of this library.")
    _take_tries(f"sign-up {address}", address, settings=settings, database=database)
    person = create_account(email, password, name=name, database=database)
    with database.read() as connection:
        return account_rows.get_account(connection, person.subject)


def check_password(
    email: str, password: str, *, address: str, settings: Settings, database: Database
) -> Account:
    """The account, if the password is right. Same words and same time whether or not it exists.

    Raises Invalid (code `credentials`), and TooMany when this account or this network address has
    failed too often; a right password gives its try back.
    """
    folded = fold(email)
    taken_at = _take_tries(folded, address, settings=settings, database=database)
    with database.read() as connection:
        account = account_rows.find_account(connection, folded)
    is_right = passwords.is_password(account.password_hash if account else "", password)
    if account is None or not is_right or account.is_disabled:
        raise Invalid(WRONG, code="credentials", field="password")
    outdated = passwords.is_outdated(account.password_hash)
    renewed = passwords.hash_password(password) if outdated else ""
    with database.write() as connection:
        for what, who, _ in _limits(folded, address, settings):
            window = settings.sign_in_window_seconds
            rate.give_back(connection, what, who, window_seconds=window, now=taken_at)
        if renewed:
            account_rows.set_password(connection, account.subject, renewed, now=datetime.now(UTC))
    return account


def grant_code(account: Account, application: Application, *, database: Database) -> str:
    """A one-time code, good for a minute, that the identity provider exchanges for this account."""
    code = new_secret()
    with database.write() as connection:
        account_rows.delete_expired(connection, now=datetime.now(UTC))
        account_rows.add_code(
            connection,
            code_hash=hash_secret(code),
            subject=account.subject,
            redirect_uri=application.redirect_uri,
            nonce=application.nonce,
            code_challenge=application.code_challenge,
            expires_at=datetime.now(UTC) + timedelta(seconds=CODE_SECONDS),
        )
    return code


def change_password(
    person: User,
    *,
    old: str,
    new: str,
    keep_session: str,
    address: str,
    settings: Settings,
    database: Database,
) -> None:
    """Set a new password and end every session but the one with the hash `keep_session`.

    Raises Invalid (field `old_password` or `new_password`) and TooMany.
    """
    with database.read() as connection:
        account = account_rows.get_account(connection, person.subject)
    try:
        check_password(account.email, old, address=address, settings=settings, database=database)
    except Invalid:
        raise Invalid("This is not your password.", code="credentials", field="old_password") from None
    passwords.check_rules(new, email=account.email, name=account.name, field="new_password")
    password_hash = passwords.hash_password(new)
    with database.write() as connection:
        account_rows.set_password(connection, account.subject, password_hash, now=datetime.now(UTC))
        account_rows.delete_links(connection, purpose="reset", subject=account.subject)
        session_rows.delete_sessions(connection, person.id, keep=keep_session)


def _take_tries(email: str, address: str, *, settings: Settings, database: Database) -> datetime:
    now = datetime.now(UTC)
    with database.write() as connection:
        for what, who, limit in _limits(email, address, settings):
            window = settings.sign_in_window_seconds
            rate.take(connection, what, who, limit=limit, window_seconds=window, now=now, reason=SLOW_DOWN)
    return now


def _limits(email: str, address: str, settings: Settings) -> tuple[tuple[str, str, int], ...]:
    attempts = settings.sign_in_attempts
    return (("account", email, attempts), ("address", _network(address), attempts * ADDRESS_FACTOR))


def _network(address: str) -> str:
    """What one person controls: an IPv4 address, or an IPv6 /64."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)
