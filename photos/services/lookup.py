"""The same picture again: "do I have this?" for one that somebody holds in hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from shutil import copyfileobj
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import msgspec

from photos.backends.storage import Readable
from photos.config import Settings
from photos.db import hashes, rate
from photos.db import photos as photo_rows
from photos.db.engine import Database
from photos.errors import BackendError, Invalid
from photos.models import PerceptualHash, Photo, User
from photos.services.processing import Darkroom
from photos.services.whole_files import HashingReader

if TYPE_CHECKING:
    from photos.perceptual.index import HashIndex

SURE = 31
"""Bits of 256 in which two hashes of one picture may differ, after PDQ's authors."""
POSSIBLE = 47
MOST_FOUND = 50
COPY_BYTES = 1 << 19
MOST_A_MINUTE = 30
"""Pictures that one person may ask about."""
PATIENCE_SECONDS = 20

_one_at_a_time = threading.Semaphore(1)
"""A picture that is looked at may need as much memory as one that is developed."""


class Certainty(StrEnum):
    """How far a copy can be trusted."""

    SAME = "same"
    """The same file, byte by byte."""
    SURE = "sure"
    POSSIBLE = "possible"


class Copy(msgspec.Struct, frozen=True):
    """A photo that looks like the picture asked for; `distance` is 0-47 bits."""

    photo: Photo
    distance: int
    certainty: Certainty


def find_file(sha256: str, *, owner: User, database: Database) -> tuple[Copy, ...]:
    """The owner's photo of exactly this file, if there is one, the trash included."""
    with database.read() as connection:
        photo = photo_rows.find_photo_by_hash(connection, owner.id, sha256)
    return (Copy(photo, 0, Certainty.SAME),) if photo else ()


def look(
    stream: Readable,
    *,
    owner: User,
    settings: Settings,
    database: Database,
    open_magnifier: Callable[[], AbstractContextManager[Darkroom]],
) -> tuple[Copy, ...]:
    """`find_picture`, in turn: one picture at a time, and so many in a minute for each person.

    Raises what `find_picture` raises, TooMany, and BackendError while others are being looked at.
    """
    with database.write() as connection:
        rate.take(
            connection,
            "look",
            str(owner.id),
            limit=MOST_A_MINUTE,
            window_seconds=60,
            now=datetime.now(UTC),
            reason="You have asked very often. Wait a minute.",
        )
    if not _one_at_a_time.acquire(timeout=PATIENCE_SECONDS):
        raise BackendError("decoders", "look", "at one more picture")
    try:
        return find_picture(
            stream, owner=owner, settings=settings, database=database, magnifier=open_magnifier()
        )
    finally:
        _one_at_a_time.release()


def find_picture(
    stream: Readable,
    *,
    owner: User,
    settings: Settings,
    database: Database,
    magnifier: AbstractContextManager[Darkroom],
) -> tuple[Copy, ...]:
    """The owner's photos that look like this picture, also turned or mirrored, nearest first.

    Nothing is kept. Raises Invalid with a reason for people if it is no picture, too large, or has too little
    in it to be told from others.
    """
    with NamedTemporaryFile() as file:
        reader = HashingReader(stream, settings.max_photo_bytes)
        copyfileobj(reader, file, COPY_BYTES)
        file.flush()
        same = find_file(reader.sha256, owner=owner, database=database)
        if same:
            return same
        # the decoder is a process of its own, and takes about as long as reading a hundred thousand hashes
        with ThreadPoolExecutor(1) as beside:
            index = beside.submit(_read_index, owner, database)
            with magnifier as darkroom:
                variants = darkroom.develop(Path(file.name)).hashes
    if variants[0].quality == 0:
        raise Invalid("There is too little in this picture to tell it from others.", code="plain")
    return _find_near(variants, index.result(), owner=owner, database=database)


def _read_index(owner: User, database: Database) -> HashIndex:
    # numpy: not before somebody asks
    from photos.perceptual.index import HashIndex

    index = HashIndex()
    with database.read() as connection:
        for keys, joined in hashes.list_hashes(connection, owner.id):
            index.add(keys, joined)
    return index


def _find_near(
    variants: Sequence[PerceptualHash], index: HashIndex, *, owner: User, database: Database
) -> tuple[Copy, ...]:
    nearest = dict[int, int]()
    for variant in variants:
        for key, distance in index.search(variant.bits, POSSIBLE):
            nearest[key] = min(distance, nearest.get(key, distance))
    order = sorted(nearest, key=lambda key: (nearest[key], -key))[:MOST_FOUND]
    with database.read() as connection:
        photos = photo_rows.list_photos_by_keys(connection, owner.id, order)
    return tuple(Copy(photo, nearest[photo.key], _certainty(nearest[photo.key])) for photo in photos)


def _certainty(distance: int) -> Certainty:
    return Certainty.SURE if distance <= SURE else Certainty.POSSIBLE
