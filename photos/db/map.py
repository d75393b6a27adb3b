"""Where a person's photos were taken, counted by squares of the map.

The statement walks the index (owner, shelf, cell): from each occupied square it seeks the next one, so empty
parts of the world cost nothing, and counting reads the index alone. See `photos.db.cells`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, NamedTuple

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Select,
    bindparam,
    func,
    literal_column,
    select,
)

from photos.db.belonging import belongs_to
from photos.db.cells import DEPTH, Bounds, squares_in
from photos.db.photos import MOST_KEYS
from photos.db.schema import photo
from photos.models import Shelf

MOST_SQUARES = 400
"""Squares of one answer; a larger view is counted in larger squares."""
MOST_RANGES = 16
DEEPEST = 20
"""Squares are not smaller than this zoom's: 38 m at the equator."""


class Square(NamedTuple):
    """An occupied square at some zoom: how many `photos`, and the key of one of them."""

    number: int
    photos: int
    key: int


def zoom_for(bounds: Bounds, zoom: int) -> int:
    """The finest zoom of squares, up to `zoom`, at which a view has at most MOST_SQUARES."""
    fitting = 0
    while fitting < min(zoom, DEEPEST) and len(squares_in(bounds, fitting + 1)) <= MOST_SQUARES:
        fitting += 1
    return fitting


def list_squares(connection: Connection, owner_id: int, bounds: Bounds, zoom: int) -> list[Square]:
    """The occupied squares of the timeline, of a zoom in a part of the map. Costs one statement."""
    seen = squares_in(bounds, zoom)
    ranges = _ranges(bounds, zoom)
    values: dict[str, object] = {"owner": owner_id, "shelf": Shelf.TIMELINE}
    for number, (first, last) in enumerate(ranges):
        values |= {f"first{number}": first, f"last{number}": last}
    rows = connection.execute(_walk(len(ranges), 2 * (DEPTH - zoom)), values)
    shown = set(seen)
    found = (Square(cell >> 2 * (DEPTH - zoom), count, key) for cell, count, key in rows)
    return [square for square in found if square.number in shown]


def list_cells(connection: Connection, owner_id: int, keys: Sequence[int]) -> list[tuple[int, int]]:
    """(cell, key) of the owner's photos among `keys` that know where they were taken."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(keys), MOST_KEYS):
        statement = select(photo.c.cell, photo.c.key).where(
            photo.c.key.in_(keys[start : start + MOST_KEYS]),
            belongs_to(owner_id),
            photo.c.cell.is_not(None),
        )
        found += [(cell, key) for cell, key in connection.execute(statement)]
    return found


def has_positions(connection: Connection, owner_id: int) -> bool:
    """Whether any photo on the timeline knows where it was taken."""
    statement = _here(photo.c.key).where(photo.c.cell >= 0).limit(1)
    return connection.scalar(statement, {"owner": owner_id, "shelf": Shelf.TIMELINE}) is not None


def _ranges(bounds: Bounds, zoom: int) -> list[tuple[int, int]]:
    """Ranges of cells that hold a view: at most MOST_RANGES, side by side ones joined."""
    fitting = 0
    while fitting < zoom and len(_joined(squares_in(bounds, fitting + 1))) <= MOST_RANGES:
        fitting += 1
    size = 1 << 2 * (DEPTH - fitting)
    return [(first * size, (last + 1) * size - 1) for first, last in _joined(squares_in(bounds, fitting))]


def _joined(squares: Sequence[int]) -> list[tuple[int, int]]:
    """First and last of every run of numbers in order."""
    breaks = [(last, first) for last, first in pairwise(squares) if first != last + 1]
    firsts = [squares[0], *(first for _, first in breaks)]
    lasts = [*(last for last, _ in breaks), squares[-1]]
    return list(zip(firsts, lasts, strict=True))


def _here(*columns: Any) -> Select[Any]:
    """The index that all of this reads. MariaDB would rather look at the table."""
    statement = select(*columns).where(
        photo.c.owner_id == bindparam("owner"), photo.c.shelf == bindparam("shelf")
    )
    for engine in ("mysql", "mariadb"):
        statement = statement.with_hint(photo, "FORCE INDEX (ix_photo_cell)", engine)
    return statement


@lru_cache(256)
def _walk(ranges: int, shift: int) -> Select[Any]:
    """(first cell, count, key of the photo there) of every occupied square of these ranges."""
    size: ColumnElement[int] = literal_column(str(1 << shift))
    cell = photo.c.cell
    begins = [_begin(number) for number in range(ranges)]
    walk = begins[0].cte("walk", recursive=True)
    start = walk.c.cell - walk.c.cell % size
    following = _here(func.min(cell)).where(cell >= start + size, cell <= walk.c.last)
    on = select(following.scalar_subquery(), walk.c.last).where(walk.c.cell.is_not(None))
    walk = walk.union_all(*begins[1:], on)
    start = walk.c.cell - walk.c.cell % size
    count = _here(func.count()).where(cell >= start, cell < start + size)
    key = _here(photo.c.key).where(cell == walk.c.cell).limit(1)
    return select(walk.c.cell, count.scalar_subquery(), key.scalar_subquery()).where(walk.c.cell.is_not(None))


def _begin(number: int) -> Select[Any]:
    """The first cell of a range that has photos, None where none has, and the end of the range."""
    first: BindParameter[int] = bindparam(f"first{number}")
    last: BindParameter[int] = bindparam(f"last{number}", type_=photo.c.cell.type)
    lowest = _here(func.min(photo.c.cell)).where(photo.c.cell >= first, photo.c.cell <= last)
    return select(lowest.scalar_subquery().label("cell"), last.label("last"))
