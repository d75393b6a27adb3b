"""Personal tokens for programs. The secret is shown once and stored hashed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from photos.db import tokens as token_rows
from photos.db.engine import Database
from photos.errors import Invalid
from photos.ids import hash_secret, new_secret
from photos.models import ApiToken, User
from photos.services.accounts import get_person

TOKEN_PREFIX = "bgi_"  # a prefix, so that leaked tokens can be recognised
LONGEST_TOKEN_NAME = 100
SCOPES = frozenset({"read", "write"})


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
    now = datetime.now(UTC)
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
