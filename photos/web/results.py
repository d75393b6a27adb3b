"""What a search found, as its page shows it: tiles with the reasons in words, and where the labels are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from photos.backends.storage import Storage
from photos.models import Box, Photo, Reason
from photos.services.search import Match
from photos.web import present
from photos.web.words import reason_words

MOST_REASONS = 3
MOST_BOXES = 20
_SAME_SHAPE = 0.02
"""Renditions are rounded to whole pixels; a square cut of a photo is farther off than this."""


class Result(msgspec.Struct, frozen=True):
    """One hit. `boxes` are x, y, width and height in the pixels of the tile's picture."""

    tile: present.Tile
    reasons: tuple[str, ...]
    boxes: tuple[tuple[str, str, str, str], ...]


def result(match: Match, storage: Storage, origin: Mapping[str, str]) -> Result:
    """A hit whose photo page leads on among the hits of `origin` (`q` and `order`)."""
    tile = present.tile(match.photo, storage, origin=origin)
    return Result(
        tile=tile,
        reasons=tuple(_words(match.reasons[:MOST_REASONS])),
        boxes=_boxes(match, tile),
    )


def _words(reasons: Iterable[Reason]) -> Iterator[str]:
    """Each reason in words; before it the other word that it owes itself to, once."""
    said = set()
    for reason in reasons:
        if reason.because and reason.because not in said:
            said.add(reason.because)
            yield reason.because
        yield reason_words(reason)


def _boxes(match: Match, tile: present.Tile) -> tuple[tuple[str, str, str, str], ...]:
    """Boxes of the labels it was found by; none on a picture that does not show the whole photo."""
    if not _is_whole(match.photo, tile):
        return ()
    named = {reason.value for reason in match.reasons if reason.kind == "label"}
    boxes = [box for label in match.photo.labels if label.name in named for box in label.boxes]
    return tuple(_in_pixels(box, tile) for box in boxes[:MOST_BOXES])


def _is_whole(photo: Photo, tile: present.Tile) -> bool:
    if not (tile.src and photo.width and photo.height):
        return False
    return abs(tile.width * photo.height / (tile.height * photo.width) - 1) < _SAME_SHAPE


def _in_pixels(box: Box, tile: present.Tile) -> tuple[str, str, str, str]:
    numbers = (
        box.left * tile.width,
        box.top * tile.height,
        box.width * tile.width,
        box.height * tile.height,
    )
    left, top, width, height = (f"{number:.0f}" for number in numbers)
    return left, top, width, height
