"""What every way in has in common: turns and quota, the first bytes, and the row of the photo."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import Connection

from photos.backends.storage import Storage
from photos.config import Settings
from photos.db import objects, rate
from photos.db import photos as photo_rows
from photos.db import uploads as upload_rows
from photos.db import users as user_rows
from photos.db.engine import Database, repeated
from photos.ids import new_id
from photos.imaging import sniff
from photos.models import Photo, PhotoState, Shelf, Upload, User
from photos.services.promises import size_words

DAMAGED = "It arrived damaged: what was stored is not what was sent. Send it again."


@dataclass(frozen=True, slots=True)
class PartUrl:
    """Where one part goes: PUT exactly `size_bytes` bytes to `url`."""

    number: int
    size_bytes: int
    url: str


@dataclass(frozen=True, slots=True)
class Offer:
    """The answer to one offered file: `known`, `refused` or `send`."""

    status: Literal["known", "refused", "send"]
    photo: Photo | None = None
    """The twin, or the photo made of a whole file; None where there is none."""
    reason: str = ""
    code: str = ""
    upload: Upload | None = None
    parts: tuple[PartUrl, ...] = ()
    """Parts still to be sent; only with `send`."""


@repeated
def forget(upload: Upload, *, database: Database, storage: Storage) -> bool:
    """Give up an upload, its parts and what they may have become; False if it is a photo by now.

    The row goes first, under the owner's lock: `complete` may run beside this, and bytes that a photo was
    made of must stay. What a crash leaves behind after that belongs to the sweep.
    """
    with database.write() as connection:
        user_rows.lock_user(connection, upload.owner_id)
        if upload_rows.is_complete(connection, upload.id):
            return False
        upload_rows.delete_upload(connection, upload.id)
        objects.discard_objects(connection, {upload.storage_key}, now=datetime.now(UTC))
    if upload.multipart_id:
        storage.abort_multipart(upload.storage_key, upload.multipart_id)
    storage.delete(upload.storage_key)
    return True


def take_turn(connection: Connection, owner: User, settings: Settings, now: datetime) -> None:
    """Count a new file of the owner. Raises TooMany when this minute has had its share."""
    rate.take(
        connection,
        "upload",
        str(owner.id),
        limit=settings.uploads_per_minute,
        window_seconds=60,
        now=now,
        reason=f"More than {settings.uploads_per_minute:,} new files in a minute. The rest can follow soon.",
    )


def new_key() -> str:
    """A fresh key for an original: random, and spread over folders."""
    name = new_id()
    return f"originals/{hashlib.sha256(name.encode()).hexdigest()[:2]}/{name}"


def arrived_damaged(photo: Photo) -> bool:
    """Whether fresh bytes of the same hash may take the place of what was refused."""
    return photo.state is PhotoState.REFUSED and photo.reason == DAMAGED and photo.shelf is Shelf.REFUSED


def free_bytes(connection: Connection, owner_id: int, settings: Settings) -> int | None:
    """Bytes the owner may still send; None without a quota."""
    user = user_rows.get_user(connection, owner_id)
    quota = quota_of(user, settings)
    if quota is None:
        return None
    return max(0, quota - user.used_bytes - upload_rows.reserved_bytes(connection, owner_id))


def quota_of(person: User, settings: Settings) -> int | None:
    """Bytes this person may store: their own quota, else the one of the settings; None for no limit."""
    return person.quota_bytes if person.quota_bytes is not None else settings.quota_bytes or None


def over_quota(free: int) -> str:
    """What is said to somebody who has so many bytes left."""
    return (
        f"Your space is used up: {size_words(free)} are left. "
        "Empty the trash, or ask your administrator for more."
    )


def media_type_of(key: str, storage: Storage) -> str:
    """By the object's first bytes. Raises Invalid, in words, if they are not those of a photo."""
    head = b"".join(storage.get(key, end=sniff.HEAD_BYTES))
    return sniff.sniff(head)


def photo_for(connection: Connection, upload: Upload, media_type: str) -> Photo:
    """Finish an upload: a new photo, the damaged twin with fresh bytes, or the twin that was quicker.

    The owner's row is locked first, so that of two uploads of the same bytes one sees the other's photo.
    Raises NotFound if the upload was given up meanwhile.
    """
    now = datetime.now(UTC)
    user_rows.lock_user(connection, upload.owner_id)
    upload_rows.get_upload(connection, upload.id, owner_id=upload.owner_id)
    photo = photo_rows.find_photo_by_hash(connection, upload.owner_id, upload.sha256)
    if photo is None:
        photo = photo_rows.add_photo(
            connection,
            owner_id=upload.owner_id,
            sha256=upload.sha256,
            size_bytes=upload.size_bytes,
            name=upload.name,
            media_type=media_type,
            storage_key=upload.storage_key,
            now=now,
        )
    elif arrived_damaged(photo):
        photo = photo_rows.replace_original(
            connection, photo.key, storage_key=upload.storage_key, media_type=media_type, now=now
        )
    if photo.storage_key != upload.storage_key:
        objects.discard_objects(connection, {upload.storage_key}, now=now)
    upload_rows.finish_upload(connection, upload.id, photo.id)
    return photo
