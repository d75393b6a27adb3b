"""A library of any size out of a few photos: their rows again and again, on other days, same pictures."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from photos.config import read_settings
from photos.db.engine import Database, wall_to_micros
from photos.db.schema import photo, rendition
from photos.ids import new_id
from photos.services import counting
from photos.wiring import open_backends
from tests import pictures
from tests.e2e.furnished import Furnished, furnish
from tests.servers.app import RunningApp

BATCH = 5000
FULL_MONTH = datetime(2024, 6, 1)
FULL_SHARE = 0.07
"""One month holds so much of all photos: 70,000 of a million."""
FIRST_DAY = datetime(2004, 3, 1)
DAYS = 7_900
Row = dict[str, Any]


@contextmanager
def crowded(
    folder: Path, count: int, arrange: Callable[[Database], None] = lambda _: None
) -> Iterator[Furnished]:
    """A running library of `count` photos and a dozen, upright, wide and square ones among them.

    `arrange` may change their rows before anybody sees them.
    """
    app = RunningApp(folder / "data", {"RECOGNITION": "off"})
    try:
        library = furnish(app)
        library.upload(*pictures.sample_photos(folder / "photos", 12))
        app.stop()
        backends = open_backends(read_settings(app.environ()))
        add_crowd(backends.database, count)
        arrange(backends.database)
        backends.close()
        app.start()
        yield library
    finally:
        app.kill()


def add_crowd(database: Database, count: int, *, seed: int = 1) -> None:
    """`count` more photos of the owner of the ready ones in `database`."""
    with database.read() as connection:
        models = [
            row._asdict() for row in connection.execute(select(photo).where(photo.c.state == "ready")).all()
        ]
        pictures = [row._asdict() for row in connection.execute(select(rendition)).all()]
        first = (connection.scalar(select(func.max(photo.c.key))) or 0) + 1
    chance = random.Random(seed)
    days = iter(sorted(_moments(count, chance)))
    numbers = iter(range(count))
    while batch := list(islice(numbers, BATCH)):
        chosen = [chance.choice(models) for _ in batch]
        rows = [
            _photo(model, first + number, number, next(days))
            for model, number in zip(chosen, batch, strict=True)
        ]
        shown = list(_renditions(chosen, rows, pictures))
        with database.write() as connection:
            connection.execute(insert(photo), rows)
            connection.execute(insert(rendition), shown)
    counting.mend(database=database)


def _moments(count: int, chance: random.Random) -> Iterator[datetime]:
    full = int(count * FULL_SHARE)
    for _ in range(full):
        yield FULL_MONTH + timedelta(seconds=chance.randrange(30 * 86400))
    busy = [chance.randrange(DAYS) for _ in range(max(1, DAYS // 5))]
    for _ in range(count - full):
        yield FIRST_DAY + timedelta(days=chance.choice(busy), seconds=chance.randrange(86400))


def _photo(model: Row, key: int, number: int, taken: datetime) -> Row:
    micros = wall_to_micros(taken)
    return {name: value for name, value in model.items() if name != "shelf"} | {
        "key": key,
        "id": new_id(),
        "sha256": hashlib.sha256(b"crowd %d" % number).hexdigest(),
        "name": f"IMG_{number:06}.jpg",
        "taken_local": micros,
        "taken_at": micros,
        "is_favourite": number % 50 == 0,
    }


def _renditions(models: list[Row], rows: list[Row], pictures: list[Row]) -> Iterator[Row]:
    of_model: dict[int, list[Row]] = {}
    for picture in pictures:
        of_model.setdefault(picture["photo_key"], []).append(picture)
    for model, row in zip(models, rows, strict=True):
        for picture in of_model[model["key"]]:
            yield picture | {"photo_key": row["key"]}
