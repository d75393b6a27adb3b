"""Photos that are one picture: what is asked and answered."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from photos.backends.storage import Storage
from photos.services.duplicates import MOST_TOGETHER, Group
from photos.web.api.photo_shapes import PhotoShape, photo_shape
from photos.web.api.shapes import Cursor, Limit

PhotoId = Annotated[str, Meta(max_length=22)]
PhotoIds = Annotated[list[PhotoId], Meta(min_length=1, max_length=MOST_TOGETHER)]


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


def group_shape(group: Group, storage: Storage) -> GroupShape:
    """A group as it goes over the wire."""
    return GroupShape([photo_shape(photo, storage) for photo in group.photos])
