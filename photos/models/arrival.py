"""Bytes on their way in, and what an object store says of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class UploadState(StrEnum):
    """How far bytes are that somebody sends."""

    OPEN = "open"
    COMPLETE = "complete"
    REFUSED = "refused"


class Upload(msgspec.Struct, frozen=True):
    """Bytes on their way in; not yet a photo."""

    id: str
    owner_id: int
    name: str
    size_bytes: int
    sha256: str
    storage_key: str
    multipart_id: str
    part_size: int
    state: UploadState
    photo_id: str
    """The photo it became; empty until complete."""
    reason: str
    created_at: datetime
    expires_at: datetime


class StoredObject(msgspec.Struct, frozen=True):
    """What an object store knows of one object."""

    key: str
    size_bytes: int
    etag: str
    media_type: str = ""
    modified_at: datetime | None = None
    """None where the answer does not say; a list does."""


class ObjectEvent(msgspec.Struct, frozen=True):
    """What a message says of one object of a bucket: a claim, to be compared with the object itself."""

    bucket: str
    key: str
    """Decoded."""
    is_new: bool
    """Whether it tells of an object that came; others tell that one went, or got other tags."""


class RefusedDrop(msgspec.Struct, frozen=True):
    """A file that lies in a person's dropbox and could not be taken. `etag` is that of what was refused."""

    id: str
    name: str
    etag: str
    reason: str
    refused_at: datetime


class StoredPart(msgspec.Struct, frozen=True):
    """One part of a multipart upload that has arrived. `number` starts at 1."""

    number: int
    size_bytes: int
    etag: str
