"""What tests of the worker tier ask of its library while it works."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from photos.db.schema import photo as photo_table
from photos.models import PhotoState
from tests import pictures
from tests.services.conftest import Library

WORK_SECONDS = 180
LEASE_SECONDS = 5
TRIES = 10


def states(library: Library) -> dict[str, PhotoState]:
    with library.backends.database.read() as connection:
        rows = connection.execute(select(photo_table.c.id, photo_table.c.state)).all()
    return {row.id: PhotoState(row.state) for row in rows}


def ready(library: Library) -> int:
    return list(states(library).values()).count(PhotoState.READY)


def attempts(library: Library) -> list[int]:
    """How often each photo was begun, in order of arrival."""
    with library.backends.database.read() as connection:
        return list(connection.scalars(select(photo_table.c.attempts).order_by(photo_table.c.key)))


def until(is_so: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + WORK_SECONDS
    while not is_so():
        assert time.monotonic() < give_up_at, "waited in vain"
        time.sleep(0.02)


def queue(library: Library, count: int) -> list[str]:
    """So many photos that are not there yet."""
    there = len(states(library))
    photos = [library.accept(pictures.jpeg(48, 36, seed=there + number)).photo for number in range(count)]
    return [photo.id for photo in photos if photo is not None]


def sweep_until(library: Library, is_so: Callable[[], bool]) -> None:
    """What cron.yaml does every minute, only sooner: jobs whose holder was killed are sent again."""
    swept_at = time.monotonic()
    give_up_at = swept_at + WORK_SECONDS
    while not is_so():
        assert time.monotonic() < give_up_at, states(library)
        if time.monotonic() - swept_at > LEASE_SECONDS:
            library.sweep()
            swept_at = time.monotonic()
        time.sleep(0.02)


def renditions(library: Library) -> dict[str, bytes]:
    storage = library.backends.storage
    return {key: b"".join(storage.get(key)) for key in library.objects() if key.startswith("renditions/")}
