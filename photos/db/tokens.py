"""Personal tokens for programs. The secret is shown once; only its SHA-256 is stored."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, or_, select, update

from photos.db.engine import from_micros, to_micros
from photos.db.schema import api_token
from photos.errors import NotFound
from photos.ids import new_id
from photos.models import ApiToken


def add_token(
    connection: Connection,
    *,
    token_hash: str,
    user_id: int,
    name: str,
    scopes: frozenset[str],
    now: datetime,
    expires_at: datetime | None,
) -> ApiToken:
    """Store a token. `expires_at` None means that it ends only when it is revoked."""
    added = ApiToken(
        public_id=new_id(),
        user_id=user_id,
        name=name,
        scopes=scopes,
        created_at=now,
        last_used_at=None,
        expires_at=expires_at,
    )
    connection.execute(
        insert(api_token).values(
            token_hash=token_hash,
            public_id=added.public_id,
            user_id=user_id,
            name=name,
            scopes=" ".join(sorted(scopes)),
            created_at=to_micros(now),
            last_used_at=None,
            expires_at=None if expires_at is None else to_micros(expires_at),
        )
    )
    return added


def find_token(connection: Connection, token_hash: str, *, now: datetime) -> ApiToken | None:
    """The token with this hash, unless it has expired."""
    row = connection.execute(
        select(api_token).where(
            api_token.c.token_hash == token_hash,
            or_(api_token.c.expires_at.is_(None), api_token.c.expires_at > to_micros(now)),
        )
    ).one_or_none()
    return _token(row._mapping) if row is not None else None


def list_tokens(connection: Connection, user_id: int) -> tuple[ApiToken, ...]:
    """Every token of a person, newest first."""
    rows = connection.execute(
        select(api_token)
        .where(api_token.c.user_id == user_id)
        .order_by(api_token.c.created_at.desc(), api_token.c.public_id)
    )
    return tuple(_token(row._mapping) for row in rows)


def touch_token(connection: Connection, token_hash: str, *, now: datetime) -> None:
    """Note that the token was used."""
    connection.execute(
        update(api_token).where(api_token.c.token_hash == token_hash).values(last_used_at=to_micros(now))
    )


def revoke_token(connection: Connection, public_id: str, *, user_id: int) -> None:
    """Revoke one of a person's own tokens. Raises NotFound if they have none of this name."""
    result = connection.execute(
        delete(api_token).where(api_token.c.user_id == user_id, api_token.c.public_id == public_id)
    )
    if result.rowcount == 0:
        raise NotFound("token", public_id)


def _token(row: Mapping[Any, Any]) -> ApiToken:
    def instant(micros: int | None) -> datetime | None:
        return None if micros is None else from_micros(micros)

    return ApiToken(
        public_id=row["public_id"],
        user_id=row["user_id"],
        name=row["name"],
        scopes=frozenset(row["scopes"].split()),
        created_at=from_micros(row["created_at"]),
        last_used_at=instant(row["last_used_at"]),
        expires_at=instant(row["expires_at"]),
    )
