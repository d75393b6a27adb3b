"""The photo page's picture, labels and facts, as the finished values that its template prints."""

from __future__ import annotations

import msgspec

from photos.backends.storage import Storage
from photos.models import Box, Photo, Verdict
from photos.services.promises import size_words
from photos.web.words import (
    alt_text,
    camera_words,
    date_words,
    exposure_words,
    kind_words,
    place_words,
    taken_words,
)

BROWSER_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/avif"})
MOST_BROWSER_PIXELS = 60_000_000
"""Larger pictures take a phone's browser more memory than it has."""


class LabelRow(msgspec.Struct, frozen=True):
    """A label as the photo page shows it. `boxes` are x, y, width and height as fractions."""

    name: str
    percent: int
    boxes: tuple[tuple[str, str, str, str], ...]
    is_suggestion: bool
    is_kept: bool
    is_rejected: bool


class Picture(msgspec.Struct, frozen=True):
    """The large picture with its smaller twins."""

    src: str
    srcset: str
    width: int
    height: int
    thumbhash: str
    alt: str


class PhotoFacts(msgspec.Struct, frozen=True):
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
