"""Opens a picture for decoding: allow-list, header checks, and what each failure means to its owner."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import pillow_heif
from PIL import AvifImagePlugin, Image, UnidentifiedImageError
from PIL.ImageFile import ImageFile

from photos.errors import Invalid
from photos.imaging.limits import Limits
from photos.imaging.scans import count_scans

FORMATS = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/gif": "GIF",
    "image/webp": "WEBP",
    "image/tiff": "TIFF",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
}

SEQUENCES = frozenset({"image/png", "image/gif", "image/webp", "image/tiff", "image/avif", "image/heic"})
"""Formats whose files may be films or stacks. A JPEG of several pictures is one photo and its helpers."""


def prepare() -> None:
    """Load and set up every decoder. Once in a process, before it gives up the right to open files."""
    Image.preinit()
    Image.init()
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    # One photo is one core's work; decoders side by side use the others.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    # Our own limits are checked on the header, before pixels.
    Image.MAX_IMAGE_PIXELS = None
    warnings.simplefilter("ignore")


@contextmanager
def opened(file: BinaryIO, media_type: str, limits: Limits) -> Iterator[tuple[ImageFile, int]]:
    """(picture, number of frames) of a file within the limits, with its header read and no pixel decoded.

    Raises Invalid for a file that is too large, and whatever Pillow raises for one that it cannot read.
    """
    with Image.open(file, formats=(FORMATS[media_type],)) as picture:
        _check_size(picture.width, picture.height, limits)
        if media_type == "image/jpeg":
            _check_scans(file, limits)
        frames = getattr(picture, "n_frames", 1) if media_type in SEQUENCES else 1
        if frames > limits.frames:
            raise Invalid(
                f"This file holds {frames:,} pictures; we take up to {limits.frames:,}. Send a single photo.",
                code="too_many_frames",
            )
        yield picture, frames


@contextmanager
def plain_reasons() -> Iterator[None]:
    """Turn everything decoders raise into Invalid. They raise a dozen classes, some by accident."""
    try:
        yield
    except Invalid:
        raise
    except MemoryError as error:
        raise too_much_memory() from error
    except UnidentifiedImageError as error:
        raise Invalid(
            "This picture cannot be read: its beginning is damaged. Send it again from where it opens.",
            code="damaged",
        ) from error
    except Exception as error:
        raise Invalid(
            "This picture is damaged or cut off, so part of it is missing. "
            "Send it again from where it is whole.",
            code="damaged",
        ) from error


def too_much_memory() -> Invalid:
    """What to tell about a picture that does not fit into a decoder."""
    return Invalid(
        "This picture needs more memory than we give to one photo. Send it smaller, or as JPEG.",
        code="too_much_memory",
    )


def _check_size(width: int, height: int, limits: Limits) -> None:
    if width < 1 or height < 1:
        raise Invalid("This picture has no pixels. Send it again from where it opens.", code="damaged")
    if width > limits.side or height > limits.side:
        raise Invalid(
            f"This picture is {width:,} x {height:,} pixels; no side may be longer than {limits.side:,}. "
            "Send it smaller.",
            code="side_too_long",
        )
    if width * height > limits.pixels:
        megapixels = limits.pixels / 1e6
        raise Invalid(
            f"This picture is larger than {megapixels:,.0f} megapixels. Send it smaller.",
            code="too_many_pixels",
        )


def _check_scans(file: BinaryIO, limits: Limits) -> None:
    if count_scans(file, most=limits.scans) > limits.scans:
        raise Invalid(
            f"This JPEG is built of more than {limits.scans:,} passes. Export it again and send that.",
            code="too_many_scans",
        )
