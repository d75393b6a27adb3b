"""What the rows say about stored objects: which are needed, and which may go.

A key moves to `discarded_object` in the transaction that stops needing it, and the object is deleted after
that commit. A crash between the two leaves the row, so that the next sweep goes on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime

import msgspec
from sqlalchemy import Connection, delete, select

from photos.db.engine import to_micros
from photos.db.schema import discarded_object, photo, rendition, upload
from photos.db.upsert import upsert
from photos.models import PhotoState

BATCH = 500
SHARED = "shared/"
"""Keys of objects that many photos may need begin so: the last photo takes them along, not the first."""
DROPBOX = "dropbox/"
"""Keys of files that people copied in begin so. No row knows them yet; who takes them deletes them."""
WAITING = (PhotoState.NEW, PhotoState.PROCESSING)


def is_shared(storage_key: str) -> bool:
    """Whether many photos have this original, so that it is of none of them alone."""
    return storage_key.startswith(SHARED)


class PhotoObjects(msgspec.Struct, frozen=True):
    """The objects one photo needs: its original, of `size_bytes`, and its renditions.

    Those of a photo that `is_waiting` to be developed are about to be made anew.
    """

    photo_key: int
    photo_id: str
    storage_key: str
    size_bytes: int
    rendition_keys: tuple[str, ...]
    is_waiting: bool


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


def list_discarded(connection: Connection, *, before: datetime, limit: int | None) -> list[str]:
    """Keys of objects that were discarded before an instant and may be deleted, by name; None is all."""
    statement = (
        select(discarded_object.c.storage_key)
        .where(discarded_object.c.discarded_at < to_micros(before))
        .order_by(discarded_object.c.storage_key)
        .limit(limit)
    )
    return list(connection.scalars(statement))


def forget_discarded(connection: Connection, keys: Collection[str]) -> None:
    """These objects are deleted."""
    keep_objects(connection, keys)


def iterate_objects(connection: Connection) -> Iterator[PhotoObjects]:
    """The objects of every photo, in key order, read in batches."""
    last = 0
    while rows := connection.execute(
        select(photo.c.key, photo.c.id, photo.c.storage_key, photo.c.size_bytes, photo.c.state)
        .where(photo.c.key > last)
        .order_by(photo.c.key)
        .limit(BATCH)
    ).all():
        last = rows[-1].key
        made: dict[int, list[str]] = defaultdict(list)
        between = rendition.c.photo_key.between(rows[0].key, last)
        for key, storage_key in connection.execute(
            select(rendition.c.photo_key, rendition.c.storage_key).where(between)
        ):
            made[key].append(storage_key)
        for row in rows:
            is_waiting = row.state in WAITING
            yield PhotoObjects(
                row.key, row.id, row.storage_key, row.size_bytes, tuple(made[row.key]), is_waiting
            )


def list_renditions(connection: Connection, photo_key: int) -> set[str]:
    """Keys of the objects that were made of one photo; empty if it is gone."""
    statement = select(rendition.c.storage_key).where(rendition.c.photo_key == photo_key)
    return set(connection.scalars(statement))


def is_wanted(connection: Connection, storage_key: str) -> bool:
    """Whether a photo, a rendition or an unfinished upload needs this object. Reads whole tables."""
    return any(
        connection.scalar(statement.limit(1)) is not None
        for statement in (
            select(upload.c.id).where(upload.c.storage_key == storage_key, upload.c.state == "open"),
            select(photo.c.key).where(photo.c.storage_key == storage_key),
            select(rendition.c.photo_key).where(rendition.c.storage_key == storage_key),
        )
    )
