"""Many finished photos written at once, straight into the rows: for libraries that nobody uploaded."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Table, insert, select

from photos.db import chunks, columns
from photos.db.engine import to_micros
from photos.db.photos import MOST_KEYS, count_bytes, untouched
from photos.db.rows import write_boxes
from photos.db.schema import label, photo, photo_hash, photo_vector, rendition, tag, text_line
from photos.models import Developed, Label, PhotoState, Place, Rendition, TextLine

RENDITION = ("kind", "storage_key", "width", "height", "size_bytes", "media_type")
HASH = ("variant", "bits", "quality", "is_matched")
LABEL = ("name", "provider", "confidence", "boxes")
VECTOR = ("owner_id", "provider", "bits", "made_at")
LINE = ("position", "text", "confidence", "box")
TAG = ("name", "source")
"""Columns of what hangs on a photo, in the order of its rows."""
Row = tuple[Any, ...]
CACHE_KIB = 200_000
"""Of SQLite's pages, while a million photos are written."""


class FinishedPhoto(msgspec.Struct, frozen=True):
    """Everything about a photo that went the whole way.

    Objects behind its storage keys may be shared with other photos: see `photos.db.objects.SHARED`.
    """

    id: str
    sha256: str
    size_bytes: int
    name: str
    storage_key: str
    arrived_at: datetime
    developed: Developed
    developed_with: int
    place: Place | None
    renditions: Sequence[Rendition]
    provider: str
    """Who has seen `labels` and `vector`, and read `text`."""
    text_provider: str
    labels: Sequence[Label]
    vector: bytes
    text: Sequence[TextLine]
    tags: Sequence[str]
    is_favourite: bool


def add_finished(
    connection: Connection, photos: Sequence[FinishedPhoto], *, owner_id: int, now: datetime
) -> list[int]:
    """Add ready photos of one person, not yet indexed; returns their keys in the same order.

    Nothing compares their hashes with each other: who made them knows their pairs (`duplicates.add_pairs`).

    Raises SQLAlchemy's IntegrityError if one of them is there already.
    """
    if connection.dialect.name == "sqlite":
        # ids and hashes come in no order, so every page of their indexes is wanted in every transaction
        connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB}")
    chunks.lock_owners(connection, [owner_id])
    rows = [_row(each, owner_id, to_micros(now)) for each in photos]
    names = list(rows[0])
    _insert(connection, photo, names, list(map(itemgetter(*names), rows)))
    known = _keys(connection, [each.id for each in photos])
    keys = [known[each.id] for each in photos]
    for table, columns_of, make in (
        (rendition, RENDITION, _renditions),
        (photo_hash, HASH, _hashes),
        (label, LABEL, _labels),
        (text_line, LINE, _lines),
        (tag, TAG, _tags),
        (photo_vector, VECTOR, lambda each: _vectors(each, owner_id, to_micros(now))),
    ):
        hanging = [(key, *row) for key, each in zip(keys, photos, strict=True) for row in make(each)]
        _insert(connection, table, ("photo_key", *columns_of), hanging)
    for key in keys:
        chunks.note_arrival(connection, key)
    count_bytes(connection, owner_id, sum(each.size_bytes for each in photos))
    return keys


def _insert(connection: Connection, table: Table, names: Sequence[str], rows: list[Row]) -> None:
    """Add rows of these columns, handed to the driver as they are: to take each of their values through
    SQLAlchemy takes longer than to store it. Fit for numbers, text, bytes and booleans."""
    if not rows:
        return
    statement = insert(table).compile(dialect=connection.dialect, column_keys=list(names))
    # drivers take values by their place or by their name
    values: list[Any] = rows
    if statement.positiontup is None:
        values = [dict(zip(names, row, strict=True)) for row in rows]
    elif statement.positiontup != list(names):
        values = list(map(itemgetter(*map(names.index, statement.positiontup)), rows))
    connection.exec_driver_sql(str(statement), values)


def _row(made: FinishedPhoto, owner_id: int, now: int) -> dict[str, Any]:
    facts, arrived = made.developed.facts, to_micros(made.arrived_at)
    told = columns.picture(made.developed) | columns.camera(facts) | columns.where(facts, made.place)
    return (
        untouched()
        | told
        | columns.when(facts, arrived)
        | {
            "id": made.id,
            "owner_id": owner_id,
            "sha256": made.sha256,
            "size_bytes": made.size_bytes,
            "name": made.name,
            "storage_key": made.storage_key,
            "state": PhotoState.READY,
            "attempts": 1,
            "description": facts.description,
            "description_by": "file" if facts.description else "",
            "rating": facts.rating,
            "is_favourite": made.is_favourite,
            "developed_with": made.developed_with,
            "recogniser": made.provider,
            "text_reader": made.text_provider,
            "created_at": arrived,
            "updated_at": now,
        }
    )


def _keys(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(ids), MOST_KEYS):
        statement = select(photo.c.id, photo.c.key).where(photo.c.id.in_(ids[start : start + MOST_KEYS]))
        found |= {row.id: row.key for row in connection.execute(statement)}
    return found


def _renditions(made: FinishedPhoto) -> Iterable[Row]:
    return [
        (each.kind, each.key, each.width, each.height, each.size_bytes, each.media_type)
        for each in made.renditions
    ]


def _hashes(made: FinishedPhoto) -> Iterable[Row]:
    """Only of the picture as it stands, as processing keeps it."""
    return [(each.variant, each.bits, each.quality, True) for each in made.developed.hashes[:1]]


def _labels(made: FinishedPhoto) -> Iterable[Row]:
    return [(each.name, made.provider, each.confidence, write_boxes(each.boxes)) for each in made.labels]


def _vectors(made: FinishedPhoto, owner_id: int, now: int) -> Iterable[Row]:
    return [(owner_id, made.provider, made.vector, now)] if made.vector else []


def _lines(made: FinishedPhoto) -> Iterable[Row]:
    return [
        (position, line.text, line.confidence, write_boxes([line.box]))
        for position, line in enumerate(made.text)
    ]


def _tags(made: FinishedPhoto) -> Iterable[Row]:
    return [(name, "person") for name in made.tags]
