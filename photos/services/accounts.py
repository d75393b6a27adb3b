"""Accounts of the local identity provider, and what administrators do for people.

Passwords are compared outside of any transaction: 30 ms of argon2 must not hold the one writer.
Addresses are compared folded (NFKC, case-folded); secrets of links and codes are stored hashed.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from photos import passwords
from photos.config import Settings
from photos.db import accounts as account_rows
from photos.db import rate
from photos.db import sessions as session_rows
from photos.db import tokens as token_rows
from photos.db import users as user_rows
from photos.db.accounts import ISSUER, Account, Link
from photos.db.engine import Database
from photos.errors import Conflict, Denied, Invalid, NotFound
from photos.ids import hash_secret, new_id, new_secret
from photos.models import ApiToken, Identity, User

LINK_PATH = "/provider/link/"
SETUP_SECONDS = 86400
INVITATION_SECONDS = 7 * 86400
RESET_SECONDS = 3600
CODE_SECONDS = 60
ADDRESS_FACTOR = 5
"""An address may fail this many times as often as an account: families and offices share one."""
TOKEN_PREFIX = "bgi_"  # nosec B105 # a prefix, so that leaked tokens can be recognised
LONGEST_NAME = 200
LONGEST_EMAIL = 320
LONGEST_TOKEN_NAME = 100
LARGEST_QUOTA_BYTES = 10**15
SCOPES = frozenset({"read", "write"})
WRONG = "This address and password do not fit together."
SLOW_DOWN = "Too many tries from here or for this account. Wait a while, then try again."


@dataclass(frozen=True, slots=True)
class Application:
    """Where a sign-in leads back to, and what its one-time code is bound to."""

    redirect_uri: str
    nonce: str
    code_challenge: str


def ensure_setup_link(*, database: Database, base_url: str) -> str:
    """The address where the first administrator is made; empty if there is one.

    Each call makes a new link, good for a day, and ends the one before: only a hash is stored, so the
    old one cannot be shown again.
    """
    now = _now()
    secret = new_secret()
    with database.write() as connection:
        if user_rows.has_admin(connection):
            return ""
        account_rows.delete_links(connection, purpose="setup")
        account_rows.add_link(
            connection,
            token_hash=hash_secret(secret),
            purpose="setup",
            is_admin=True,
            now=now,
            expires_at=now + timedelta(seconds=SETUP_SECONDS),
        )
    return base_url + LINK_PATH + secret


def create_account(
    email: str, password: str, *, name: str = "", is_admin: bool = False, database: Database
) -> User:
    """Create a person. Raises Invalid (address, password) and Conflict (the address has an account)."""
    folded = fold_email(email)
    name = _name(name, folded)
    passwords.check_rules(password, email=folded, name=name)
    password_hash = passwords.hash_password(password)
    with _unique_address(), database.write() as connection:
        return _add_person(connection, folded, name, password_hash, is_admin=is_admin)


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
            account_rows.set_password(connection, account.subject, renewed, now=_now())
    return account


def grant_code(account: Account, application: Application, *, database: Database) -> str:
    """A one-time code, good for a minute, that the identity provider exchanges for this account."""
    code = new_secret()
    with database.write() as connection:
        account_rows.delete_expired(connection, now=_now())
        account_rows.add_code(
            connection,
            code_hash=hash_secret(code),
            subject=account.subject,
            redirect_uri=application.redirect_uri,
            nonce=application.nonce,
            code_challenge=application.code_challenge,
            expires_at=_now() + timedelta(seconds=CODE_SECONDS),
        )
    return code


def get_link(secret: str, *, database: Database) -> Link:
    """What a one-time link is for. Raises NotFound for an unknown, used or expired one."""
    with database.read() as connection:
        return _get_link(connection, secret)


def use_link(secret: str, *, email: str, name: str, password: str, database: Database) -> Account:
    """Make the account, or set the password, that a one-time link is for; the link is used up.

    A reset ends every session of the person; their tokens stay. Raises NotFound, Invalid, Conflict.
    """
    link = get_link(secret, database=database)
    if link.purpose == "reset":
        return _use_reset(secret, link, password, database)
    folded = fold_email(email)
    name = _name(name, folded)
    passwords.check_rules(password, email=folded, name=name)
    password_hash = passwords.hash_password(password)
    with _unique_address(), database.write() as connection:
        _spend(connection, secret)
        if link.purpose == "setup" and user_rows.has_admin(connection):
            raise NotFound("link", "setup")
        person = _add_person(connection, folded, name, password_hash, is_admin=link.is_admin)
        return account_rows.get_account(connection, person.subject)


def _use_reset(secret: str, link: Link, password: str, database: Database) -> Account:
    with database.read() as connection:
        account = account_rows.get_account(connection, link.subject)
    passwords.check_rules(password, email=account.email, name=account.name)
    password_hash = passwords.hash_password(password)
    with database.write() as connection:
        _spend(connection, secret)
        account_rows.set_password(connection, account.subject, password_hash, now=_now())
        person = user_rows.find_user(connection, ISSUER, account.subject)
        if person is not None:
            session_rows.delete_sessions(connection, person.id)
    return account


def create_invitation(*, made_by: User, is_admin: bool, database: Database, base_url: str) -> str:
    """A link, good for a week and once, where somebody makes their own account."""
    now = _now()
    secret = new_secret()
    with database.write() as connection:
        account_rows.add_link(
            connection,
            token_hash=hash_secret(secret),
            purpose="invitation",
            is_admin=is_admin,
            created_by=made_by.id,
            now=now,
            expires_at=now + timedelta(seconds=INVITATION_SECONDS),
        )
    return base_url + LINK_PATH + secret


def create_reset_link(email: str, *, database: Database, base_url: str, made_by: User | None = None) -> str:
    """A link, good for an hour and once, where the person chooses a new password. Raises NotFound."""
    now = _now()
    secret = new_secret()
    with database.write() as connection:
        account = account_rows.find_account(connection, fold(email))
        if account is None:
            raise NotFound("account", email)
        account_rows.delete_links(connection, purpose="reset", subject=account.subject)
        account_rows.add_link(
            connection,
            token_hash=hash_secret(secret),
            purpose="reset",
            subject=account.subject,
            created_by=made_by.id if made_by else None,
            now=now,
            expires_at=now + timedelta(seconds=RESET_SECONDS),
        )
    return base_url + LINK_PATH + secret


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
        account_rows.set_password(connection, account.subject, password_hash, now=_now())
        account_rows.delete_links(connection, purpose="reset", subject=account.subject)
        session_rows.delete_sessions(connection, person.id, keep=keep_session)


def rename(person: User, name: str, *, database: Database) -> None:
    """Change one's name. Raises Invalid."""
    name = _name(name, person.email)
    with database.write() as connection:
        account = account_rows.get_account(connection, person.subject)
        account_rows.set_name(connection, account.subject, name)
        identity = Identity(ISSUER, account.subject, account.email, False, name)
        user_rows.ensure_user(connection, identity, now=_now())


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


def create_token(
    person: User, *, name: str, scopes: frozenset[str], database: Database, days: int | None = None
) -> tuple[str, ApiToken]:
    """A personal token: the secret, never to be seen again, and its row. Raises Invalid.

    `days` None means that it ends only when it is revoked.
    """
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_TOKEN_NAME:
        raise Invalid(f"Name the token, with up to {LONGEST_TOKEN_NAME} characters.", field="token_name")
    if not scopes or not scopes <= SCOPES:
        raise Invalid("A token may read, or read and write.", field="scope")
    now = _now()
    secret = TOKEN_PREFIX + new_secret()
    with database.write() as connection:
        token = token_rows.add_token(
            connection,
            token_hash=hash_secret(secret),
            user_id=person.id,
            name=name,
            scopes=scopes,
            now=now,
            expires_at=now + timedelta(days=days) if days else None,
        )
    return secret, token


def create_token_for(email: str, *, name: str, scopes: frozenset[str], database: Database) -> str:
    """A personal token for a local account. Raises NotFound for an address without one, and Invalid."""
    person = get_person(email, database=database)
    return create_token(person, name=name, scopes=scopes, database=database)[0]


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


def fold_email(email: str) -> str:
    """The address as it is stored and compared. Raises Invalid for what cannot be one."""
    folded = fold(email)
    if len(folded) > LONGEST_EMAIL or not re.fullmatch(
        r"[^\s@\x00-\x20\x7f<>\"]+@[^\s@\x00-\x20\x7f<>\"]+", folded
    ):
        raise Invalid("This is not an e-mail address.", code="email", field="email")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in folded):
        raise Invalid("This is not an e-mail address.", code="email", field="email")
    return folded


def fold(email: str) -> str:
    """The one form of all ways to write an address."""
    return unicodedata.normalize("NFKC", email).strip().casefold()


def _name(name: str, email: str) -> str:
    name = " ".join(unicodedata.normalize("NFC", name).split()) or email.partition("@")[0]
    if len(name) > LONGEST_NAME:
        raise Invalid(f"Use {LONGEST_NAME} characters or fewer.", code="too_long", field="name")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        raise Invalid("This holds characters that cannot be stored.", code="characters", field="name")
    return name


def _add_person(connection: Connection, email: str, name: str, password_hash: str, *, is_admin: bool) -> User:
    now = _now()
    account = account_rows.add_account(
        connection, subject=new_id(), email=email, name=name, password_hash=password_hash, now=now
    )
    identity = Identity(ISSUER, account.subject, email, False, name)
    return user_rows.ensure_user(connection, identity, now=now, is_admin=is_admin)


class _unique_address:
    """Turns the database's answer to a second account for one address into words."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, IntegrityError):
            raise Conflict("This address has an account already. Sign in with it.", code="email") from error


def _take_tries(email: str, address: str, *, settings: Settings, database: Database) -> datetime:
    now = _now()
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


def _get_link(connection: Connection, secret: str) -> Link:
    link = account_rows.find_link(connection, hash_secret(secret), now=_now())
    if link is None or (link.purpose == "setup" and user_rows.has_admin(connection)):
        raise NotFound("link", "")
    return link


def _spend(connection: Connection, secret: str) -> None:
    if not account_rows.spend_link(connection, hash_secret(secret), now=_now()):
        raise NotFound("link", "")


def _now() -> datetime:
    return datetime.now(UTC)
