"""Cells of the map: one number that says where on earth, so that neighbours stand side by side in an index.

The world as web maps draw it (Mercator) is a square. It is halved `DEPTH` times both ways, and the digits of
the two halvings alternate in the number (Morton order). So a square of the map at zoom z is one range of
numbers, and the first 2 * z bits are its name.
"""

from __future__ import annotations

from math import asinh, atan, degrees, floor, pi, radians, sinh, tan

import msgspec

DEPTH = 24
"""Halvings: a cell is at most 2.4 m wide."""
MOST_LATITUDE = 85.05
"""Degrees. What lies nearer to a pole is drawn at the edge of the map."""


class Bounds(msgspec.Struct, frozen=True):
    """A part of the map in degrees (WGS 84). `west` beyond `east`: across the date line."""

    south: float
    west: float
    north: float
    east: float


def cell_of(latitude: float, longitude: float) -> int:
    """The cell of a point in degrees."""
    column, row = _square(latitude, longitude, DEPTH)
    return _spread(column) | _spread(row) << 1


def squares_in(bounds: Bounds, zoom: int) -> list[int]:
    """The squares of a zoom that a part of the map touches, by their numbers at that zoom."""
    side = 1 << zoom
    top = _square(bounds.north, 0, zoom)[1]
    bottom = _square(bounds.south, 0, zoom)[1]
    first = _square(0, bounds.west, zoom)[0]
    last = _square(0, bounds.east, zoom)[0]
    columns = list(range(first, last + 1))
    if bounds.west > bounds.east:
        columns = sorted({*range(first, side), *range(last + 1)})
    return sorted(_spread(column) | _spread(row) << 1 for column in columns for row in range(top, bottom + 1))


def bounds_of(square: int, zoom: int) -> Bounds:
    """Where a square of a zoom lies."""
    side = 1 << zoom
    column, row = _gather(square), _gather(square >> 1)
    return Bounds(
        south=_latitude((row + 1) / side),
        west=column / side * 360 - 180,
        north=_latitude(row / side),
        east=(column + 1) / side * 360 - 180,
    )


def _square(latitude: float, longitude: float, zoom: int) -> tuple[int, int]:
    """Column from the west and row from the north."""
    side = 1 << zoom
    phi = radians(max(-MOST_LATITUDE, min(MOST_LATITUDE, latitude)))
    down = (1 - asinh(tan(phi)) / pi) / 2
    along = (longitude + 180) / 360
    column, row = (max(0, min(side - 1, floor(share * side))) for share in (along, down))
    return column, row


def _latitude(down: float) -> float:
    return degrees(atan(sinh(pi * (1 - 2 * down))))


def _spread(number: int) -> int:
    """Put a zero before every binary digit."""
    return int(f"{number:b}", 4)


def _gather(number: int) -> int:
    """Take every second binary digit, beginning with the last."""
    return sum((number >> 2 * place & 1) << place for place in range(DEPTH))
