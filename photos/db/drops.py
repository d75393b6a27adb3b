"""Files in people's dropboxes that could not be taken, with the reason. Known by the hash of their keys."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from photos.db.engine import from_micros, to_micros
from photos.db.schema import refused_drop
from photos.db.upsert import upsert
from photos.models import RefusedDrop

LONGEST_NAME = 255
LONGEST_ETAG = 255
LONGEST_REASON = 500


def drop_id(key: str) -> str:
    """What the file under this key is known by."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def refuse_drop(connection: Connection, drop: RefusedDrop, *, owner_id: int) -> None:
    """Remember what could not be taken; a newer refusal of the same file takes the older one's place."""
    values = {
        "owner_id": owner_id,
        "name": drop.name[:LONGEST_NAME],
        "etag": drop.etag[:LONGEST_ETAG],
        "reason": drop.reason[:LONGEST_REASON],
        "refused_at": to_micros(drop.refused_at),
    }
    row = {"key_hash": drop.id, **values}
    upsert(connection, refused_drop, row, on=("key_hash",), update=values)


def find_refused(connection: Connection, keys: Collection[str]) -> dict[str, RefusedDrop]:
    """What is remembered of these keys."""
    known = {drop_id(key): key for key in keys}
    statement = select(refused_drop).where(refused_drop.c.key_hash.in_(known))
    return {known[row.key_hash]: _drop(row) for row in connection.execute(statement)}


def list_refused(connection: Connection, owner_id: int, *, limit: int) -> list[RefusedDrop]:
    """A person's refused drops, the newest first."""
    statement = (
        select(refused_drop)
        .where(refused_drop.c.owner_id == owner_id)
        .order_by(refused_drop.c.refused_at.desc(), refused_drop.c.key_hash)
        .limit(limit)
    )
    return [_drop(row) for row in connection.execute(statement)]


def backdate_refused(connection: Connection, ident: str, *, owner_id: int, refused_at: datetime) -> bool:
    """Make a person's refusal as old as if it had been at that instant; False if there is none."""
    changed = connection.execute(
        update(refused_drop)
        .where(refused_drop.c.key_hash == ident, refused_drop.c.owner_id == owner_id)
        .values(refused_at=to_micros(refused_at))
    )
    return changed.rowcount == 1


def forget_refused(connection: Connection, key: str) -> None:
    """The file under this key was taken, or is gone."""
    connection.execute(delete(refused_drop).where(refused_drop.c.key_hash == drop_id(key)))


def forget_refused_before(connection: Connection, before: datetime) -> int:
    """Forget what was refused before an instant and not again since; returns how many."""
    return connection.execute(
        delete(refused_drop).where(refused_drop.c.refused_at < to_micros(before))
    ).rowcount


def _drop(row: Row[Any]) -> RefusedDrop:
    return RefusedDrop(row.key_hash, row.name, row.etag, row.reason, from_micros(row.refused_at))
