"""Opening a picture inside the child."""

from __future__ import annotations

import io
import struct

from PIL import Image, ImageOps

from photos.errors import Invalid

MOST_PIXELS = 50_000_000
"""Renditions have at most 2.6 million; this leaves room for whoever sends an original."""


def upright_rgb(picture: bytes, side: int) -> Image.Image:
    """Decode a JPEG, upright, shrunk to `side` pixels at most. Raises Invalid if it is none."""
    try:
        with Image.open(io.BytesIO(picture), formats=["JPEG"]) as image:
            if image.width * image.height > MOST_PIXELS:
                raise Invalid("The picture has too many pixels to look into.", code="too-many-pixels")
            image.draft("RGB", (side, side))
            upright = ImageOps.exif_transpose(image).convert("RGB")
    except (OSError, SyntaxError, ValueError, struct.error, Image.DecompressionBombError) as error:
        raise Invalid("The picture is not a JPEG that can be read.", code="not-a-picture") from error
    upright.thumbnail((side, side), Image.Resampling.BICUBIC)
    return upright
