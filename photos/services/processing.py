"""From an original to a photo that can be seen and found. Every function here can run twice.

`process_photo` claims the row by compare-and-set, so a doubled, late or lost job does no harm. What
it makes is derived and has deterministic keys: a second run overwrites the same objects. So one commit in it
is flushed to the disk: the one that lets go of older objects.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from photos.backends.jobs import Jobs
from photos.backends.recognition import Recognition
from photos.backends.search import Search
from photos.backends.storage import Storage
from photos.config import Settings
from photos.db import objects, pipeline
from photos.db.engine import Database
from photos.db.photos import change_photo
from photos.errors import BackendError, Invalid, NotFound, StorageError
from photos.ids import new_id
from photos.models import Developed, Photo, Place, Position, RecognisedLabels, Rendition
from photos.services.arrival import DAMAGED
from photos.services.hints import hint
from photos.services.indexing import index_photos

log = logging.getLogger(__name__)

DEVELOPED_WITH = 1
"""Raise it when renditions, hashes or facts are made differently: the sweep then develops again."""

GONE = "The original is missing from storage. Upload the photo again."
EXHAUSTED = "It could not be processed after several tries. Try again, or upload it as a JPEG."


class Darkroom(Protocol):
    """Turns a file into what can be shown; `photos.imaging.pool.Decoders` in guarded children."""

    def develop(self, path: Path, *, turn: int = 0) -> Developed:
        """Turned clockwise by `turn` degrees, 0 to 270.

        Raises Invalid with a reason for people, BackendError if no child can be started, and OSError if the
        file cannot be read now.
        """


class Gazetteer(Protocol):
    """Names positions; `photos.places.Gazetteer`."""

    def nearest(self, position: Position) -> Place | None:
        """The nearest named place; None far from all."""


def process_photo(
    photo_id: str,
    *,
    settings: Settings,
    database: Database,
    storage: Storage,
    recognition: Recognition,
    search: Search,
    jobs: Jobs,
    darkroom: Darkroom,
    gazetteer: Gazetteer,
) -> None:
    """Verify, develop, label and index one photo. Does nothing unless the photo is waiting.

    Raises BackendError for "later"; the claim is given back before that.
    """
    token, now = new_id(), datetime.now(UTC)
    lease_until = now + timedelta(seconds=settings.job_lease_seconds)
    with database.write(is_flushed=False) as connection:
        photo = pipeline.claim_photo(connection, photo_id, token=token, now=now, lease_until=lease_until)
    if photo is None:
        return
    if objects.is_shared(photo.storage_key):
        seen = {"recogniser": recognition.provider, "text_reader": recognition.text_provider}
        _leave(photo, database, token=token, developed_with=DEVELOPED_WITH, **seen)
        return
    try:
        if photo.attempts > settings.job_attempts:
            raise Invalid(EXHAUSTED, code="exhausted")
        large = _develop(
            photo, token, database=database, storage=storage, darkroom=darkroom, gazetteer=gazetteer
        )
        if large is not None:
            _label_in_passing(photo, large, database=database, recognition=recognition)
            with database.write(is_flushed=False) as connection:
                pipeline.finish_photo(connection, photo.key, token=token, now=datetime.now(UTC))
    except Invalid as refusal:
        _refuse(photo, token, refusal.reason, database=database)
    except BackendError as error:
        with database.write() as connection:
            pipeline.release_photo(connection, photo.key, token=token, reason=str(error))
        raise
    index_photos([photo.key], database=database, search=search)
    if recognition.text_provider:
        hint(jobs, "read_text", {"photo_id": photo.id})


def _leave(photo: Photo, database: Database, *, token: str = "", **seen: object) -> None:
    """An invented photo is what its row says: its file is that of many, and is not read again."""
    now = datetime.now(UTC)
    with database.write() as connection:
        change_photo(connection, photo.key, now=now, **seen)
        if token:
            pipeline.finish_photo(connection, photo.key, token=token, now=now)


def _develop(
    photo: Photo,
    token: str,
    *,
    database: Database,
    storage: Storage,
    darkroom: Darkroom,
    gazetteer: Gazetteer,
) -> bytes | None:
    """Renditions and facts, stored and committed. Returns the large rendition, None if the lease is lost."""
    try:
        with storage.fetch(photo.storage_key) as path:
            if (arrived := _sha256(path)) != photo.sha256:
                _confirm_damage(photo, arrived, storage)
            developed = darkroom.develop(path, turn=photo.turn % 360)
    except NotFound:
        raise Invalid(GONE, code="gone") from None
    except OSError as error:
        raise StorageError("read", photo.storage_key) from error
    place = gazetteer.nearest(developed.facts.position) if developed.facts.position else None
    renditions = store_renditions(
        developed, lambda kind: rendition_key(photo.id, kind, photo.turn), storage=storage
    )
    with database.write() as connection:
        is_ours = pipeline.save_developed(
            connection,
            photo.key,
            token=token,
            developed=developed,
            developed_with=DEVELOPED_WITH,
            turn=photo.turn,
            place=place,
            renditions=renditions,
            now=datetime.now(UTC),
        )
    if not is_ours:
        log.info("photo %s is gone, or its lease went to somebody else", photo.id)
        _clear_up(photo, renditions, database=database)
        return None
    return developed.large.body


def store_renditions(
    developed: Developed, key_of: Callable[[str], str], *, storage: Storage
) -> list[Rendition]:
    """Put the pictures made of a photo where `key_of` their kind says. Raises StorageError."""
    stored = []
    for made in developed.renditions:
        key = key_of(made.kind)
        storage.put(key, made.body, media_type=made.media_type)
        stored.append(Rendition(made.kind, key, made.width, made.height, len(made.body), made.media_type))
    return stored


def _confirm_damage(photo: Photo, arrived: str, storage: Storage) -> None:
    """Look again: bytes may have changed between the store and here. Raises Invalid, or StorageError."""
    with storage.fetch(photo.storage_key) as path:
        if _sha256(path) != arrived:
            raise StorageError("read", photo.storage_key, reason="it gave other bytes the second time")
    raise Invalid(DAMAGED, code="damaged")


def _clear_up(photo: Photo, renditions: Sequence[Rendition], *, database: Database) -> None:
    """What was made for a photo that was deleted or turned meanwhile must not stay behind.

    Whoever makes the same objects at this moment takes them back when they commit.
    """
    with database.write() as connection:
        needed = objects.list_renditions(connection, photo.key)
        unneeded = {rendition.key for rendition in renditions} - needed
        objects.discard_objects(connection, unneeded, now=datetime.now(UTC))


def _label_in_passing(photo: Photo, large: bytes, *, database: Database, recognition: Recognition) -> None:
    """Label a photo that is being processed. A recogniser that is down delays labels, never the photo."""
    try:
        _save_labels(photo, large, photo.turn, database=database, recognition=recognition)
    except BackendError as error:
        log.warning("labels of photo %s come later: %s", photo.id, error)


def _save_labels(
    photo: Photo, large: bytes, turn: int, *, database: Database, recognition: Recognition
) -> None:
    """`turn` is what `large` was turned by: another one by now, and the boxes would lie beside things."""
    if not recognition.provider:
        return
    try:
        seen = recognition.labels(large)
    except Invalid as refusal:
        log.warning("photo %s cannot be labelled: %s", photo.id, refusal.reason)
        seen = RecognisedLabels(recognition.provider)
    with database.write(is_flushed=False) as connection:
        pipeline.save_labels(
            connection,
            photo.key,
            provider=recognition.provider,
            labels=seen.labels,
            vector=seen.vector,
            now=datetime.now(UTC),
            turn=turn,
        )


def label_photo(
    photo_id: str, *, database: Database, storage: Storage, recognition: Recognition, search: Search
) -> None:
    """Label a ready photo anew, with today's recogniser."""
    photo = _ready(photo_id, database)
    if photo is None or photo.recogniser == recognition.provider:
        return
    if objects.is_shared(photo.storage_key):
        _leave(photo, database, recogniser=recognition.provider)
        return
    large = _large(photo, storage)
    _save_labels(photo, large, photo.turn_made, database=database, recognition=recognition)
    index_photos([photo.key], database=database, search=search)


def read_text(
    photo_id: str, *, database: Database, storage: Storage, recognition: Recognition, search: Search
) -> None:
    """Read the text in a ready photo; its own job, so that it never delays one. What is read stays so."""
    photo = _ready(photo_id, database)
    if photo is None or not recognition.text_provider:
        return
    if objects.is_shared(photo.storage_key):
        _leave(photo, database, text_reader=recognition.text_provider)
        return
    with database.read() as connection:
        if pipeline.is_read(connection, photo.key, provider=recognition.text_provider):
            return
    try:
        lines = recognition.text(_large(photo, storage)).lines
    except Invalid as refusal:
        log.warning("photo %s cannot be read: %s", photo.id, refusal.reason)
        lines = ()
    with database.write(is_flushed=False) as connection:
        pipeline.save_text(
            connection,
            photo.key,
            provider=recognition.text_provider,
            lines=lines,
            now=datetime.now(UTC),
            turn=photo.turn_made,
        )
    index_photos([photo.key], database=database, search=search)


def rendition_key(photo_id: str, kind: str, turn: int = 0) -> str:
    """Where a rendition lives: the same key for the same photo the same way up, whoever makes it."""
    folder = hashlib.sha256(photo_id.encode()).hexdigest()[:2]
    version = f"{DEVELOPED_WITH}-{turn}" if turn else f"{DEVELOPED_WITH}"
    return f"renditions/{folder}/{photo_id}/{kind}-{version}.jpg"


def _ready(photo_id: str, database: Database) -> Photo | None:
    with database.read() as connection:
        return pipeline.find_ready(connection, photo_id)


def _large(photo: Photo, storage: Storage) -> bytes:
    """The large rendition's bytes. Raises NotFound if it is gone; fsck and re-processing mend that."""
    rendition = next(rendition for rendition in photo.renditions if rendition.kind == "large")
    return b"".join(storage.get(rendition.key))


def _refuse(photo: Photo, token: str, reason: str, *, database: Database) -> None:
    with database.write() as connection:
        pipeline.refuse_photo(connection, photo.key, token=token, reason=reason, now=datetime.now(UTC))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
