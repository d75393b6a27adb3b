"""How many photos stand where on a shelf: by months, and within a month by chunks of neighbours.

The table `timeline_chunk` answers for the whole library without counting it. A chunk begins at a place in
the order of the shelf, (`taken_local`, key), and goes on until the next one of its month, or the month's
end. A month is a number, year * 12 + month - 1, of the wall clock where the photo was taken.

Whoever writes what decides a photo's place says so first (`note_move`, `note_arrival`). The counts follow at
the end of the same transaction, all at once: photos are locked before their owner, so that two transactions
never wait for each other, and 500 photos that move together cost hardly more than one.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from photos.db import keyset
from photos.db.engine import last_steps, wall_from_micros, wall_to_micros
from photos.db.schema import photo, timeline_chunk, user
from photos.models import Chunk, Shelf

LARGEST = 500
"""Photos in one chunk; more are split."""
SPLIT = 400
"""Photos in a chunk that is made of many, at most: some may come before it is split again."""
MOVING = frozenset({"state", "trashed_at", "archived_at", "taken_local"})
"""Columns that decide where a photo stands."""
DAY_MICROS = 86_400_000_000
_SHELF_COUNT = select(func.sum(timeline_chunk.c["count"])).where(
    timeline_chunk.c.owner_id == bindparam("owner"), timeline_chunk.c.shelf == bindparam("shelf")
)
"""Built once, as the next ones: every page of the timeline runs it."""
IN_MONTH = and_(
    timeline_chunk.c.owner_id == bindparam("of_owner"),
    timeline_chunk.c.shelf == bindparam("of_shelf"),
    timeline_chunk.c.month == bindparam("of_month"),
)
"""The chunks of one month of one shelf; see `of_month`."""
_COUNTS = select(timeline_chunk.c.first_local, timeline_chunk.c.first_key, timeline_chunk.c["count"]).where(
    IN_MONTH
)
_FORGET = delete(timeline_chunk).where(
    IN_MONTH,
    timeline_chunk.c.first_local == bindparam("local"),
    timeline_chunk.c.first_key == bindparam("key"),
)
_STANDS = (
    select(photo.c.key, photo.c.owner_id, photo.c.shelf, photo.c.taken_local)
    .where(photo.c.key.in_(bindparam("keys", expanding=True)))
    .order_by(photo.c.key)
)
_LOCKED_STANDS = _STANDS.with_for_update()
_LOCK_OWNERS = (
    select(user.c.id)
    .where(user.c.id.in_(bindparam("ids", expanding=True)))
    .order_by(user.c.id)
    .with_for_update()
)

Place = tuple[int, int]
"""(`taken_local`, key): where a photo stands in the order of its shelf."""


class Month(NamedTuple):
    """One month of one person's shelf."""

    owner_id: int
    shelf: str
    number: int

    def __str__(self) -> str:
        """`2024-06`."""
        year, rest = divmod(self.number, 12)
        return f"{year:04}-{rest + 1:02}"


class _Stand(NamedTuple):
    """Where one photo stands."""

    month: Month
    place: Place


def month_of(taken_local: int) -> int:
    """The month of a stored wall clock."""
    return _month_of_day(taken_local // DAY_MICROS)


@lru_cache(4096)
def _month_of_day(day: int) -> int:
    wall = wall_from_micros(day * DAY_MICROS)
    return wall.year * 12 + wall.month - 1


@lru_cache(4096)
def month_start(month: int) -> int:
    """The stored wall clock at which a month begins, and the one before it ends."""
    year, rest = divmod(month, 12)
    if year > datetime.max.year:
        return wall_to_micros(datetime.max) + 1
    return wall_to_micros(datetime(year, rest + 1, 1))


# reading


def count_months(connection: Connection, owner_id: int, shelf: Shelf) -> list[tuple[int, int]]:
    """The months of a shelf with their counts, newest first; months without photos are left out."""
    settle(connection)
    statement = (
        select(timeline_chunk.c.month, func.sum(timeline_chunk.c["count"]))
        .where(timeline_chunk.c.owner_id == owner_id, timeline_chunk.c.shelf == shelf)
        .group_by(timeline_chunk.c.month)
        .order_by(timeline_chunk.c.month.desc())
    )
    return [(month, int(count)) for month, count in connection.execute(statement)]


def count_shelves(connection: Connection, owner_id: int) -> dict[Shelf, int]:
    """How many photos stand on each shelf; shelves without photos count 0."""
    settle(connection)
    statement = (
        select(timeline_chunk.c.shelf, func.sum(timeline_chunk.c["count"]))
        .where(timeline_chunk.c.owner_id == owner_id)
        .group_by(timeline_chunk.c.shelf)
    )
    found = {Shelf(shelf): int(count) for shelf, count in connection.execute(statement)}
    return dict.fromkeys(Shelf, 0) | found


def count_shelf(connection: Connection, owner_id: int, shelf: Shelf) -> int:
    """How many photos stand on one shelf."""
    settle(connection)
    return int(connection.scalar(_SHELF_COUNT, {"owner": owner_id, "shelf": shelf}) or 0)


def list_chunks(connection: Connection, owner_id: int, shelf: Shelf, month: int) -> list[Chunk]:
    """The chunks of a month, newest first; together they hold each of its photos once."""
    settle(connection)
    chunks, newest = [], (month_start(month + 1), 0)
    found = counts(connection, Month(owner_id, shelf, month))
    for oldest, count in sorted(found.items(), reverse=True):
        chunks.append(Chunk(newest, oldest, count))
        newest = oldest
    return chunks


# keeping


def note_move(connection: Connection, keys: Collection[int]) -> None:
    """These photos may be about to stand elsewhere, or to go. Their rows are locked from here on."""
    moves = _moves(connection)
    new = [key for key in keys if key not in moves.before]
    moves.before |= dict.fromkeys(new) | _stands(connection, new, is_locking=True)


def note_arrival(connection: Connection, key: int) -> None:
    """This photo was not there before this transaction."""
    _moves(connection).before.setdefault(key, None)


def settle(connection: Connection) -> None:
    """Let the counts follow what this transaction has noted so far; it does so itself at its end."""
    if moves := last_steps(connection).pop(_Moves.NAME, None):
        moves(connection)


class _Moves:
    """Where the photos that a transaction moves stood at its beginning; None for nowhere."""

    NAME = "chunks"

    def __init__(self) -> None:
        self.before: dict[int, _Stand | None] = {}

    def __call__(self, connection: Connection) -> None:
        """Take the photos out of the counts where they stood, and count them where they stand."""
        after = _stands(connection, self.before)
        changes: dict[Month, Counter[Place]] = defaultdict(Counter)
        for key, stood in self.before.items():
            stands = after.get(key)
            if stood == stands:
                continue
            if stood is not None:
                changes[stood.month][stood.place] -= 1
            if stands is not None:
                changes[stands.month][stands.place] += 1
        if changes:
            lock_owners(connection, {month.owner_id for month in changes})
        for month, change in sorted(changes.items()):
            _apply(connection, month, change)


def _moves(connection: Connection) -> _Moves:
    steps = last_steps(connection)
    moves = steps.setdefault(_Moves.NAME, _Moves())
    assert isinstance(moves, _Moves)
    return moves


def lock_owners(connection: Connection, owner_ids: Collection[int]) -> None:
    """Let nobody else change what is counted of these people until this transaction ends."""
    connection.execute(_LOCK_OWNERS, {"ids": list(owner_ids)}).all()


def _apply(connection: Connection, month: Month, change: Mapping[Place, int]) -> None:
    known = counts(connection, month)
    firsts = sorted(known)
    changed = set()
    for place, difference in change.items():
        number = bisect_right(firsts, place) - 1
        if number < 0:
            # older than every chunk: the one it opens takes the whole beginning of the month
            firsts.insert(0, (month_start(month.number), 0))
            number = 0
        first = firsts[number]
        known[first] = known.get(first, 0) + difference
        changed.add(first)
    for first in changed:
        chunks = {first: known[first]}
        if known[first] > LARGEST:
            following = bisect_right(firsts, first)
            end = firsts[following] if following < len(firsts) else (month_start(month.number + 1), 0)
            chunks = cut(places(connection, month, first, end), first)
        _replace(connection, month, first, chunks)


def _replace(connection: Connection, month: Month, first: Place, new: Mapping[Place, int]) -> None:
    """Write what one chunk has become; chunks without photos go."""
    connection.execute(_FORGET, {**of_month(month), "local": first[0], "key": first[1]})
    write_chunks(connection, month, new)


def write_chunks(connection: Connection, month: Month, chunks: Mapping[Place, int]) -> None:
    """Add chunks by their first places with their counts, but for empty ones."""
    rows = [
        {
            "owner_id": month.owner_id,
            "shelf": month.shelf,
            "month": month.number,
            "first_local": first[0],
            "first_key": first[1],
            "count": count,
        }
        for first, count in chunks.items()
        if count > 0
    ]
    if rows:
        connection.execute(insert(timeline_chunk), rows)


def cut(found: Sequence[Place], first: Place) -> dict[Place, int]:
    """Chunks of equal size for places in order; the first one begins at `first`."""
    if not found:
        return {}
    pieces = len(found) // SPLIT + 1
    size = -(-len(found) // pieces)
    starts = range(0, len(found), size)
    return {found[start] if start else first: len(found[start : start + size]) for start in starts}


def _stands(
    connection: Connection, keys: Iterable[int], *, is_locking: bool = False
) -> dict[int, _Stand | None]:
    found: dict[int, _Stand | None] = {}
    remaining = iter(sorted(keys))
    while batch := list(islice(remaining, 1000)):
        statement = _LOCKED_STANDS if is_locking else _STANDS
        for key, owner_id, shelf, taken_local in connection.execute(statement, {"keys": batch}):
            month = Month(owner_id, shelf, month_of(taken_local))
            found[key] = _Stand(month, (taken_local, key))
    return found


def places(connection: Connection, month: Month, first: Place, end: Place) -> list[Place]:
    """Where photos of a shelf stand: the places from `first` on and before `end`, in order."""
    statement = (
        on_shelf(month.owner_id, Shelf(month.shelf))
        .with_only_columns(photo.c.taken_local, photo.c.key)
        .where(keyset.at_or_after(photo.c.taken_local, photo.c.key, first))
        .where(keyset.before(photo.c.taken_local, photo.c.key, end))
        .order_by(photo.c.taken_local, photo.c.key)
    )
    return [(taken_local, key) for taken_local, key in connection.execute(statement)]


def on_shelf(owner_id: int | BindParameter[Any], shelf: Shelf | BindParameter[Any]) -> Select[Any]:
    """The photos of one shelf. Where one owner has most of the rows, MariaDB would rather sort the table
    than walk the index."""
    statement = select(photo).where(photo.c.owner_id == owner_id, photo.c.shelf == shelf)
    for engine in ("mysql", "mariadb"):
        statement = statement.with_hint(photo, "FORCE INDEX (ix_photo_shelf)", engine)
    return statement


def counts(connection: Connection, month: Month) -> dict[Place, int]:
    """The chunks of a month by their first places."""
    return {(local, key): count for local, key, count in connection.execute(_COUNTS, of_month(month))}


def of_month(month: Month) -> dict[str, int | str]:
    """What the names in IN_MONTH stand for."""
    return {"of_owner": month.owner_id, "of_shelf": month.shelf, "of_month": month.number}
