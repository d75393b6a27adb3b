"""What goes over the wire of a person, their browsers and their tokens."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from photos.models import ApiToken, Session, User
from photos.passwords import LONGEST
from photos.services.accounts import LARGEST_QUOTA_BYTES, LONGEST_NAME
from photos.services.tokens import LONGEST_TOKEN_NAME


class PersonShape(Struct):
    """The person behind the session or token."""

    name: str
    email: str
    is_admin: bool
    used_bytes: int
    quota_bytes: int | None
    scopes: list[str]


class TokenShape(Struct):
    """A personal token, without its secret."""

    id: str
    name: str
    scopes: list[str]
    created_at: str
    last_used_at: str | None
    expires_at: str | None


class TokenList(Struct):
    """All personal tokens."""

    items: list[TokenShape]
    next: str | None


class PersonChange(Struct, forbid_unknown_fields=True):
    """How pages greet the person."""

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_NAME)]


class PasswordChange(Struct, forbid_unknown_fields=True):
    """The password that holds, and the one that shall."""

    old_password: Annotated[str, Meta(max_length=LONGEST)]
    new_password: Annotated[str, Meta(max_length=LONGEST)]


class TokenRequest(Struct, forbid_unknown_fields=True):
    """A token to make. Without `days` it works until it is revoked; `write` includes reading."""

    name: Annotated[str, Meta(min_length=1, max_length=LONGEST_TOKEN_NAME)]
    scope: Literal["read", "write"]
    days: Annotated[int, Meta(ge=1, le=3650)] | None = None


class NewToken(Struct):
    """A token just made: its secret is in this answer and nowhere else."""

    secret: str
    token: TokenShape


class SessionShape(Struct):
    """A browser that is signed in."""

    id: str
    user_agent: str
    address: str
    created_at: str
    last_seen_at: str
    expires_at: str


class SessionList(Struct):
    """Every browser that is signed in, the one used last first."""

    items: list[SessionShape]
    next: None = None


class AccountShape(Struct):
    """A person as administrators see them. `quota_bytes` is theirs alone; null means the default."""

    subject: str
    name: str
    email: str
    is_admin: bool
    is_locked: bool
    used_bytes: int
    quota_bytes: int | None
    created_at: str


class AccountPage(Struct):
    """One page of people."""

    items: list[AccountShape]
    next: str | None


class AccountChange(Struct, forbid_unknown_fields=True):
    """What to change about a person; absent fields stay. `quota_bytes` null is the default."""

    is_locked: bool | UnsetType = UNSET
    quota_bytes: Annotated[int, Meta(ge=0, le=LARGEST_QUOTA_BYTES)] | UnsetType | None = UNSET


class InvitationRequest(Struct, forbid_unknown_fields=True):
    """Whom the invitation is for."""

    is_admin: bool = False


class OneTimeLink(Struct):
    """An address that works once, for this many seconds. It is in this answer and nowhere else."""

    url: str
    valid_seconds: int


def person_shape(user: User, scopes: list[str], quota_bytes: int | None) -> PersonShape:
    """The person who asks."""
    return PersonShape(user.name, user.email, user.is_admin, user.used_bytes, quota_bytes, scopes)


def token_shape(token: ApiToken) -> TokenShape:
    """A token, without its secret."""
    return TokenShape(
        token.public_id,
        token.name,
        sorted(token.scopes),
        token.created_at.isoformat(),
        token.last_used_at.isoformat() if token.last_used_at else None,
        token.expires_at.isoformat() if token.expires_at else None,
    )


def session_shape(session: Session) -> SessionShape:
    """A signed-in browser, without its cookie."""
    return SessionShape(
        session.public_id,
        session.user_agent,
        session.address,
        session.created_at.isoformat(),
        session.last_seen_at.isoformat(),
        session.expires_at.isoformat(),
    )


def account_shape(user: User) -> AccountShape:
    """A person as administrators see them."""
    return AccountShape(
        user.subject,
        user.name,
        user.email,
        user.is_admin,
        user.is_disabled,
        user.used_bytes,
        user.quota_bytes,
        user.created_at.isoformat(),
    )
