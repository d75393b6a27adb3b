"""What people may change of a photo, as columns of its row.

An edit is a mapping of columns to values. So it can be compared with what stands in the row, kept, and taken
back by writing what stood there before; `photos.services.changes` undoes changes of many photos that way.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, update

from photos.db import chunks
from photos.db.cells import cell_of
from photos.db.engine import MICROSECOND, to_micros, wall_to_micros
from photos.db.photos import change_photo
from photos.db.schema import photo
from photos.models import Photo, Place, Position, TakenSource

Value = str | int | float | bool | None
Columns = Mapping[str, Value]
Stored = Row[Any]
"""A row of the table `photo`."""

PERSON = "person"
"""Source of a description, a place or a date that processing leaves alone."""


def favourite(is_favourite: bool) -> Columns:
    """Mark or unmark a favourite."""
    return {"is_favourite": is_favourite}


def rating(stars: int | None) -> Columns:
    """One to five stars, None for no rating."""
    return {"rating": stars}


def description(text: str) -> Columns:
    """A person's words; they win over the file's from now on, also where they are empty."""
    return {"description": text, "description_by": PERSON}


def trashed(shown: Photo, *, now: datetime) -> Columns:
    """Into the trash; the time of the first move counts."""
    return {"trashed_at": to_micros(shown.trashed_at or now)}


def restored() -> Columns:
    """Out of the trash, to the shelf it came from."""
    return {"trashed_at": None}


def archived(shown: Photo, *, now: datetime) -> Columns:
    """Off the timeline, into the archive; the time of the first move counts."""
    return {"archived_at": to_micros(shown.archived_at or now)}


def unarchived() -> Columns:
    """Back to the timeline."""
    return {"archived_at": None}


def taken(taken_local: datetime, offset_minutes: int | None) -> Columns:
    """A person's word on when it was taken: the wall clock there, and its offset if known."""
    wall = wall_to_micros(taken_local)
    return {
        "taken_local": wall,
        "taken_source": TakenSource.PERSON.value,
        "offset_minutes": offset_minutes,
        "taken_at": None
        if offset_minutes is None
        else wall - timedelta(minutes=offset_minutes) // MICROSECOND,
    }


def taken_by_file() -> Columns:
    """The file's own date counts again, once the photo is developed anew."""
    return {"taken_source": TakenSource.UPLOAD.value}


def place(position: Position | None, named: Place | None) -> Columns:
    """A person's word on where it was taken; None for a photo without a place."""
    return {
        "latitude": position.latitude if position else None,
        "longitude": position.longitude if position else None,
        "altitude_m": position.altitude_m if position else None,
        "cell": cell_of(position.latitude, position.longitude) if position else None,
        "place_name": named.name if named else "",
        "place_region": named.region if named else "",
        "place_country": named.country if named else "",
        "place_country_code": named.country_code if named else "",
        "place_source": PERSON,
    }


def on_the_map(columns: Columns) -> Columns:
    """The same with the cell of its position, if it has one: edits kept by an older release lack it."""
    if "latitude" not in columns or "cell" in columns:
        return columns
    latitude, longitude = columns["latitude"], columns["longitude"]
    if isinstance(latitude, int | float) and isinstance(longitude, int | float):
        return {**columns, "cell": cell_of(latitude, longitude)}
    return {**columns, "cell": None}


def place_by_file() -> Columns:
    """The file's own position counts again, once the photo is developed anew."""
    return {"place_source": ""}


def standing(row: Stored, columns: Iterable[str]) -> Columns:
    """What stands in a row now, in these columns."""
    values = row._mapping
    return {name: values[name] for name in columns}


def write(connection: Connection, key: int, columns: Columns, *, now: datetime) -> None:
    """Make an edit, and have the photo indexed again."""
    change_photo(connection, key, now=now, **columns)


def write_many(connection: Connection, wanted: Mapping[int, Columns], *, now: datetime) -> None:
    """Make the edits of many photos, by key: one statement for all that change the same columns."""
    alike: dict[tuple[str, ...], list[dict[str, Value]]] = defaultdict(list)
    for key, columns in wanted.items():
        row = {f"new_{name}": value for name, value in columns.items()}
        alike[tuple(columns)].append({"photo_key": key, **row})
    for names, rows in alike.items():
        if chunks.MOVING.intersection(names):
            chunks.note_move(connection, [key for key, columns in wanted.items() if tuple(columns) == names])
        values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in names}
        statement = (
            update(photo)
            .where(photo.c.key == bindparam("photo_key"))
            .values(**values, revision=photo.c.revision + 1, updated_at=to_micros(now), is_indexed=False)
        )
        connection.execute(statement, rows)
