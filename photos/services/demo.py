"""A library of any size for measuring and looking around, in minutes: rows without the uploads.

A few dozen drawn pictures are developed as photos are, and every photo of the library shows one of them: its
original and its renditions are those of the picture, shared below `SHARED`. So its bytes are not what its
SHA-256 says, and what is known of it stands in its row alone: processing passes it over.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

import msgspec
from sqlalchemy.exc import IntegrityError

from photos.backends.recognition import Recognition
from photos.backends.search import Search
from photos.backends.storage import Storage
from photos.db import documents, duplicates, loading, objects
from photos.db.engine import Database
from photos.db.loading import FinishedPhoto
from photos.db.objects import SHARED
from photos.errors import Invalid
from photos.models import Developed, PerceptualHash, Rendition, SearchDocument, Shelf, User
from photos.services.demo_rows import DemoPhoto, invent
from photos.services.processing import DEVELOPED_WITH, Darkroom

SCENES = 24
BATCH = 5000
"""Photos in one transaction: most of a second, in which other writers wait."""
PROVIDER = "demo/1"
"""Who has seen the labels where no recogniser is installed."""
FIRST_ARRIVAL = datetime(2025, 9, 1, tzinfo=UTC)
BETWEEN_ARRIVALS = timedelta(seconds=30)
"""What has no date stands where it arrived."""


class _Picture(msgspec.Struct, frozen=True):
    """One drawn picture in storage: its original and what was developed from it."""

    key: str
    size_bytes: int
    developed: Developed
    renditions: tuple[Rendition, ...]
    vector: bytes


def make_library(
    count: int,
    *,
    owner: User,
    seed: str,
    database: Database,
    storage: Storage,
    recognition: Recognition,
    search: Search | None,
    darkroom: Darkroom,
    report: Callable[[int], None],
) -> None:
    """Add `count` invented photos to somebody's library and index them; `report` gets each step's number.

    Without `search` the index is left to the sweep. The same seed gives the same photos. Raises Invalid if
    they are there already, BackendError if a part is down; what was added until then stays.
    """
    pictures: dict[int, _Picture] = {}
    invented = invent(count, seed=f"{seed} {owner.id}", scenes=SCENES)
    done, last = 0, 0
    while batch := list(islice(invented, BATCH)):
        for scene in {made.scene for made in batch} - pictures.keys():
            pictures[scene] = _store(
                scene, database=database, storage=storage, recognition=recognition, darkroom=darkroom
            )
        finished = [
            _finished(made, pictures[made.scene], recognition, done + offset)
            for offset, made in enumerate(batch)
        ]
        distances = [made.distance for made in batch]
        last = _add(finished, distances, last, owner=owner, database=database, search=search)
        done += len(batch)
        report(len(batch))


def _store(
    number: int, *, database: Database, storage: Storage, recognition: Recognition, darkroom: Darkroom
) -> _Picture:
    """Draw, store, develop and look at one picture. Done again, it gives the same objects."""
    from photos.imaging.scenes import draw_scene

    body = draw_scene(number)
    folder = f"{SHARED}{hashlib.sha256(body).hexdigest()[:22]}"
    original = f"{folder}/original.jpg"
    storage.put(original, body, media_type="image/jpeg")
    with storage.fetch(original) as path:
        developed = darkroom.develop(path)
    renditions = []
    for made in developed.renditions:
        key = f"{folder}/{made.kind}-{DEVELOPED_WITH}.jpg"
        storage.put(key, made.body, media_type=made.media_type)
        renditions.append(Rendition(made.kind, key, made.width, made.height, len(made.body), made.media_type))
    with database.write() as connection:
        objects.keep_objects(connection, [original, *(each.key for each in renditions)])
    large = next(made.body for made in developed.renditions if made.kind == "large")
    vector = recognition.labels(large).vector if recognition.provider else b""
    return _Picture(original, len(body), developed, tuple(renditions), vector)


def _add(
    photos: list[FinishedPhoto],
    distances: list[int | None],
    last: int,
    *,
    owner: User,
    database: Database,
    search: Search | None,
) -> int:
    """Write them, each with its distance from the one before, the first one's with the key `last`; returns
    the last one's key."""
    try:
        with database.write() as connection:
            keys = loading.add_finished(connection, photos, owner_id=owner.id, now=datetime.now(UTC))
            followed = zip([last, *keys], keys, distances, strict=False)
            pairs = [(before, key, distance) for before, key, distance in followed if distance is not None]
            duplicates.add_pairs(connection, owner.id, pairs)
    except IntegrityError as error:
        raise Invalid("This library is there already. Choose another seed for more photos.") from error
    if search:
        search.put(_document(each, key, owner) for key, each in zip(keys, photos, strict=True))
        with database.write() as connection:
            documents.mark_indexed(connection, [(key, 1) for key in keys])
    return keys[-1]


def _document(made: FinishedPhoto, key: int, owner: User) -> SearchDocument:
    """What `photos.db.documents` would make of the rows, without reading them again."""
    facts, place = made.developed.facts, made.place
    return SearchDocument(
        key=key,
        owner_id=owner.id,
        revision=1,
        taken_local=facts.taken_local or made.arrived_at.replace(tzinfo=None),
        shelf=Shelf.TIMELINE,
        name=made.name,
        description=facts.description,
        labels=tuple(made.labels),
        text=tuple(line.text for line in made.text),
        tags=tuple(made.tags),
        camera=f"{facts.camera.make} {facts.camera.model}".strip(),
        lens=facts.camera.lens,
        place=", ".join(filter(None, (place.name, place.region, place.country))) if place else "",
        position=facts.position,
        media_type=made.developed.media_type,
        width=made.developed.width,
        height=made.developed.height,
        rating=facts.rating or 0,
        is_favourite=made.is_favourite,
        has_people=any(label.name == documents.PERSON for label in made.labels),
    )


def _finished(made: DemoPhoto, picture: _Picture, recognition: Recognition, number: int) -> FinishedPhoto:
    hashed = PerceptualHash("upright", made.hash_bits, 100)
    return FinishedPhoto(
        id=made.id,
        sha256=made.sha256,
        size_bytes=picture.size_bytes,
        name=made.name,
        storage_key=picture.key,
        arrived_at=FIRST_ARRIVAL + number * BETWEEN_ARRIVALS,
        developed=replace(picture.developed, facts=made.facts, hashes=(hashed,)),
        developed_with=DEVELOPED_WITH,
        place=made.place,
        renditions=picture.renditions,
        provider=recognition.provider or PROVIDER,
        text_provider=recognition.text_provider or PROVIDER,
        labels=made.labels,
        vector=picture.vector,
        text=made.text,
        tags=made.tags,
        is_favourite=made.is_favourite,
    )
