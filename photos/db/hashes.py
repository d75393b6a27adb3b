"""Perceptual hashes of photos, as those need them who compare them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, select

from photos.db.schema import photo, photo_hash

BATCH = 10_000
"""Rows in memory at once: about a megabyte."""


def list_hashes(connection: Connection, owner_id: int) -> Iterator[tuple[list[int], bytes]]:
    """Keys of the owner's photos, and their hashes joined to one string, in batches.

    Photos with too little in them to be told from others (quality 0) are left out.
    """
    statement = (
        select(photo_hash.c.photo_key, photo_hash.c.bits)
        .join(photo, photo.c.key == photo_hash.c.photo_key)
        .where(photo.c.owner_id == owner_id, photo_hash.c.quality > 0)
        .execution_options(yield_per=BATCH)
    )
    for rows in connection.execute(statement).partitions():
        keys, bits = zip(*rows, strict=True)
        yield list(keys), b"".join(bits)
