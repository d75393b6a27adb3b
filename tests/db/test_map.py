"""Squares of the map hold every photo that knows where it was taken, once, and are read from an index."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sqlalchemy import event, update

from photos.db import map as map_rows
from photos.db.cells import DEPTH, Bounds, bounds_of, cell_of, squares_in
from photos.db.engine import Database
from photos.db.schema import photo as photo_table
from photos.models import User
from tests.db.making import add_photo, add_user
from tests.db.test_paging import plan

WORLD = Bounds(-90, -180, 90, 180)
EUROPE = Bounds(35, -10, 60, 30)
PACIFIC = Bounds(-30, 170, 10, -160)
"""Across the date line."""


def test_a_point_lies_in_its_square_at_every_zoom() -> None:
    chance = random.Random(1)
    for _ in range(500):
        latitude, longitude = chance.uniform(-85, 85), chance.uniform(-180, 180)
        for zoom in range(DEPTH + 1):
            square = bounds_of(cell_of(latitude, longitude) >> 2 * (DEPTH - zoom), zoom)
            assert square.south - 1e-9 <= latitude <= square.north + 1e-9
            assert square.west <= longitude <= square.east
    assert 0 <= cell_of(90, 180) < 4**DEPTH
    assert 0 <= cell_of(-90, -180) < 4**DEPTH


@pytest.mark.parametrize("zoom", [0, 3, 11, 20])
@pytest.mark.parametrize("view", [WORLD, EUROPE, PACIFIC, Bounds(47.9, 7.8, 48.0, 7.9)])
def test_a_view_is_counted_in_few_squares(view: Bounds, zoom: int) -> None:
    fitting = map_rows.zoom_for(view, zoom)
    assert fitting <= zoom
    assert 0 < len(squares_in(view, fitting)) <= map_rows.MOST_SQUARES


def _scatter(database: Database, chance: random.Random) -> tuple[User, list[int]]:
    """Photos of one person around the world, some without a position, beside another person's."""
    cells = []
    with database.write() as connection:
        owner, other = add_user(connection), add_user(connection)
        for number in range(120):
            known = number % 4 != 0
            cell = cell_of(chance.gauss(20, 30) % 85, chance.uniform(-180, 180)) if known else None
            photo = add_photo(connection, other if number % 10 == 1 else owner)
            connection.execute(update(photo_table).where(photo_table.c.key == photo.key).values(cell=cell))
            if cell is not None and number % 10 != 1:
                cells.append(cell)
    return owner, cells


@pytest.mark.parametrize("view", [WORLD, EUROPE, PACIFIC])
@pytest.mark.parametrize("zoom", [0, 2, 4, 9])
def test_squares_count_what_counting_by_hand_counts(database: Database, view: Bounds, zoom: int) -> None:
    owner, cells = _scatter(database, random.Random(7))
    zoom = map_rows.zoom_for(view, zoom)
    shown = set(squares_in(view, zoom))
    squares = (cell >> 2 * (DEPTH - zoom) for cell in cells)
    expected = Counter(square for square in squares if square in shown)
    with database.read() as connection:
        found = map_rows.list_squares(connection, owner.id, view, zoom)
    assert {square.number: square.photos for square in found} == expected


def test_squares_are_read_from_the_index_alone(database: Database) -> None:
    owner, _ = _scatter(database, random.Random(7))
    said: list[tuple[str, object]] = []
    with database.read() as connection:
        event.listen(
            connection.engine,
            "before_cursor_execute",
            lambda _c, _k, statement, parameters, *_: said.append((statement, parameters)),
        )
        map_rows.list_squares(connection, owner.id, EUROPE, 4)
        assert len(said) == 1
        told = plan(database, connection, *said[0])
    assert "ix_photo_cell" in told
    assert "SCAN photo" not in told
    assert "photo uses None" not in told
    assert "filesort" not in told


def test_a_library_without_positions_says_so(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        add_photo(connection, owner)
        assert not map_rows.has_positions(connection, owner.id)
        connection.execute(update(photo_table).values(cell=0))
        assert map_rows.has_positions(connection, owner.id)
