"""Uploads: bytes on their way in. `open` until they are a photo (`complete`) or are wrong (`refused`)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, delete, func, insert, select, update

from photos.db.engine import from_micros, to_micros
from photos.db.schema import upload
from photos.errors import NotFound
from photos.models import Upload, UploadState

LONGEST_REASON = 500
# Built once: to build a statement costs more than to run it.
_OF_OWNER = select(upload).where(upload.c.id == bindparam("id"), upload.c.owner_id == bindparam("owner"))
_FINISH = update(upload).where(upload.c.id == bindparam("of_upload"))


def add_upload(
    connection: Connection,
    *,
    id: str,
    owner_id: int,
    name: str,
    size_bytes: int,
    sha256: str,
    storage_key: str,
    part_size: int,
    now: datetime,
    expires_at: datetime,
    multipart_id: str = "",
) -> Upload:
    """A new open upload. `storage_key` is where the original will stand, also once it is a photo."""
    row = {
        "id": id,
        "owner_id": owner_id,
        "name": name,
        "size_bytes": size_bytes,
        "sha256": sha256,
        "storage_key": storage_key,
        "multipart_id": multipart_id,
        "part_size": part_size,
        "state": UploadState.OPEN,
        "photo_id": "",
        "reason": "",
        "created_at": to_micros(now),
        "expires_at": to_micros(expires_at),
    }
    connection.execute(insert(upload), row)
    return _get(connection, id)


def get_upload(connection: Connection, upload_id: str, *, owner_id: int) -> Upload:
    """One upload of this owner. Raises NotFound."""
    row = connection.execute(_OF_OWNER, {"id": upload_id, "owner": owner_id}).first()
    if row is None:
        raise NotFound("upload", upload_id)
    return _upload(row)


def is_complete(connection: Connection, upload_id: str) -> bool:
    """Whether the upload has become a photo."""
    return connection.scalar(select(upload.c.state).where(upload.c.id == upload_id)) == UploadState.COMPLETE


def find_open_upload(connection: Connection, owner_id: int, sha256: str) -> Upload | None:
    """The owner's unfinished upload of exactly these bytes, the newest if there are several."""
    row = connection.execute(
        select(upload)
        .where(upload.c.owner_id == owner_id, upload.c.sha256 == sha256, upload.c.state == UploadState.OPEN)
        .order_by(upload.c.created_at.desc(), upload.c.id)
        .limit(1)
    ).first()
    return None if row is None else _upload(row)


def find_refusal(connection: Connection, owner_id: int, sha256: str, *, but: str) -> str:
    """Why exactly these bytes were refused before, for any reason `but` one; empty if they never were."""
    statement = select(upload.c.reason).where(
        upload.c.owner_id == owner_id,
        upload.c.sha256 == sha256,
        upload.c.state == UploadState.REFUSED,
        upload.c.reason != but,
    )
    return connection.scalar(statement.limit(1)) or ""


def set_multipart_id(connection: Connection, upload_id: str, multipart_id: str, *, instead_of: str) -> Upload:
    """Name the store's multipart upload, unless another request named one since; returns what holds now.

    Raises NotFound.
    """
    connection.execute(
        update(upload)
        .where(upload.c.id == upload_id, upload.c.multipart_id == instead_of)
        .values(multipart_id=multipart_id)
    )
    return _get(connection, upload_id)


def finish_upload(connection: Connection, upload_id: str, photo_id: str) -> None:
    """The upload is this photo now; a second time changes nothing."""
    connection.execute(_FINISH, {"of_upload": upload_id, "state": UploadState.COMPLETE, "photo_id": photo_id})


def refuse_upload(connection: Connection, upload_id: str, reason: str) -> None:
    """What arrived is not what was promised; `reason` is for people."""
    connection.execute(
        update(upload)
        .where(upload.c.id == upload_id, upload.c.state == UploadState.OPEN)
        .values(state=UploadState.REFUSED, reason=reason[:LONGEST_REASON])
    )


def delete_upload(connection: Connection, upload_id: str) -> None:
    """Forget an upload; without effect if it is gone."""
    connection.execute(delete(upload).where(upload.c.id == upload_id))


def list_expired_uploads(connection: Connection, now: datetime, limit: int) -> list[Upload]:
    """Open uploads of all owners whose time is over, longest over first."""
    statement = (
        select(upload)
        .where(upload.c.state == UploadState.OPEN, upload.c.expires_at <= to_micros(now))
        .order_by(upload.c.expires_at)
        .limit(limit)
    )
    return [_upload(row) for row in connection.execute(statement)]


def list_open_keys(connection: Connection) -> list[str]:
    """Storage keys of unfinished uploads: their objects may or may not exist yet."""
    return list(connection.scalars(select(upload.c.storage_key).where(upload.c.state == UploadState.OPEN)))


def forget_finished_uploads(connection: Connection, now: datetime) -> int:
    """Delete rows of complete and refused uploads whose time is over; returns how many."""
    return sum(
        connection.execute(
            delete(upload).where(upload.c.state == state, upload.c.expires_at <= to_micros(now))
        ).rowcount
        for state in (UploadState.COMPLETE, UploadState.REFUSED)
    )


def reserved_bytes(connection: Connection, owner_id: int) -> int:
    """Bytes promised by the owner's open uploads."""
    total = connection.scalar(
        select(func.sum(upload.c.size_bytes)).where(
            upload.c.owner_id == owner_id, upload.c.state == UploadState.OPEN
        )
    )
    return int(total or 0)


def _get(connection: Connection, upload_id: str) -> Upload:
    row = connection.execute(select(upload).where(upload.c.id == upload_id)).first()
    if row is None:
        raise NotFound("upload", upload_id)
    return _upload(row)


def _upload(row: Row[Any]) -> Upload:
    return Upload(
        id=row.id,
        owner_id=row.owner_id,
        name=row.name,
        size_bytes=row.size_bytes,
        sha256=row.sha256,
        storage_key=row.storage_key,
        multipart_id=row.multipart_id,
        part_size=row.part_size,
        state=UploadState(row.state),
        photo_id=row.photo_id,
        reason=row.reason,
        created_at=from_micros(row.created_at),
        expires_at=from_micros(row.expires_at),
    )
