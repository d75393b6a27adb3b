"""The recipes of others that ours are measured against."""

from __future__ import annotations

import os

os.environ["VIPS_CONCURRENCY"] = "1"  # read once, when the library is loaded

import pyvips

from photos.imaging.renditions import LARGE, MEDIUM, QUALITY, SQUARE

pyvips.cache_set_max(0)


def vips_pyramid(body: bytes) -> list[bytes]:
    """Our three renditions by libvips: each made from the one before, upright, one thread, no cache."""
    large = pyvips.Image.thumbnail_buffer(body, LARGE, height=LARGE, size="down").copy_memory()
    medium = large.thumbnail_image(MEDIUM, height=MEDIUM, size="down").copy_memory()
    square = medium.thumbnail_image(SQUARE, height=SQUARE, crop="centre")
    return [view.jpegsave_buffer(Q=QUALITY, keep="none") for view in (large, medium, square)]


def vips_version() -> str:
    """For the report."""
    number = ".".join(str(pyvips.version(part)) for part in range(3))
    return f"libvips {number} (pyvips {pyvips.__version__})"
