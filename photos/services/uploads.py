"""Bytes on their way in: offered by hash, sent in parts, verified, and only then a photo.

Order that makes kill -9 harmless: bytes durable, then the row, then the job after the commit.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from photos.backends.jobs import Jobs
from photos.backends.storage import Readable, Storage
from photos.config import Settings
from photos.db import objects, rate
from photos.db import photos as photo_rows
from photos.db import uploads as upload_rows
from photos.db import users as user_rows
from photos.db.engine import Database, repeated
from photos.errors import Conflict, Invalid, NotFound
from photos.ids import new_id
from photos.imaging import sniff
from photos.models import Photo, PhotoState, Shelf, StoredPart, Upload, User
from photos.services.hints import hint
from photos.services.promises import (
    OfferedFile,
    check_kind,
    check_promise,
    clean_name,
    expected_parts,
    part_size_for,
    size_words,
)

MAX_OFFERED = 100
FORM_LIFETIME = timedelta(hours=1)
"""How long a plain form may take to arrive before the sweep forgets it."""
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

    status: str
    photo: Photo | None = None
    """The twin, or the photo made by `accept`; None where there is none."""
    reason: str = ""
    code: str = ""
    upload: Upload | None = None
    parts: tuple[PartUrl, ...] = ()
    """Parts still to be sent; only with `send`."""


def offer(
    files: Sequence[OfferedFile], *, owner: User, settings: Settings, database: Database, storage: Storage
) -> list[Offer]:
    """Answer for every file, in order, whether its bytes are wanted. Quota counts what is on its way.

    Raises Invalid for more than MAX_OFFERED files at once, and TooMany for more new ones than a minute may
    bring; those before it stay offered.
    """
    if len(files) > MAX_OFFERED:
        raise Invalid(f"Offer at most {MAX_OFFERED} files at once.", code="too_many_files", field="files")
    # most of what is offered again is there: one question for all of it, without waiting for a turn to write
    known = _known_among(files, owner=owner, settings=settings, database=database)
    return [
        _refusal(file, settings)
        or known.get(file.sha256)
        or _offer_new(file, owner=owner, settings=settings, database=database, storage=storage)
        for file in files
    ]


def _known_among(
    files: Sequence[OfferedFile], *, owner: User, settings: Settings, database: Database
) -> dict[str, Offer]:
    """The answers to files that are there already, by their hashes."""
    hashes = {file.sha256 for file in files if _refusal(file, settings) is None}
    with database.read() as connection:
        twins = photo_rows.list_photos_by_hashes(connection, owner.id, hashes)
    return {twin.sha256: _known(twin) for twin in twins if not _arrived_damaged(twin)}


def _refusal(file: OfferedFile, settings: Settings) -> Offer | None:
    """The answer to a file that can be refused for what is said of it; None for any other."""
    try:
        clean_name(file.name)
        check_promise(file, settings)
    except Invalid as refusal:
        return Offer("refused", reason=refusal.reason, code=refusal.code)
    return None


@repeated
def _offer_new(
    file: OfferedFile, *, owner: User, settings: Settings, database: Database, storage: Storage
) -> Offer:
    """The answer to a file that is probably new: under the owner's lock it is looked for once more."""
    now = datetime.now(UTC)
    with database.write() as connection:
        user_rows.lock_user(connection, owner.id)
        twin = photo_rows.find_photo_by_hash(connection, owner.id, file.sha256)
        if twin is not None and not _arrived_damaged(twin):
            return _known(twin)
        before = upload_rows.find_refusal(connection, owner.id, file.sha256, but=DAMAGED)
        if before:
            return Offer("refused", reason=before, code="refused")
        upload = upload_rows.find_open_upload(connection, owner.id, file.sha256)
        if upload is None:
            free = _free_bytes(connection, owner.id, settings)
            if free is not None and file.size_bytes > free:
                return Offer("refused", reason=_over_quota(free), code="quota")
            _take_turn(connection, owner, settings, now)
            upload = upload_rows.add_upload(
                connection,
                id=new_id(),
                owner_id=owner.id,
                name=clean_name(file.name),
                size_bytes=file.size_bytes,
                sha256=file.sha256,
                storage_key=new_key(),
                part_size=part_size_for(file.size_bytes, settings.part_bytes),
                now=now,
                expires_at=now + timedelta(days=settings.upload_days),
            )
    upload, parts = _missing_parts(upload, database=database, storage=storage)
    return Offer("send", upload=upload, parts=parts)


def status(
    upload_id: str, *, owner: User, database: Database, storage: Storage
) -> tuple[Upload, tuple[PartUrl, ...]]:
    """An upload and the parts it still needs, with fresh URLs. Raises NotFound if it is not the owner's."""
    with database.read() as connection:
        upload = upload_rows.get_upload(connection, upload_id, owner_id=owner.id)
    if upload.state != "open":
        return upload, ()
    return _missing_parts(upload, database=database, storage=storage)


@repeated
def complete(upload_id: str, *, owner: User, database: Database, storage: Storage, jobs: Jobs) -> Photo:
    """Turn an upload whose parts have all arrived into a photo; repeat as often as you like.

    Raises NotFound if it is not the owner's, Conflict while parts are missing, and Invalid if what
    arrived is not what was promised.
    """
    with database.read() as connection:
        upload = upload_rows.get_upload(connection, upload_id, owner_id=owner.id)
        if upload.state == "complete":
            return photo_rows.get_photo(connection, upload.photo_id, owner_id=owner.id)
    if upload.state == "refused":
        raise Invalid(upload.reason, code="refused")
    _join(upload, storage)
    try:
        media_type = _check_arrived(upload, storage)
    except Invalid as refusal:
        _refuse(upload, refusal.reason, database=database)
        raise
    try:
        with database.write() as connection:
            photo = _photo_for(connection, upload, media_type)
    except NotFound:
        # given up while its parts were joined
        forget(upload, database=database, storage=storage)
        raise
    if photo.state is PhotoState.NEW:
        hint(jobs, "process_photo", {"photo_id": photo.id})
    return photo


def abandon(upload_id: str, *, owner: User, database: Database, storage: Storage) -> None:
    """Forget an unfinished upload and its bytes. A finished one is Conflict; an unknown one NotFound."""
    with database.read() as connection:
        upload = upload_rows.get_upload(connection, upload_id, owner_id=owner.id)
    if not forget(upload, database=database, storage=storage):
        raise Conflict("This upload is a photo already. Move the photo to the trash instead.")


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
            media_type = _media_type_of(upload.storage_key, storage)
            arrived = replace(upload, sha256=reader.sha256, size_bytes=reader.size_bytes)
            with database.write() as connection:
                _check_quota(connection, reader, owner_id=owner.id, settings=settings)
                photo = _photo_for(connection, arrived, media_type)
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
            _take_turn(connection, owner, settings, now)
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


def _take_turn(connection: Connection, owner: User, settings: Settings, now: datetime) -> None:
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


def _known(twin: Photo) -> Offer:
    if twin.state is PhotoState.REFUSED:
        return Offer("refused", photo=twin, reason=twin.reason, code="refused")
    return Offer("known", photo=twin)


def _arrived_damaged(photo: Photo) -> bool:
    return photo.state is PhotoState.REFUSED and photo.reason == DAMAGED and photo.shelf is Shelf.REFUSED


def _free_bytes(connection: Connection, owner_id: int, settings: Settings) -> int | None:
    """Bytes the owner may still send; None without a quota."""
    user = user_rows.get_user(connection, owner_id)
    quota = user.quota_bytes if user.quota_bytes is not None else settings.quota_bytes or None
    if quota is None:
        return None
    return max(0, quota - user.used_bytes - upload_rows.reserved_bytes(connection, owner_id))


def _over_quota(free: int) -> str:
    return (
        f"Your space is used up: {size_words(free)} are left. "
        "Empty the trash, or ask your administrator for more."
    )


def _missing_parts(
    upload: Upload, *, database: Database, storage: Storage
) -> tuple[Upload, tuple[PartUrl, ...]]:
    arrived: dict[int, int] = {}
    try:
        if upload.multipart_id:
            arrived = {
                p.number: p.size_bytes for p in storage.list_parts(upload.storage_key, upload.multipart_id)
            }
    except NotFound:
        # joined already, or swept away: complete() finds out which; a fresh start is right for the second
        if _is_stored(upload, storage):
            return upload, ()
        upload = _begin(upload, database=database, storage=storage)
    if not upload.multipart_id:
        upload = _begin(upload, database=database, storage=storage)
    return upload, tuple(
        PartUrl(
            number, size, storage.part_url(upload.storage_key, upload.multipart_id, number, size_bytes=size)
        )
        for number, size in expected_parts(upload)
        if arrived.get(number) != size
    )


def _begin(upload: Upload, *, database: Database, storage: Storage) -> Upload:
    multipart_id = storage.start_multipart(upload.storage_key, media_type="application/octet-stream")
    with database.write(is_flushed=False) as connection:
        begun = upload_rows.set_multipart_id(
            connection, upload.id, multipart_id, instead_of=upload.multipart_id
        )
    if begun.multipart_id != multipart_id:
        storage.abort_multipart(upload.storage_key, multipart_id)
    return begun


def _is_stored(upload: Upload, storage: Storage) -> bool:
    try:
        return storage.stat(upload.storage_key).size_bytes == upload.size_bytes
    except NotFound:
        return False


def _join(upload: Upload, storage: Storage) -> None:
    """Make the object from its parts, unless a lost answer did that before. Raises Conflict."""
    missing = Conflict(
        "Parts are missing. Ask for the upload again and send what it lists.", code="parts_missing"
    )
    try:
        if not upload.multipart_id:
            raise NotFound("upload", upload.id)
        parts = storage.list_parts(upload.storage_key, upload.multipart_id)
        if {part.number: part.size_bytes for part in parts} != dict(expected_parts(upload)):
            # a power cut may leave the object and forget that its parts were joined
            raise NotFound("parts of upload", upload.id)
        storage.complete_multipart(upload.storage_key, upload.multipart_id, _in_order(parts))
    except NotFound:
        if not _is_stored(upload, storage):
            raise missing from None


def _in_order(parts: Sequence[StoredPart]) -> list[StoredPart]:
    return sorted(parts, key=lambda part: part.number)


def _check_arrived(upload: Upload, storage: Storage) -> str:
    """The media type. Raises Invalid unless the stored object is the promised one, as far as the store can
    tell, and a photo."""
    stored = storage.stat(upload.storage_key)
    if stored.size_bytes != upload.size_bytes:
        raise Invalid(
            f"It should be {upload.size_bytes:,} bytes, and {stored.size_bytes:,} arrived. Send it again.",
            code="size",
        )
    digest = storage.digest(upload.storage_key)
    if digest and digest != upload.sha256:
        raise Invalid(DAMAGED, code="damaged")
    return _media_type_of(upload.storage_key, storage)


def _media_type_of(key: str, storage: Storage) -> str:
    """By the object's first bytes. Raises Invalid, in words, if they are not those of a photo."""
    head = b"".join(storage.get(key, end=sniff.HEAD_BYTES))
    return sniff.sniff(head)


def _refuse(upload: Upload, reason: str, *, database: Database) -> None:
    with database.write() as connection:
        upload_rows.refuse_upload(connection, upload.id, reason)
        objects.discard_objects(connection, {upload.storage_key}, now=datetime.now(UTC))


def _check_quota(connection: Connection, reader: HashingReader, *, owner_id: int, settings: Settings) -> None:
    user_rows.lock_user(connection, owner_id)
    if photo_rows.find_photo_by_hash(connection, owner_id, reader.sha256) is None:
        free = _free_bytes(connection, owner_id, settings)
        if free is not None and reader.size_bytes > free:
            raise Invalid(_over_quota(free), code="quota")


def _photo_for(connection: Connection, upload: Upload, media_type: str) -> Photo:
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
    elif _arrived_damaged(photo):
        photo = photo_rows.replace_original(
            connection, photo.key, storage_key=upload.storage_key, media_type=media_type, now=now
        )
    if photo.storage_key != upload.storage_key:
        objects.discard_objects(connection, {upload.storage_key}, now=now)
    upload_rows.finish_upload(connection, upload.id, photo.id)
    return photo


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
