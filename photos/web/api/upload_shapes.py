"""What is offered, sent and answered on a photo's way in."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from photos.models import Upload
from photos.services.arrival import Offer, PartUrl
from photos.services.promises import OfferedFile
from photos.services.uploads import MAX_OFFERED


class FileShape(Struct, forbid_unknown_fields=True):
    """A file that a client has: what it is called, bytes, declared media type, SHA-256 in hex."""

    name: Annotated[str, Meta(min_length=1, max_length=1000)]
    size: Annotated[int, Meta(ge=0, le=2**53)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    type: Annotated[str, Meta(max_length=200)] = ""


class OfferRequest(Struct, forbid_unknown_fields=True):
    """Files that a client would like to send."""

    files: Annotated[list[FileShape], Meta(min_length=1, max_length=MAX_OFFERED)]


class PartShape(Struct):
    """One part to send: PUT exactly `size` bytes to `url`."""

    number: int
    url: str
    size: int


class OfferShape(Struct):
    """`known`: it is photo `photo_id`. `refused`: `reason` says why. `send`: send the parts."""

    status: Literal["known", "refused", "send"]
    photo_id: str
    in_trash: bool
    reason: str
    code: str
    upload_id: str
    part_size: int
    parts: list[PartShape]


class OfferList(Struct):
    """One answer for each file, in the order asked."""

    files: list[OfferShape]


class UploadShape(Struct):
    """`open` with the parts still missing, `complete` with its photo, or `refused` with a reason."""

    id: str
    name: str
    size: int
    state: Literal["open", "complete", "refused"]
    photo_id: str
    reason: str
    part_size: int
    parts: list[PartShape]
    expires_at: str


def offer_shape(offer: Offer) -> OfferShape:
    """The answer to one offered file."""
    photo, upload = offer.photo, offer.upload
    return OfferShape(
        status=offer.status,
        photo_id=photo.id if photo else "",
        in_trash=photo is not None and photo.trashed_at is not None,
        reason=offer.reason,
        code=offer.code,
        upload_id=upload.id if upload else "",
        part_size=upload.part_size if upload else 0,
        parts=parts_shape(offer.parts),
    )


def upload_shape(upload: Upload, parts: tuple[PartUrl, ...]) -> UploadShape:
    """An upload and what it still needs."""
    return UploadShape(
        id=upload.id,
        name=upload.name,
        size=upload.size_bytes,
        state=upload.state.value,
        photo_id=upload.photo_id,
        reason=upload.reason,
        part_size=upload.part_size,
        parts=parts_shape(parts),
        expires_at=upload.expires_at.isoformat(),
    )


def parts_shape(parts: tuple[PartUrl, ...]) -> list[PartShape]:
    """Parts to send."""
    return [PartShape(part.number, part.url, part.size_bytes) for part in parts]


def offered_file(file: FileShape) -> OfferedFile:
    """A file as the service takes it."""
    return OfferedFile(file.name, file.size, file.sha256, file.type)
