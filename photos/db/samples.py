"""Which photos are samples: those with the tag `sample` that came with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Select, select

from photos.db.photos import change_photo
from photos.db.schema import photo, tag
from photos.db.upsert import upsert

SAMPLE = "sample"
"""The tag's name, and its source; a person's own tag of that name has another source."""


def mark_sample(connection: Connection, key: int, *, now: datetime) -> None:
    """Mark a photo as a sample."""
    row = {"photo_key": key, "name": SAMPLE, "source": SAMPLE}
    upsert(connection, tag, row, on=("photo_key", "name"), update={"source": SAMPLE})
    change_photo(connection, key, now=now)


def list_samples(connection: Connection, owner_id: int) -> list[int]:
    """Keys of a person's sample photos, on whatever shelf."""
    return list(connection.scalars(_samples(owner_id)))


def has_samples(connection: Connection, owner_id: int) -> bool:
    """Whether a person has sample photos."""
    return connection.scalar(_samples(owner_id).limit(1)) is not None


def _samples(owner_id: int) -> Select[tuple[int]]:
    """By the index of sources: there are few samples, and may be many photos."""
    return (
        select(photo.c.key)
        .select_from(tag)
        .join(photo, photo.c.key == tag.c.photo_key)
        .where(tag.c.source == SAMPLE, tag.c.name == SAMPLE, photo.c.owner_id == owner_id)
    )
