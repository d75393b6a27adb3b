"""What the rows say about stored objects: which are needed, and which may go.

A key moves to `discarded_object` in the transaction that stops needing it, and the object is deleted after
that commit. A crash between the two leaves the row, so that the next sweep goes on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from sqlalchemy import Connection, delete, select

from photos.db.engine import to_micros
from photos.db.schema import discarded_object, photo, rendition, upload
from photos.db.upsert import upsert

BATCH = 500


def discard_objects(connection: Connection, keys: Collection[str], *, now: datetime) -> None:
    """Leave these objects to the sweep; without effect for those it knows."""
    for key in keys:
        row = {"storage_key": key, "discarded_at": to_micros(now)}
        upsert(
            connection, discarded_object, row, on=("storage_key",), update={"discarded_at": to_micros(now)}
        )


def keep_objects(connection: Connection, keys: Collection[str]) -> None:
    """Take objects back from the sweep: a row needs them again."""
    connection.execute(delete(discarded_object).where(discarded_object.c.storage_key.in_(keys)))


def list_discarded(connection: Connection, limit: int) -> list[str]:
    """Keys of objects that may be deleted, longest discarded first."""
    statement = select(discarded_object.c.storage_key).order_by(
        discarded_object.c.discarded_at, discarded_object.c.storage_key
    )
    return list(connection.scalars(statement.limit(limit)))


def forget_discarded(connection: Connection, keys: Collection[str]) -> None:
    """These objects are deleted."""
    keep_objects(connection, keys)


def list_needed(connection: Connection) -> Iterator[tuple[str, int]]:
    """(storage key, size in bytes) of every object that must exist: originals, then renditions. For fsck."""
    last = 0
    while rows := connection.execute(
        select(photo.c.key, photo.c.storage_key, photo.c.size_bytes)
        .where(photo.c.key > last)
        .order_by(photo.c.key)
        .limit(BATCH)
    ).all():
        keys = [row.key for row in rows]
        yield from ((row.storage_key, row.size_bytes) for row in rows)
        made = select(rendition.c.storage_key, rendition.c.size_bytes).where(rendition.c.photo_key.in_(keys))
        yield from ((row.storage_key, row.size_bytes) for row in connection.execute(made))
        last = keys[-1]


def list_arriving(connection: Connection) -> Iterator[str]:
    """Keys of uploads that have not become photos: their objects may or may not exist. For fsck."""
    yield from connection.scalars(select(upload.c.storage_key).where(upload.c.state == "open"))
