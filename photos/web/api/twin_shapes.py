"""Pictures that are the same: what is asked and answered."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from photos.backends.storage import Storage
from photos.services.duplicates import MOST_TOGETHER, Group
from photos.services.twins import Twin
from photos.web.api.photo_shapes import PhotoShape, photo_shape
from photos.web.api.shapes import Cursor, Limit

PhotoId = Annotated[str, Meta(max_length=22)]
PhotoIds = Annotated[list[PhotoId], Meta(min_length=1, max_length=MOST_TOGETHER)]


class TwinQuery(Struct):
    """What is known of the picture before it is sent."""

    sha256: Annotated[str, Meta(pattern="^([0-9a-f]{64})?$")] = ""


class TwinShape(Struct):
    """A photo that looks like the picture; `distance` is 0-47 of 256 bits."""

    photo: PhotoShape
    distance: int
    certainty: Literal["same", "sure", "possible"]


class TwinList(Struct):
    """Photos that look like the picture, nearest first; never more than 50."""

    items: list[TwinShape]
    next: str | None = None


class GroupQuery(Struct):
    """Which page of groups."""

    limit: Limit = 20
    cursor: Cursor | None = None


class GroupShape(Struct):
    """Photos that are one picture, best first: most pixels, then most bytes, then the first that came."""

    photos: list[PhotoShape]


class GroupPage(Struct):
    """One page of groups."""

    items: list[GroupShape]
    next: str | None


class MergeRequest(Struct, forbid_unknown_fields=True):
    """The photo to keep, and its copies for the trash."""

    keep: PhotoId
    others: PhotoIds


class ApartRequest(Struct, forbid_unknown_fields=True):
    """Photos that are different pictures."""

    photos: PhotoIds


def twin_shape(twin: Twin, storage: Storage) -> TwinShape:
    """A photo that looks like what was asked for."""
    return TwinShape(photo_shape(twin.photo, storage), twin.distance, twin.certainty.value)


def group_shape(group: Group, storage: Storage) -> GroupShape:
    """A group as it goes over the wire."""
    return GroupShape([photo_shape(photo, storage) for photo in group.photos])
