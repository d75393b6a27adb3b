"""The three sizes we show, by the cheapest recipe that keeps them good.

JPEG is decoded at 1/2, 1/4 or 1/8 where that still covers the largest rendition. Each rendition is made from
the one before, and turned upright when it is small. Nothing is ever scaled up.
"""

from __future__ import annotations

import io

import msgspec
from PIL import Image
from PIL.ImageFile import ImageFile

from photos.imaging import colour
from photos.models import DevelopedRendition

LARGE, MEDIUM, SQUARE = 1600, 512, 256
QUALITY = 80
MEDIA_TYPE = "image/jpeg"

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What makes a picture with this EXIF orientation upright."""
SIDEWAYS = frozenset({5, 6, 7, 8})

CLOCKWISE = {
    90: Image.Transpose.ROTATE_270,
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}
"""What turns a picture clockwise by so many degrees."""

Size = tuple[int, int]


class Views(msgspec.Struct, frozen=True):
    """The renditions as upright sRGB pictures."""

    large: Image.Image
    medium: Image.Image
    square: Image.Image


def fitted(size: Size, longest: int) -> Size:
    """`size` scaled down so that no side exceeds `longest`; never up, no side below one pixel."""
    width, height = size
    scale = min(1.0, longest / max(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


def square_side(size: Size) -> int:
    """Side of the square cut from the middle: `SQUARE`, or the shorter side where that is less."""
    return min(SQUARE, *size)


def load_small(picture: ImageFile) -> Image.Image:
    """Decode the first frame, at the smallest scale that still gives every rendition in full.

    Raises whatever Pillow raises for a damaged file.
    """
    width, height = picture.size
    large = fitted(picture.size, LARGE)
    # A strip's large rendition may be narrower than the square, which then decides how much we need.
    scale = max(large[0] / width, large[1] / height, square_side(picture.size) / min(width, height))
    picture.draft(None, (min(width, round(width * scale)), min(height, round(height * scale))))
    picture.load()
    return picture


def make_views(source: Image.Image, full: Size, orientation: int, profile: bytes) -> Views:
    """The views of a loaded picture. `full` is its size as stored, `source` may be smaller."""
    base = colour.scalable(source)
    large = colour.srgb(_resized(base, fitted(full, LARGE)), profile)
    medium = _resized(large, fitted(full, MEDIUM))
    side = square_side(full)
    sharp_enough = next((view for view in (medium, large) if min(view.size) >= side), None)
    if sharp_enough is not None:
        square = _resized(_middle(sharp_enough), (side, side))
    else:
        square = colour.srgb(_resized(_middle(base), (side, side)), profile)
    return Views(*(_upright(view, orientation) for view in (large, medium, square)))


def turned(views: Views, degrees: int) -> Views:
    """The views as a person wants to see them: clockwise by 0, 90, 180 or 270 `degrees`, without loss."""
    if degrees not in CLOCKWISE:
        return views
    return Views(*(view.transpose(CLOCKWISE[degrees]) for view in (views.large, views.medium, views.square)))


def encode(kind: str, view: Image.Image) -> DevelopedRendition:
    """A view as JPEG. It carries pixels and nothing else: views have no metadata left to write."""
    out = io.BytesIO()
    view.save(out, "JPEG", quality=QUALITY)
    return DevelopedRendition(kind, view.width, view.height, MEDIA_TYPE, out.getvalue())


def upright_size(size: Size, orientation: int, degrees: int = 0) -> Size:
    """Width and height after turning, first by the file's orientation, then by a person's `degrees`."""
    is_sideways = (orientation in SIDEWAYS) != (degrees in {90, 270})
    return (size[1], size[0]) if is_sideways else size


def _resized(picture: Image.Image, size: Size) -> Image.Image:
    if picture.size == size:
        return picture
    return picture.resize(size, Image.Resampling.BICUBIC, reducing_gap=1.5)


def _middle(picture: Image.Image) -> Image.Image:
    """The largest square in the middle."""
    side = min(picture.size)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def _upright(view: Image.Image, orientation: int) -> Image.Image:
    return view.transpose(TURNS[orientation]) if orientation in TURNS else view
