"""Bytes on their way in: offered by hash, sent in parts, verified, and only then a photo.

Order that makes kill -9 harmless: bytes durable, then the row, then the job after the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from photos.backends.jobs import Jobs
from photos.backends.storage import Storage
from photos.config import Settings
from photos.db import objects
from photos.db import photos as photo_rows
from photos.db import uploads as upload_rows
from photos.db import users as user_rows
from photos.db.engine import Database, repeated
from photos.errors import Conflict, Invalid, NotFound
from photos.ids import new_id
from photos.models import Photo, PhotoState, StoredPart, Upload, UploadState, User
from photos.services.arrival import (
    DAMAGED,
    Offer,
    PartUrl,
    arrived_damaged,
    forget,
    free_bytes,
    media_type_of,
    new_key,
    over_quota,
    photo_for,
    take_turn,
)
from photos.services.hints import hint
from photos.services.promises import OfferedFile, check_promise, clean_name, expected_parts, part_size_for

MAX_OFFERED = 100


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
    return {twin.sha256: _known(twin) for twin in twins if not arrived_damaged(twin)}


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
        if twin is not None and not arrived_damaged(twin):
            return _known(twin)
        before = upload_rows.find_refusal(connection, owner.id, file.sha256, but=DAMAGED)
        if before:
            return Offer("refused", reason=before, code="refused")
        upload = upload_rows.find_open_upload(connection, owner.id, file.sha256)
        if upload is None:
            free = free_bytes(connection, owner.id, settings)
            if free is not None and file.size_bytes > free:
                return Offer("refused", reason=over_quota(free), code="quota")
            take_turn(connection, owner, settings, now)
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
    if upload.state is not UploadState.OPEN:
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
        if upload.state is UploadState.COMPLETE:
            return photo_rows.get_photo(connection, upload.photo_id, owner_id=owner.id)
    if upload.state is UploadState.REFUSED:
        raise Invalid(upload.reason, code="refused")
    _join(upload, storage)
    try:
        media_type = _check_arrived(upload, storage)
    except Invalid as refusal:
        _refuse(upload, refusal.reason, database=database)
        raise
    try:
        with database.write() as connection:
            photo = photo_for(connection, upload, media_type)
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


def _known(twin: Photo) -> Offer:
    if twin.state is PhotoState.REFUSED:
        return Offer("refused", photo=twin, reason=twin.reason, code="refused")
    return Offer("known", photo=twin)


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
    return media_type_of(upload.storage_key, storage)


def _refuse(upload: Upload, reason: str, *, database: Database) -> None:
    with database.write() as connection:
        upload_rows.refuse_upload(connection, upload.id, reason)
        objects.discard_objects(connection, {upload.storage_key}, now=datetime.now(UTC))
