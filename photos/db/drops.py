"""Files in people's dropboxes that could not be taken, with the reason. Keys are known by their hash."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, delete, select

from photos.db.engine import from_micros, to_micros
from photos.db.schema import refused_drop
from photos.db.upsert import upsert
from photos.models import RefusedDrop

LONGEST_NAME = 255
LONGEST_ETAG = 255
LONGEST_REASON = 500


def refuse_drop(connection: Connection, key: str, drop: RefusedDrop, *, owner_id: int) -> None:
    """Remember what could not be taken; a newer refusal of the same key takes the older one's place."""
    values = {
        "owner_id": owner_id,
        "name": drop.name[:LONGEST_NAME],
        "etag": drop.etag[:LONGEST_ETAG],
        "reason": drop.reason[:LONGEST_REASON],
        "refused_at": to_micros(drop.refused_at),
    }
    row = {"key_hash": _hash(key), **values}
    upsert(connection, refused_drop, row, on=("key_hash",), update=values)


def find_refused(connection: Connection, keys: Collection[str]) -> dict[str, RefusedDrop]:
    """What is remembered of these keys."""
    hashes = {_hash(key): key for key in keys}
    statement = select(refused_drop).where(refused_drop.c.key_hash.in_(hashes))
    return {
        hashes[row.key_hash]: RefusedDrop(row.name, row.etag, row.reason, from_micros(row.refused_at))
        for row in connection.execute(statement)
    }


def list_refused(connection: Connection, owner_id: int, *, limit: int) -> list[RefusedDrop]:
    """A person's refused drops, the newest first."""
    statement = (
        select(refused_drop)
        .where(refused_drop.c.owner_id == owner_id)
        .order_by(refused_drop.c.refused_at.desc(), refused_drop.c.key_hash)
        .limit(limit)
    )
    return [
        RefusedDrop(row.name, row.etag, row.reason, from_micros(row.refused_at))
        for row in connection.execute(statement)
    ]


def forget_refused(connection: Connection, key: str) -> None:
    """The file under this key was taken, or is gone."""
    connection.execute(delete(refused_drop).where(refused_drop.c.key_hash == _hash(key)))


def forget_refused_before(connection: Connection, before: datetime) -> int:
    """Forget what was refused before an instant and not again since; returns how many."""
    return connection.execute(
        delete(refused_drop).where(refused_drop.c.refused_at < to_micros(before))
    ).rowcount


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()
