"""Files that come as one stream: from the plain form, from a dropbox, as samples.

Order that makes kill -9 harmless: a row, then the bytes, then the photo, then the job after the commit.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace
from sqlalchemy import Connection

from photos.backends.jobs import Jobs
from photos.backends.storage import Readable, Storage
from photos.config import Settings
from photos.db import photos as photo_rows
from photos.db import uploads as upload_rows
from photos.db import users as user_rows
from photos.db.engine import Database
from photos.errors import Invalid
from photos.ids import new_id
from photos.models import Upload, User
from photos.services.arrival import (
    Offer,
    forget,
    free_bytes,
    media_type_of,
    new_key,
    over_quota,
    photo_for,
    take_turn,
)
from photos.services.hints import hint
from photos.services.promises import check_kind, clean_name, size_words

FORM_LIFETIME = timedelta(hours=1)
"""How long a plain form may take to arrive before the sweep forgets it."""


def accept(
    stream: Readable,
    *,
    name: str,
    owner: User,
    settings: Settings,
    database: Database,
    storage: Storage,
    jobs: Jobs,
    is_counted: bool = True,
) -> Offer:
    """Take a whole file, as from a plain form: `known` (nothing kept), `refused`, or `send` with its photo.

    Raises TooMany for more files than a minute may bring, unless this one does not count.
    """
    reader = HashingReader(stream, settings.max_photo_bytes)
    try:
        name = clean_name(name)
        check_kind(name, "")
        upload = _announce(name, owner=owner, settings=settings, database=database, is_counted=is_counted)
        try:
            storage.put(upload.storage_key, reader, media_type="application/octet-stream")
            if reader.size_bytes == 0:
                raise Invalid("The file is empty.", code="empty")
            media_type = media_type_of(upload.storage_key, storage)
            arrived = replace(upload, sha256=reader.sha256, size_bytes=reader.size_bytes)
            with database.write() as connection:
                _check_quota(connection, reader, owner_id=owner.id, settings=settings)
                photo = photo_for(connection, arrived, media_type)
        except BaseException:
            forget(upload, database=database, storage=storage)
            raise
    except Invalid as refusal:
        return Offer("refused", reason=refusal.reason, code=refusal.code)
    if photo.storage_key != upload.storage_key:
        return Offer("known", photo=photo)
    hint(jobs, "process_photo", {"photo_id": photo.id})
    return Offer("send", photo=photo)


def _announce(name: str, *, owner: User, settings: Settings, database: Database, is_counted: bool) -> Upload:
    """A row before the bytes, so that what a crash leaves behind belongs to something the sweep knows."""
    now = datetime.now(UTC)
    with database.write() as connection:
        if is_counted:
            take_turn(connection, owner, settings, now)
        return upload_rows.add_upload(
            connection,
            id=new_id(),
            owner_id=owner.id,
            name=name,
            size_bytes=0,
            sha256="",
            storage_key=new_key(),
            part_size=0,
            now=now,
            expires_at=now + FORM_LIFETIME,
        )


def _check_quota(connection: Connection, reader: HashingReader, *, owner_id: int, settings: Settings) -> None:
    user_rows.lock_user(connection, owner_id)
    if photo_rows.find_photo_by_hash(connection, owner_id, reader.sha256) is None:
        free = free_bytes(connection, owner_id, settings)
        if free is not None and reader.size_bytes > free:
            raise Invalid(over_quota(free), code="quota")


class HashingReader:
    """Counts and hashes what passes through. Raises Invalid once more than `limit` bytes have come."""

    def __init__(self, stream: Readable, limit: int) -> None:
        self._stream = stream
        self._limit = limit
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        """Hex digest of what was read so far."""
        return self._hash.hexdigest()

    def read(self, size: int = -1, /) -> bytes:
        """Read on, at most `size` bytes."""
        piece = self._stream.read(size)
        self.size_bytes += len(piece)
        if self.size_bytes > self._limit:
            raise Invalid(
                f"It is larger than {size_words(self._limit)}, the largest file taken here.", code="too_large"
            )
        self._hash.update(piece)
        return piece
