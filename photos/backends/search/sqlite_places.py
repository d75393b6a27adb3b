"""Where a photo was taken, as SQL conditions.

Of a place where many photos were taken the newest hits are soon met on the way through the index; those of a
place with few are asked for by their numbers. So the rows are counted first, up to `MOST_RARE`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from math import cos, radians

from photos.query import tree as nodes
from photos.query.tree import Node

MOST_RARE = 500
"""Each of them is looked for in the words by itself, in some hundredths of a millisecond."""

Place = nodes.Near | nodes.Within


def rare_places(connection: sqlite3.Connection, tree: Node, owner_id: int) -> frozenset[Place]:
    """The places of a query with at most `MOST_RARE` photos of the owner, or so many in a box around them."""
    return frozenset(place for place in _places_in(tree) if _is_rare(connection, place, owner_id))


def at(place: Place) -> tuple[str, tuple[float, ...]]:
    """The condition on a row of `photo`, and its parameters."""
    if isinstance(place, nodes.Within):
        return _inside(place)
    condition, parameters = _inside(_box_around(place))
    # of AND both sides may be asked, and how far it is only makes sense of what has a position
    near = f"CASE WHEN {condition} THEN distance_km(?, ?, photo.latitude, photo.longitude) <= ? ELSE 0 END"
    return near, (*parameters, place.latitude, place.longitude, place.kilometres)


def numbers_at(place: Place, owner_id: int) -> tuple[str, tuple[float, ...]]:
    """The statement that gives the order numbers of the owner's photos there, by the index of positions."""
    box, around = _inside(place if isinstance(place, nodes.Within) else _box_around(place))
    exactly, parameters = at(place)
    statement = f"SELECT order_number FROM photo WHERE owner_id = ? AND {box} AND {exactly}"  # nosec B608
    return statement, (owner_id, *around, *parameters)


def _inside(box: nodes.Within) -> tuple[str, tuple[float, ...]]:
    sides = "photo.longitude >= ? AND photo.longitude <= ?"
    if box.west > box.east:
        sides = "(photo.longitude >= ? OR photo.longitude <= ?)"
    # what has no position is outside, not unknown
    condition = f"(photo.latitude IS NOT NULL AND photo.latitude BETWEEN ? AND ? AND {sides})"
    return condition, (box.south, box.north, box.west, box.east)


def _box_around(near: nodes.Near) -> nodes.Within:
    # a degree of latitude is 111 km everywhere; the margin is larger than any rounding
    reach = near.kilometres / 111.0 + 0.001
    south, north = near.latitude - reach, near.latitude + reach
    widest = max(abs(south), abs(north))
    aside = reach / cos(radians(widest)) if widest < 89 else 180.0
    west, east = near.longitude - aside, near.longitude + aside
    if west < -180 or east > 180:
        west, east = -180.0, 180.0
    return nodes.Within(south, west, north, east)


def _places_in(node: Node) -> Iterator[Place]:
    match node:
        case nodes.And(children=children) | nodes.Or(children=children):
            for child in children:
                yield from _places_in(child)
        case nodes.Not(child=child):
            yield from _places_in(child)
        case nodes.Near() | nodes.Within():
            yield node


def _is_rare(connection: sqlite3.Connection, place: Place, owner_id: int) -> bool:
    box, around = _inside(place if isinstance(place, nodes.Within) else _box_around(place))
    (count,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM photo WHERE owner_id = ? AND {box} LIMIT ?)",  # nosec B608
        (owner_id, *around, MOST_RARE + 1),
    ).fetchone()
    return bool(count <= MOST_RARE)
