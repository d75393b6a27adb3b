"""How many photos stand where on a shelf: by months, and within a month by chunks.

A month is a number, year * 12 + month - 1, of the wall clock where the photo was taken.
"""

from __future__ import annotations

from datetime import datetime
from itertools import groupby

from sqlalchemy import Connection, select

from photos.db.engine import wall_from_micros, wall_to_micros
from photos.db.schema import photo
from photos.models import Chunk, Shelf

LARGEST = 500
"""Photos in one chunk."""


def month_of(taken_local: int) -> int:
    """The month of a stored wall clock."""
    wall = wall_from_micros(taken_local)
    return wall.year * 12 + wall.month - 1


def month_start(month: int) -> int:
    """The stored wall clock at which a month begins, and the one before it ends."""
    year, rest = divmod(month, 12)
    if year > datetime.max.year:
        return wall_to_micros(datetime.max) + 1
    return wall_to_micros(datetime(year, rest + 1, 1))


def count_months(connection: Connection, owner_id: int, shelf: Shelf) -> list[tuple[int, int]]:
    """The months of a shelf with their counts, newest first; months without photos are left out."""
    taken = connection.scalars(
        select(photo.c.taken_local)
        .where(photo.c.owner_id == owner_id, photo.c.shelf == shelf)
        .order_by(photo.c.taken_local.desc())
    )
    return [(month, len(list(group))) for month, group in groupby(taken, month_of)]


def list_chunks(connection: Connection, owner_id: int, shelf: Shelf, month: int) -> list[Chunk]:
    """The chunks of a month, newest first; together they hold each of its photos once."""
    places = connection.execute(
        select(photo.c.taken_local, photo.c.key)
        .where(
            photo.c.owner_id == owner_id,
            photo.c.shelf == shelf,
            photo.c.taken_local >= month_start(month),
            photo.c.taken_local < month_start(month + 1),
        )
        .order_by(photo.c.taken_local.desc(), photo.c.key.desc())
    ).all()
    chunks, newest = [], (month_start(month + 1), 0)
    for start in range(0, len(places), LARGEST):
        piece = places[start : start + LARGEST]
        oldest = (piece[-1].taken_local, piece[-1].key)
        chunks.append(Chunk(newest, oldest, len(piece)))
        newest = oldest
    return chunks
