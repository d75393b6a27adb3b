"""The chunks of the timeline held against the rows they count: which are wrong, and how they are mended."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from sqlalchemy import Connection, delete, select

from photos.db import chunks
from photos.db.chunks import Month, Place
from photos.db.schema import photo, timeline_chunk, user
from photos.models import Shelf

FETCHED = 10_000
"""Rows read at once, so that a million of them never stand in memory together."""


def list_wrong(connection: Connection) -> list[Month]:
    """Months whose chunks do not count what is there, of everybody.

    Reads the index of shelves from end to end. What others write meanwhile may look wrong where a transaction
    is no snapshot: `is_wrong` asks again.
    """
    recorded = _recorded(connection)
    wrong = []
    for month, places in _months(connection):
        if not _counts_right(recorded.pop(month, {}), places):
            wrong.append(month)
    return sorted(wrong + list(recorded))


def is_wrong(connection: Connection, month: Month) -> bool:
    """Whether the chunks of a month count wrongly, while nobody else can change them."""
    chunks.lock_owners(connection, [month.owner_id])
    return not _counts_right(chunks.counts(connection, month), _places(connection, month))


def recount(connection: Connection, month: Month) -> None:
    """Count a month anew, in a writing transaction."""
    chunks.lock_owners(connection, [month.owner_id])
    connection.execute(delete(timeline_chunk).where(chunks.IN_MONTH), chunks.of_month(month))
    first = (chunks.month_start(month.number), 0)
    chunks.write_chunks(connection, month, chunks.cut(_places(connection, month), first))


def _places(connection: Connection, month: Month) -> list[Place]:
    start, end = ((chunks.month_start(number), 0) for number in (month.number, month.number + 1))
    return chunks.places(connection, month, start, end)


def _counts_right(recorded: Mapping[Place, int], places: Sequence[Place]) -> bool:
    firsts = sorted(recorded)
    counted = Counter(bisect_right(firsts, place) - 1 for place in places)
    return counted == {number: recorded[first] for number, first in enumerate(firsts)}


def _recorded(connection: Connection) -> dict[Month, dict[Place, int]]:
    table = timeline_chunk.c
    statement = select(
        table.owner_id, table.shelf, table.month, table.first_local, table.first_key, table["count"]
    )
    found: dict[Month, dict[Place, int]] = defaultdict(dict)
    for owner, shelf, month, first_local, first_key, count in connection.execute(statement):
        found[Month(owner, shelf, month)][first_local, first_key] = count
    return found


def _months(connection: Connection) -> Iterator[tuple[Month, list[Place]]]:
    """Every month with the places of its photos, in the order of the index."""
    for owner in connection.scalars(select(user.c.id).order_by(user.c.id)).all():
        for shelf in Shelf:
            statement = (
                chunks.on_shelf(owner, shelf)
                .with_only_columns(photo.c.taken_local, photo.c.key)
                .order_by(photo.c.taken_local, photo.c.key)
                .execution_options(yield_per=FETCHED)
            )
            rows = connection.execute(statement)
            for number, group in groupby(rows, lambda row: chunks.month_of(row[0])):
                yield Month(owner, shelf, number), [(taken_local, key) for taken_local, key in group]
