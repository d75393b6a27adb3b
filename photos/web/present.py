"""From models to the finished values that templates print: words, addresses, sizes.

Templates hold no logic beyond showing and hiding, and 60 tiles a page must cost little, so everything
that can be said once is said here.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from textwrap import shorten
from typing import Any

from flask import url_for
from markupsafe import Markup

from photos.backends.storage import Storage
from photos.db.engine import wall_from_micros
from photos.models import (
    Box,
    Camera,
    Photo,
    PhotoMark,
    PhotoState,
    PhotoSummary,
    Reason,
    Rendition,
    Shelf,
    TakenSource,
    Verdict,
)
from photos.services.promises import size_words

RATIO_STEP = 1.025
"""Tiles come in aspect ratios of 2.5 % steps (`static/css/ratios.css`), so at most 1.3 % of a side is cut."""
RATIO_STEPS = (-28, 44)
"""From 1:2 to about 3:1; what is longer is cut to that in lists, so that a tile can be hit with a thumb."""

TITLE_LENGTH = 80

BROWSER_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif"})
MOST_BROWSER_PIXELS = 60_000_000
"""Larger pictures take a phone's browser more memory than it has."""

STATE_WORDS = {
    PhotoState.NEW: "Waiting",
    PhotoState.PROCESSING: "Working",
    PhotoState.READY: "Ready",
    PhotoState.REFUSED: "Refused",
}
MEDIA_WORDS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WebP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
    "image/heic": "HEIC",
    "image/heif": "HEIF",
}


@dataclass(frozen=True, slots=True)
class Tile:
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


@dataclass(frozen=True, slots=True)
class Day:
    """The photos of one local day on one page of the timeline."""

    iso: str
    words: str
    place: str
    tiles: Markup
    count: int
    is_whole: bool
    """Whether no other page can hold more photos of this day."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A label as the photo page shows it. `boxes` are x, y, width and height as fractions."""

    name: str
    percent: int
    boxes: tuple[tuple[str, str, str, str], ...]
    is_suggestion: bool
    is_kept: bool
    is_rejected: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """The large picture with its smaller twins."""

    src: str
    srcset: str
    width: int
    height: int
    thumbhash: str
    alt: str


@dataclass(frozen=True, slots=True)
class PhotoFacts:
    """The words of the photo page; what is empty is not shown."""

    taken: str
    taken_iso: str
    taken_note: str
    place: str
    position: str
    camera: str
    lens: str
    exposure: str
    size: str
    dimensions: str
    megapixels: str
    kind: str
    uploaded: str


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


def alt_text(photo: Photo) -> str:
    """What a screen reader says for the picture: the description, else what is in it, else its name."""
    if photo.description:
        return photo.description
    seen = [label.name for label in photo.labels if label.verdict is not Verdict.REJECTED][:3]
    when = f"{photo.taken_local.day} {photo.taken_local:%B %Y}"
    return f"{', '.join(seen)}, {when}" if seen else f"{photo.name}, {when}"


def summary_words(photo: PhotoSummary) -> str:
    """What a screen reader says for a tile: what it shows, the day, the place."""
    seen = photo.description or ", ".join(photo.labels) or photo.name
    when = f"{photo.taken_local.day} {photo.taken_local:%B %Y}"
    return ", ".join(word for word in (seen, when, photo.place_name) if word)


def title(photo: Photo) -> str:
    """The first line of the description, cut to what a tab can show, else the name of the file."""
    first_line = photo.description.partition("\n")[0].strip()
    return shorten(first_line, TITLE_LENGTH, placeholder="…") if first_line else photo.name


@lru_cache(4096)
def date_words(day: date) -> str:
    """`Saturday 15 June 2024`."""
    return f"{day:%A} {day.day} {day:%B} {day.year}"


def taken_words(photo: Photo) -> tuple[str, str]:
    """When it was taken by the clock on the wall there, and how far that is to be trusted."""
    taken = photo.taken_local
    when = f"{date_words(taken.date())}, {taken:%H:%M}"
    if photo.taken_source is TakenSource.UPLOAD:
        return when, "No date in the file: this is the time of upload."
    is_by_person = photo.taken_source is TakenSource.PERSON
    if photo.offset_minutes is None:
        if is_by_person:
            return when, "Set by you, without a time zone."
        return when, "By the camera's clock; the file does not say in which time zone."
    by = "Set by you." if is_by_person else "Read from the file."
    return when, f"Local time there, {offset_words(photo.offset_minutes)}. {by}"


def offset_words(minutes: int) -> str:
    """`UTC+1`, `UTC−3:30`, `UTC`."""
    if minutes == 0:
        return "UTC"
    sign = "+" if minutes > 0 else "−"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{sign}{hours}:{rest:02}" if rest else f"UTC{sign}{hours}"


def count_words(count: int, one: str, many: str) -> str:
    """`1 photo`, `12,430 photos`."""
    return f"{count:,} {one if count == 1 else many}"


def exposure_words(camera: Camera) -> str:
    """`f/2.8 · 1/250 s · ISO 200 · 35 mm`; empty if the file says nothing."""
    parts = []
    if camera.f_number:
        parts.append(f"f/{camera.f_number:g}")
    if camera.exposure_seconds:
        seconds = camera.exposure_seconds
        parts.append(f"1/{round(1 / seconds)} s" if seconds < 0.3 else f"{seconds:g} s")
    if camera.iso:
        parts.append(f"ISO {camera.iso}")
    if camera.focal_length_mm:
        parts.append(f"{camera.focal_length_mm:g} mm")
    return " · ".join(parts)


def camera_words(camera: Camera) -> str:
    """Make and model, without the make said twice."""
    make, model = camera.make.strip(), camera.model.strip()
    return model if model.lower().startswith(make.lower()) else f"{make} {model}".strip()


def place_words(photo: Photo) -> str:
    """`Lisbon, Lisbon District, Portugal`, without repetitions."""
    if photo.place is None:
        return ""
    names = (photo.place.name, photo.place.region, photo.place.country)
    return ", ".join(dict.fromkeys(name for name in names if name))


def label_rows(photo: Photo, *, suggestion_below: int) -> list[LabelRow]:
    """Kept and sure labels first, then suggestions, then what a person has rejected."""
    rows = [
        LabelRow(
            name=label.name,
            percent=round(label.confidence),
            boxes=tuple(_box_numbers(box) for box in label.boxes),
            is_suggestion=label.verdict is None and label.confidence < suggestion_below,
            is_kept=label.verdict is Verdict.KEPT,
            is_rejected=label.verdict is Verdict.REJECTED,
        )
        for label in photo.labels
    ]
    return sorted(rows, key=lambda row: (row.is_rejected, row.is_suggestion))


def _box_numbers(box: Box) -> tuple[str, str, str, str]:
    return f"{box.left:.4f}", f"{box.top:.4f}", f"{box.width:.4f}", f"{box.height:.4f}"


def text_rows(photo: Photo) -> list[tuple[str, tuple[str, str, str, str]]]:
    """Lines read in the picture, each with its box."""
    return [(line.text, _box_numbers(line.box)) for line in photo.text]


def reason_words(reason: Reason) -> str:
    """`label dog 93 %`, `text "no parking"`."""
    if reason.kind == "label" and reason.confidence is not None:
        return f"label {reason.value} {round(reason.confidence)} %"
    if reason.kind == "like":
        return f"{reason.value} alike"
    if reason.kind in {"text", "description"}:
        return f"{reason.kind} “{reason.value}”"
    return reason.value if reason.kind == "filter" else f"{reason.kind} {reason.value}"


def whereabouts(photo: Photo) -> str:
    """Where a photo is, if that is not the timeline."""
    return {Shelf.TRASH: "in the trash", Shelf.ARCHIVE: "in the archive", Shelf.REFUSED: "refused"}.get(
        photo.shelf, ""
    )


def days_left(photo: Photo, *, trash_days: int, now: datetime | None = None) -> int:
    """Days until the trash deletes it for good, a begun one counted whole; at least 0."""
    if photo.trashed_at is None:
        return trash_days
    left = photo.trashed_at + timedelta(days=trash_days) - (now or datetime.now(UTC))
    return max(0, -(-left // timedelta(days=1)))


def picture(photo: Photo, storage: Storage) -> Picture | None:
    """The picture of the photo page; None until there is one."""
    shown = sorted(
        (rendition for rendition in photo.renditions if rendition.kind != "square"),
        key=lambda rendition: rendition.width,
    )
    if not shown:
        return None
    urls = [(storage.url(item.key, media_type=item.media_type), item.width) for item in shown]
    largest = shown[-1]
    return Picture(
        src=urls[-1][0],
        srcset=", ".join(f"{url} {width}w" for url, width in urls),
        width=largest.width,
        height=largest.height,
        thumbhash=photo.thumbhash,
        alt=alt_text(photo),
    )


def kind_words(photo: Photo) -> str:
    """`JPEG`, by the first bytes of the file and never by its name."""
    return MEDIA_WORDS.get(photo.media_type, "File")


def is_shown_by_browsers(photo: Photo) -> bool:
    """Whether a browser can show the original itself, for whoever looks closer than renditions reach."""
    return photo.media_type in BROWSER_TYPES and 0 < photo.width * photo.height <= MOST_BROWSER_PIXELS


def photo_facts(photo: Photo) -> PhotoFacts:
    """Everything the panel says about a photo that needs words."""
    when, when_note = taken_words(photo)
    position = photo.position
    megapixels = photo.width * photo.height / 1e6
    return PhotoFacts(
        taken=when,
        taken_iso=photo.taken_local.isoformat(timespec="seconds"),
        taken_note=when_note,
        place=place_words(photo),
        position=f"{position.latitude:.5f}, {position.longitude:.5f}" if position else "",
        camera=camera_words(photo.camera),
        lens=photo.camera.lens,
        exposure=exposure_words(photo.camera),
        size=size_words(photo.size_bytes),
        dimensions=f"{photo.width:,} × {photo.height:,}" if photo.width else "",
        megapixels=f"{megapixels:.1f} megapixels" if megapixels >= 0.05 else "",
        kind=kind_words(photo),
        uploaded=f"{date_words(photo.created_at.date())}, {photo.created_at:%H:%M} UTC",
    )


def moment_words(instant: datetime) -> str:
    """`21 November 2026, 04:20 UTC`."""
    return f"{instant.day} {instant:%B %Y}, {instant:%H:%M} UTC"
