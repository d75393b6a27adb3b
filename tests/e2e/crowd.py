"""A library of any size out of a few photos: their rows again and again, on other days, same pictures."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import func, insert, select

from photos.db.cells import cell_of
from photos.db.engine import Database, wall_to_micros
from photos.db.schema import photo, rendition
from photos.ids import new_id
from photos.services import counting

BATCH = 5000
FULL_MONTH = datetime(2024, 6, 1)
FULL_SHARE = 0.07
"""One month holds so much of all photos: 70,000 of a million."""
FIRST_DAY = datetime(2004, 3, 1)
DAYS = 7_900
CITIES = ((38.72, -9.14), (48.86, 2.35), (47.99, 7.84), (40.71, -74.01), (35.68, 139.69), (-33.87, 151.21))
Row = dict[str, Any]


def add_crowd(database: Database, models: list[str], count: int, *, seed: int = 1) -> None:
    """`count` more photos like those with the ids `models`, around six cities. The index is not told."""
    with database.read() as connection:
        found = connection.execute(select(photo).where(photo.c.id.in_(models), photo.c.state == "ready"))
        rows = [row._asdict() for row in found]
        keys = [row["key"] for row in rows]
        shown = connection.execute(select(rendition).where(rendition.c.photo_key.in_(keys)))
        pictures = [row._asdict() for row in shown]
        first = (connection.scalar(select(func.max(photo.c.key))) or 0) + 1
    chance = random.Random(seed)
    days = iter(sorted(_moments(count, chance)))
    numbers = iter(range(count))
    while batch := list(islice(numbers, BATCH)):
        chosen = [chance.choice(rows) for _ in batch]
        crowd = [
            _photo(model, first + number, number, next(days), chance)
            for model, number in zip(chosen, batch, strict=True)
        ]
        with database.write() as connection:
            connection.execute(insert(photo), crowd)
            connection.execute(insert(rendition), list(_renditions(chosen, crowd, pictures)))
    counting.mend(database=database)


def _moments(count: int, chance: random.Random) -> Iterator[datetime]:
    full = int(count * FULL_SHARE)
    for _ in range(full):
        yield FULL_MONTH + timedelta(seconds=chance.randrange(30 * 86400))
    busy = [chance.randrange(DAYS) for _ in range(max(1, DAYS // 5))]
    for _ in range(count - full):
        yield FIRST_DAY + timedelta(days=chance.choice(busy), seconds=chance.randrange(86400))


def _photo(model: Row, key: int, number: int, taken: datetime, chance: random.Random) -> Row:
    micros = wall_to_micros(taken)
    latitude, longitude = (degrees + chance.gauss(0, 0.5) for degrees in chance.choice(CITIES))
    return {name: value for name, value in model.items() if name != "shelf"} | {
        "key": key,
        "id": new_id(),
        "sha256": hashlib.sha256(b"crowd %d" % number).hexdigest(),
        "name": f"IMG_{number:06}.jpg",
        "taken_local": micros,
        "taken_at": micros,
        "latitude": latitude,
        "longitude": longitude,
        "cell": cell_of(latitude, longitude),
        "is_favourite": number % 50 == 0,
    }


def _renditions(models: list[Row], rows: list[Row], pictures: list[Row]) -> Iterator[Row]:
    of_model: dict[int, list[Row]] = {}
    for picture in pictures:
        of_model.setdefault(picture["photo_key"], []).append(picture)
    for model, row in zip(models, rows, strict=True):
        for picture in of_model[model["key"]]:
            yield picture | {"photo_key": row["key"]}
