"""Photos of lists as the finished values that templates print: tiles, days, months.

Templates hold no logic beyond showing and hiding, and 60 tiles a page must cost little, so everything
that can be said once is said here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec
from flask import url_for
from markupsafe import Markup

from photos.backends.storage import Storage
from photos.db.engine import wall_from_micros
from photos.models import Photo, PhotoMark, Rendition
from photos.web.words import STATE_WORDS, alt_text, date_words

RATIO_STEP = 1.025
"""Tiles come in aspect ratios of 2.5 % steps (`static/css/ratios.css`), so at most 1.3 % of a side is cut."""
RATIO_STEPS = (-28, 44)
"""From 1:2 to about 3:1; what is longer is cut to that in lists, so that a tile can be hit with a thumb."""


class Tile(msgspec.Struct, frozen=True):
    """A photo in a list. `src` is empty until there is a picture to show."""

    id: str
    href: str
    name: str
    alt: str
    state: str
    state_words: str
    reason: str
    src: str
    width: int
    height: int
    ratio: int
    thumbhash: str
    is_favourite: bool
    days_left: int = 0
    """In the trash: days until it is deleted for good."""


class Day(msgspec.Struct, frozen=True):
    """The photos of one local day on one page of the timeline."""

    iso: str
    words: str
    place: str
    tiles: Markup
    count: int
    is_whole: bool
    """Whether no other page can hold more photos of this day."""


def tile(
    photo: Photo,
    storage: Storage,
    *,
    origin: Mapping[str, Any] | None = None,
    days_left: int = 0,
) -> Tile:
    """One tile; `origin` (`q` and `order`) lets the photo page lead on and back in a search."""
    rendition = _tile_rendition(photo)
    href = url_for("photo.show", photo_id=photo.id, **origin) if origin else f"/photos/{photo.id}"
    return Tile(
        id=photo.id,
        href=href,
        name=photo.name,
        alt=alt_text(photo),
        state=photo.state,
        state_words=STATE_WORDS[photo.state],
        reason=photo.reason,
        src=storage.url(rendition.key, media_type=rendition.media_type) if rendition else "",
        width=rendition.width if rendition else 4,
        height=rendition.height if rendition else 3,
        ratio=ratio_step(photo.width, photo.height),
        thumbhash=photo.thumbhash,
        is_favourite=photo.is_favourite,
        days_left=days_left,
    )


def ratio_step(width: int, height: int) -> int:
    """The number of the aspect-ratio class nearest to width / height; 4:3 while the size is unknown."""
    ratio = width / height if width and height else 4 / 3
    step = round(math.log(ratio) / math.log(RATIO_STEP))
    lowest, highest = RATIO_STEPS
    return max(lowest, min(highest, step)) - lowest


def _tile_rendition(photo: Photo) -> Rendition | None:
    by_kind = {rendition.kind: rendition for rendition in photo.renditions}
    # a panorama's medium picture is too low for a row
    is_long = photo.height > 0 and not 0.5 <= photo.width / photo.height <= 2.2
    order = ("large", "medium", "square") if is_long else ("medium", "large", "square")
    return next((by_kind[kind] for kind in order if kind in by_kind), None)


def months(
    photos: Sequence[PhotoMark], tiles: Mapping[int, Markup], *, is_first: bool, is_last: bool
) -> list[list[Day]]:
    """Group photos, already in order, by month and local day. `tiles` are by their keys."""
    all_days = _days(photos, tiles, is_first=is_first, is_last=is_last)
    return [list(group) for _, group in groupby(all_days, key=lambda day: day.iso[:7])]


def _days(
    photos: Sequence[PhotoMark], tiles: Mapping[int, Markup], *, is_first: bool, is_last: bool
) -> list[Day]:
    by_day = groupby(photos, key=lambda photo: wall_from_micros(photo.taken_micros).date())
    groups = [
        (day, group, [tiles[photo.key] for photo in group if photo.key in tiles])
        for day, group in ((day, list(photos)) for day, photos in by_day)
    ]
    return [
        Day(
            iso=day.isoformat(),
            words=date_words(day),
            place=_common_place(group),
            tiles=Markup("".join(shown)),  # nosec B704 # of Markup
            count=len(shown),
            is_whole=(index > 0 or is_first) and (index < len(groups) - 1 or is_last),
        )
        for index, (day, group, shown) in enumerate(groups)
    ]


def _common_place(photos: Iterable[PhotoMark]) -> str:
    names = Counter(photo.place_name for photo in photos if photo.place_name)
    return ", ".join(name for name, _ in names.most_common(2))
