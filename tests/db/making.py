"""Rows to test with, made through the functions that the application uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count

from sqlalchemy import Connection, event, update

from photos.db import chunks, photos, pipeline, users
from photos.db.engine import Database, to_micros, wall_to_micros
from photos.db.schema import photo as photo_table
from photos.models import (
    Box,
    Camera,
    Developed,
    FileFacts,
    Identity,
    Label,
    PerceptualHash,
    Photo,
    Place,
    Position,
    Rendition,
    TextLine,
    User,
)

NOW = datetime(2026, 5, 4, 12, 30, 15, 123456, tzinfo=UTC)
PLACE = Place("Freiburg", "Baden-Württemberg", "Germany", "DE")
FACTS = FileFacts(
    taken_local=datetime(2024, 6, 1, 23, 59, 59, 999999),
    offset_minutes=120,
    camera=Camera("FUJIFILM", "X-T5", "XF 35mm", 1.4, 0.004, 400, 35.0),
    position=Position(47.99, 7.84, 278.0),
    description="Von der Datei 🌄",
    rating=4,
    keywords=("Berg", "Sommer"),
)
_numbers = count(1)


def add_user(connection: Connection, subject: str = "") -> User:
    """A person; every call another one."""
    subject = subject or f"subject-{next(_numbers)}"
    identity = Identity("https://issuer.example", subject, f"{subject}@example.org", True, "Ann Onym")
    return users.ensure_user(connection, identity, now=NOW)


def add_photo(connection: Connection, owner: User, *, now: datetime = NOW, size_bytes: int = 1000) -> Photo:
    """A photo that waits; every call another one."""
    number = next(_numbers)
    return photos.add_photo(
        connection,
        owner_id=owner.id,
        sha256=f"{number:064x}",
        size_bytes=size_bytes,
        name=f"IMG_{number}.jpg",
        media_type="application/octet-stream",
        storage_key=f"originals/{number}",
        now=now,
    )


def add_photo_taken(connection: Connection, owner: User, taken_local: datetime) -> Photo:
    """A waiting photo with this wall clock."""
    photo = add_photo(connection, owner)
    chunks.note_move(connection, [photo.key])
    connection.execute(
        update(photo_table)
        .where(photo_table.c.key == photo.key)
        .values(taken_local=wall_to_micros(taken_local))
    )
    return photos.get_photo(connection, photo.id, owner_id=owner.id)


def developed(facts: FileFacts = FACTS) -> Developed:
    """What decoding a file gives."""
    return Developed(
        media_type="image/jpeg",
        width=4000,
        height=3000,
        frames=1,
        facts=facts,
        renditions=(),
        thumbhash=b"\x01\x02\x03" * 8,
        hashes=(PerceptualHash("plain", bytes(range(32)), 90), PerceptualHash("mirrored", bytes(32), 80)),
        colours=(("#336699", 0.51234), ("#ffffff", 0.25)),
        light="bright",
    )


def renditions(photo: Photo, recipe: int = 1) -> list[Rendition]:
    """The three renditions of a photo."""
    return [
        Rendition(kind, f"renditions/{photo.id}/{kind}-{recipe}.jpg", size, size, size * 100, "image/jpeg")
        for kind, size in (("large", 1600), ("medium", 512), ("square", 256))
    ]


def add_ready_photo(connection: Connection, owner: User, facts: FileFacts = FACTS) -> Photo:
    """A photo that went the whole way: developed, labelled, read, ready."""
    photo = add_photo(connection, owner)
    develop(connection, photo, facts)
    labels = (Label("dog", 91.5, (Box(0.1, 0.2, 0.3, 0.4),)), Label("person", 65.25), Label("cat", 88.0))
    pipeline.save_labels(connection, photo.key, provider="coco 1", labels=labels, now=NOW)
    lines = [
        TextLine("Ausfahrt", 97.0, Box(0, 0, 0.5, 0.1)),
        TextLine("freihalten", 95.0, Box(0, 0.1, 0.5, 0.1)),
    ]
    pipeline.save_text(connection, photo.key, provider="coco 1", lines=lines, now=NOW)
    return photos.get_photo(connection, photo.id, owner_id=owner.id)


def develop(connection: Connection, photo: Photo, facts: FileFacts = FACTS, recipe: int = 1) -> None:
    """Claim a waiting photo, develop it and finish."""
    token = f"token-{next(_numbers)}"
    later = NOW + timedelta(minutes=2)
    assert pipeline.claim_photo(connection, photo.id, token=token, now=NOW, lease_until=later) is not None
    assert pipeline.save_developed(
        connection,
        photo.key,
        token=token,
        developed=developed(facts),
        developed_with=recipe,
        place=PLACE,
        renditions=renditions(photo, recipe),
        now=NOW,
    )
    assert pipeline.finish_photo(connection, photo.key, token=token, now=NOW)


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that the block sends, transaction control left out."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", note)


def micros(hours: float) -> int:
    """NOW plus some hours, as it is stored."""
    return to_micros(NOW + timedelta(hours=hours))
