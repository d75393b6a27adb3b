"""The map: where a person's photos, or the hits of a query, were taken, counted by squares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from photos.backends.search import Search, Value
from photos.db import map as map_rows
from photos.db import photos as photo_rows
from photos.db.cells import DEPTH, Bounds, bounds_of, squares_in
from photos.db.engine import Database
from photos.db.map import Square
from photos.errors import Invalid
from photos.models import Photo, User
from photos.query.vocabulary import Kind
from photos.services.likeness import understand

MOST_HITS = 5000
"""Of a query, the newest hits are on the map."""
MOST_PLACES = 100
"""Of the whole library; of a query as many as its facets have."""
FINER = 2
"""Zooms by which squares are smaller than the tiles of web maps: 64 pixels."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Photos that were taken near each other, at the place of one of them.

    `box` holds all of them, in degrees as `box:` takes it.
    """

    latitude: float
    longitude: float
    photos: int
    box: str
    photo: Photo


@dataclass(frozen=True, slots=True)
class View:
    """A part of the map. `is_whole` unless a query has more hits than were looked at."""

    clusters: tuple[Cluster, ...]
    is_whole: bool


def look(
    bounds: Bounds, zoom: int, *, owner: User, database: Database, search: Search, query: str = ""
) -> View:
    """What was taken in a part of the map, at most a few hundred clusters, whatever the library's size.

    Raises Invalid if south is beyond north; with a query QueryError, and SearchError while the index is down.
    """
    if bounds.south > bounds.north:
        raise Invalid("The southern edge comes first: this box ends before it begins.", field="south")
    zoom = map_rows.zoom_for(bounds, zoom + FINER)
    keys, is_whole = None, True
    if query.strip():
        tree = understand(query, owner=owner, database=database)
        keys, is_whole = search.list_keys(tree, owner_id=owner.id, limit=MOST_HITS)
    with database.read() as connection:
        if keys is None:
            squares = map_rows.list_squares(connection, owner.id, bounds, zoom)
        else:
            shown = set(squares_in(bounds, zoom))
            cells = map_rows.list_cells(connection, owner.id, keys)
            squares = [square for square in _gathered(cells, zoom) if square.number in shown]
        photos = photo_rows.list_photos_by_keys(connection, owner.id, [square.key for square in squares])
    by_key = {photo.key: photo for photo in photos}
    found = (_cluster(square, zoom, by_key.get(square.key)) for square in squares)
    return View(tuple(cluster for cluster in found if cluster is not None), is_whole)


def places(*, owner: User, database: Database, search: Search, query: str = "") -> tuple[Value, ...]:
    """Places, regions and countries with their photos, those with the most first.

    Raises SearchError while the index is down; with a query also QueryError.
    """
    if not query.strip():
        return search.suggest("", owner_id=owner.id, kinds=[Kind.PLACE], limit=MOST_PLACES)
    tree = understand(query, owner=owner, database=database)
    return search.facets(tree, owner_id=owner.id, kinds=[Kind.PLACE]).values


def _gathered(cells: Iterable[tuple[int, int]], zoom: int) -> list[Square]:
    """Squares of photos that are given by cell and key."""
    squares: dict[int, Square] = {}
    for cell, key in cells:
        number = cell >> 2 * (DEPTH - zoom)
        known = squares.get(number, Square(number, 0, key))
        squares[number] = Square(number, known.photos + 1, known.key)
    return list(squares.values())


def _cluster(square: Square, zoom: int, photo: Photo | None) -> Cluster | None:
    """None for a photo that has gone in between."""
    if photo is None or photo.position is None:
        return None
    box = bounds_of(square.number, zoom)
    return Cluster(
        latitude=photo.position.latitude,
        longitude=photo.position.longitude,
        photos=square.photos,
        box=",".join(f"{edge:.6f}" for edge in (box.south, box.west, box.north, box.east)),
        photo=photo,
    )
