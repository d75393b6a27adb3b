"""What the grid of a large library goes by: counts first, then the tiles of what is in sight."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from photos.backends.storage import Storage
from photos.models import PhotoState, PhotoSummary
from photos.web.api.shapes import Cursor
from photos.web.words import STATE_WORDS, summary_words

GridShelf = Literal["timeline", "archive", "trash"]


class TimelineQuery(Struct):
    """Which shelf."""

    shelf: GridShelf = "timeline"


class ChunksQuery(TimelineQuery):
    """Which shelf, and how many of the month's newest tiles shall come along."""

    tiles: Annotated[int, Meta(ge=0, le=500)] = 0


class MonthCount(Struct, array_like=True):
    """A month as `2024-06`, and how many photos it has."""

    month: str
    count: int


class TimelineShape(Struct):
    """A whole shelf, newest month first. Months without photos are left out."""

    total: int
    months: list[MonthCount]


class ChunkShape(Struct, array_like=True):
    """A cursor that stands before the chunk's newest photo, how many photos it has, and a day: none of them
    is older."""

    cursor: str
    count: int
    day: str


class MonthPhotosQuery(Struct):
    """A range of a month: from `cursor`, or its newest photo, down to `until`, or its end."""

    shelf: GridShelf = "timeline"
    cursor: Cursor | None = None
    until: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=1000)] = 500


class TileShape(Struct, omit_defaults=True):
    """A photo as a grid shows it; what is absent is empty, false or not there yet.

    `day` is the photo's own local day, `alt` names it in words, `place` where it was taken. `large` and
    `medium` are signed URLs of pictures that fit into 1600 and 512 pixels.
    """

    id: str
    revision: int
    state: Literal["new", "processing", "ready", "refused"]
    day: str
    alt: str
    place: str = ""
    width: int = 0
    height: int = 0
    thumbhash: str = ""
    large: str | None = None
    medium: str | None = None
    is_favourite: bool = False
    rating: int | None = None
    state_words: str = ""
    reason: str = ""


class TileList(Struct):
    """Tiles of one range, newest first; `next` is the cursor of what is left of it."""

    items: list[TileShape]
    next: str | None


class MonthShape(Struct, omit_defaults=True):
    """One month in chunks of at most a few hundred photos, newest first.

    A chunk goes on until the next one's cursor. `items` are the newest tiles, if some were asked for, and
    `next` is the cursor of what follows them.
    """

    month: str
    count: int
    chunks: list[ChunkShape]
    items: list[TileShape] = []
    next: str | None = None


def tile_shape(photo: PhotoSummary, storage: Storage) -> TileShape:
    """A tile as the API shows it."""
    urls = {each.kind: storage.url(each.key, media_type=each.media_type) for each in photo.renditions}
    return TileShape(
        id=photo.id,
        revision=photo.revision,
        state=photo.state.value,
        day=photo.taken_local.date().isoformat(),
        alt=summary_words(photo),
        place=photo.place_name,
        width=photo.width,
        height=photo.height,
        thumbhash=photo.thumbhash,
        large=urls.get("large"),
        medium=urls.get("medium"),
        is_favourite=photo.is_favourite,
        rating=photo.rating,
        state_words="" if photo.state is PhotoState.READY else STATE_WORDS[photo.state],
        reason=photo.reason,
    )
