"""Who signs in, and with what."""

from __future__ import annotations

from datetime import datetime

import msgspec


class User(msgspec.Struct, frozen=True):
    """A person; identity is (issuer, subject), never the e-mail address."""

    id: int
    issuer: str
    subject: str
    name: str
    email: str
    is_admin: bool
    is_disabled: bool
    quota_bytes: int | None
    """None means the default of the settings."""
    used_bytes: int
    created_at: datetime


class Session(msgspec.Struct, frozen=True):
    """One signed-in browser. `public_id` names it on the account page; the cookie's id is only hashed."""

    public_id: str
    user_id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str
    address: str


class ApiToken(msgspec.Struct, frozen=True):
    """A personal token; the secret itself is stored hashed and shown once."""

    public_id: str
    user_id: int
    name: str
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


class Identity(msgspec.Struct, frozen=True):
    """Who a provider says has signed in."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str
