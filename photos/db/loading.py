"""Many finished photos written at once, straight into the rows: for libraries that nobody uploaded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from photos.db import chunks, columns
from photos.db.engine import to_micros
from photos.db.photos import MOST_KEYS, count_bytes, untouched
from photos.db.rows import write_boxes
from photos.db.schema import label, photo, photo_hash, photo_vector, rendition, tag, text_line
from photos.models import Developed, Label, PhotoState, Place, Rendition, TextLine

CACHE_KIB = 200_000
"""Of SQLite's pages, while a million photos are written."""


@dataclass(frozen=True, slots=True)
class FinishedPhoto:
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

    Raises SQLAlchemy's IntegrityError if one of them is there already.
    """
    if connection.dialect.name == "sqlite":
        # ids and hashes come in no order, so every page of their indexes is wanted in every transaction
        connection.exec_driver_sql(f"PRAGMA cache_size=-{CACHE_KIB}")
    chunks.lock_owners(connection, [owner_id])
    _insert(connection, photo, [_row(each, owner_id, to_micros(now)) for each in photos])
    known = _keys(connection, [each.id for each in photos])
    keys = [known[each.id] for each in photos]
    for table, make in (
        (rendition, _renditions),
        (photo_hash, _hashes),
        (label, _labels),
        (text_line, _lines),
        (tag, _tags),
        (photo_vector, lambda each: _vectors(each, owner_id, to_micros(now))),
    ):
        _insert(
            connection,
            table,
            [row | {"photo_key": key} for key, each in zip(keys, photos, strict=True) for row in make(each)],
        )
    for key in keys:
        chunks.note_arrival(connection, key)
    count_bytes(connection, owner_id, sum(each.size_bytes for each in photos))
    return keys


def _insert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows that all have the same columns, handed to the driver as they are: to take each of their values
    through SQLAlchemy takes longer than to store it. Fit for numbers, text, bytes and booleans."""
    if rows:
        statement = insert(table).compile(dialect=connection.dialect, column_keys=list(rows[0]))
        names = statement.positiontup
        # drivers take values by their place or by their name
        values: list[Any] = list(map(itemgetter(*names), rows)) if names else list(rows)
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


def _renditions(made: FinishedPhoto) -> list[dict[str, Any]]:
    return [
        {
            "kind": each.kind,
            "storage_key": each.key,
            "width": each.width,
            "height": each.height,
            "size_bytes": each.size_bytes,
            "media_type": each.media_type,
        }
        for each in made.renditions
    ]


def _hashes(made: FinishedPhoto) -> list[dict[str, Any]]:
    """Only of the picture as it stands, as processing keeps it."""
    return [
        {"variant": each.variant, "bits": each.bits, "quality": each.quality}
        for each in made.developed.hashes[:1]
    ]


def _labels(made: FinishedPhoto) -> list[dict[str, Any]]:
    return [
        {
            "name": each.name,
            "provider": made.provider,
            "confidence": each.confidence,
            "boxes": write_boxes(each.boxes),
        }
        for each in made.labels
    ]


def _vectors(made: FinishedPhoto, owner_id: int, now: int) -> list[dict[str, Any]]:
    if not made.vector:
        return []
    return [{"owner_id": owner_id, "provider": made.provider, "bits": made.vector, "made_at": now}]


def _lines(made: FinishedPhoto) -> list[dict[str, Any]]:
    return [
        {
            "position": position,
            "text": line.text,
            "confidence": line.confidence,
            "box": write_boxes([line.box]),
        }
        for position, line in enumerate(made.text)
    ]


def _tags(made: FinishedPhoto) -> list[dict[str, Any]]:
    return [{"name": name, "source": "person"} for name in made.tags]
