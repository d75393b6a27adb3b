"""Vectors of photos: what the recogniser's classifier saw in the whole of a picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, delete, exists, func, select, update

from photos.db.engine import to_micros
from photos.db.objects import SHARED
from photos.db.photos import MOST_KEYS
from photos.db.schema import photo, photo_vector
from photos.db.upsert import upsert
from photos.models import PhotoState

BATCH = 4000
"""Rows in memory at once: about a megabyte."""


class Mark(msgspec.Struct, frozen=True):
    """How many vectors of one kind a person has, and when the last one came, in microseconds.

    Another mark, other vectors.
    """

    count: int
    made_at: int


def save_vector(connection: Connection, key: int, *, provider: str, bits: bytes, now: datetime) -> None:
    """Replace a photo's vector; an empty one takes it away."""
    if not bits:
        connection.execute(delete(photo_vector).where(photo_vector.c.photo_key == key))
        return
    owner_id = connection.execute(select(photo.c.owner_id).where(photo.c.key == key)).scalar_one()
    # a clock that stands still or goes back must not hide the change
    last = connection.scalar(select(func.max(photo_vector.c.made_at)).where(_kind(owner_id, provider)))
    made_at = max(to_micros(now), (last or 0) + 1)
    made = {"provider": provider, "bits": bits, "made_at": made_at}
    row = {"photo_key": key, "owner_id": owner_id, **made}
    upsert(connection, photo_vector, row, on=("photo_key",), update=made)


def find_vector(connection: Connection, key: int) -> tuple[str, bytes] | None:
    """Provider and vector of a photo; None if it has none."""
    statement = select(photo_vector.c.provider, photo_vector.c.bits).where(photo_vector.c.photo_key == key)
    row = connection.execute(statement).first()
    return (row.provider, row.bits) if row else None


def ask_again(connection: Connection, provider: str, *, after: int, limit: int, every: bool) -> list[int]:
    """Let the recogniser look again at ready photos beyond the key `after`; returns their keys, in order.

    Unless it is `every` one, only at those that lack a vector. Invented photos stay as they are.
    """
    has_none = ~exists().where(photo_vector.c.photo_key == photo.c.key, photo_vector.c.provider == provider)
    statement = select(photo.c.key).where(
        photo.c.state == PhotoState.READY,
        photo.c.recogniser == provider,
        photo.c.key > after,
        photo.c.storage_key.not_like(f"{SHARED}%"),
        *(() if every else (has_none,)),
    )
    keys = list(connection.scalars(statement.order_by(photo.c.key).limit(limit)))
    connection.execute(update(photo).where(photo.c.key.in_(keys)).values(recogniser=""))
    return keys


def mark(connection: Connection, owner_id: int, provider: str) -> Mark:
    """The mark of the owner's vectors by this provider; read from an index alone."""
    statement = select(func.count(), func.max(photo_vector.c.made_at)).where(_kind(owner_id, provider))
    count, made_at = connection.execute(statement).one()
    return Mark(count, made_at or 0)


def list_vectors(
    connection: Connection, owner_id: int, provider: str, *, since: int = 0
) -> Iterator[tuple[list[int], bytes]]:
    """Keys of the owner's photos, and their vectors by this provider joined to one string, in batches.

    `since` leaves out what was made before, in microseconds.
    """
    statement = select(photo_vector.c.photo_key, photo_vector.c.bits).where(_kind(owner_id, provider))
    if since:
        statement = statement.where(photo_vector.c.made_at >= since)
    for rows in connection.execute(statement.execution_options(yield_per=BATCH)).partitions():
        keys, bits = zip(*rows, strict=True)
        yield list(keys), b"".join(bits)


def list_vectors_by_keys(
    connection: Connection, owner_id: int, provider: str, keys: Sequence[int]
) -> Iterator[tuple[list[int], bytes]]:
    """The same for those of `keys` that have such a vector."""
    for start in range(0, len(keys), MOST_KEYS):
        among = photo_vector.c.photo_key.in_(keys[start : start + MOST_KEYS])
        statement = select(photo_vector.c.photo_key, photo_vector.c.bits).where(
            among, _kind(owner_id, provider)
        )
        rows = connection.execute(statement).all()
        yield [row.photo_key for row in rows], b"".join(row.bits for row in rows)


def _kind(owner_id: int, provider: str) -> ColumnElement[bool]:
    return and_(photo_vector.c.owner_id == owner_id, photo_vector.c.provider == provider)
