"""Do I have this picture: what is asked and answered."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from photos.backends.storage import Storage
from photos.services.lookup import Copy
from photos.web.api.photo_shapes import PhotoShape, photo_shape


class LookupQuery(Struct):
    """What is known of the picture before it is sent."""

    sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class CopyShape(Struct):
    """A photo that looks like the picture; `distance` is 0-47 of 256 bits."""

    photo: PhotoShape
    distance: int
    certainty: Literal["same", "sure", "possible"]


class CopyList(Struct):
    """Photos that look like the picture, nearest first; never more than 50."""

    items: list[CopyShape]
    next: str | None = None


def copy_shape(copy: Copy, storage: Storage) -> CopyShape:
    """A photo that looks like what was asked for."""
    return CopyShape(photo_shape(copy.photo, storage), copy.distance, copy.certainty.value)
