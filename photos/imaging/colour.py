"""Whatever colours a file has, as 8-bit sRGB on white.

Sixteen bits, palettes and the like come first, on the whole picture, because Pillow cannot scale them.
Profiles and transparency come last, on the small renditions, where they cost next to nothing.
"""

from __future__ import annotations

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

SCALABLE = frozenset({"L", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "LAB"})
PROFILE_MODES = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab ": "LAB"}
"""ICC colour spaces and the Pillow mode their pixels have."""
MOST_PROFILE_BYTES = 4 * 1024 * 1024


def scalable(picture: Image.Image) -> Image.Image:
    """`picture` in a mode that can be resized without harm."""
    if "transparency" in picture.info and picture.mode in {"1", "L", "P", "RGB"}:
        return picture.convert("RGBA")
    if picture.mode in SCALABLE:
        return picture
    if picture.mode == "P":
        return picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    if picture.mode.startswith("I") or picture.mode == "F":
        return _eight_bits(picture)
    if picture.mode == "1":
        return picture.convert("L")
    return picture.convert("RGBA" if picture.mode in {"PA", "La", "RGBa"} else "RGB")


def srgb(picture: Image.Image, profile: bytes) -> Image.Image:
    """A `scalable` picture in sRGB on white, without anything attached. `profile` is ICC, or empty for none.

    A profile that is broken, or not meant for these pixels, counts as none.
    """
    alpha = picture.getchannel("A") if picture.mode in {"LA", "RGBA"} else None
    opaque = picture.convert(picture.mode.removesuffix("A")) if alpha is not None else picture
    converted = _by_profile(opaque, profile) or _by_default(opaque)
    if alpha is not None:
        converted = Image.composite(converted, Image.new("RGB", converted.size, "white"), alpha)
    converted.info = {}
    return converted


def _by_profile(picture: Image.Image, profile: bytes) -> Image.Image | None:
    if not profile or len(profile) > MOST_PROFILE_BYTES:
        return None
    try:
        transform = _transform(profile, picture.mode)
        return None if transform is None else transform.apply(picture)
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None


@lru_cache(maxsize=4)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """None where the profile does not describe pixels of this mode, or describes sRGB itself."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if PROFILE_MODES.get(source.profile.xcolor_space) != mode or _is_srgb(source):
        return None
    intent = ImageCms.Intent.RELATIVE_COLORIMETRIC
    return ImageCms.buildTransform(
        source, _srgb_profile(), mode, "RGB", intent, ImageCms.Flags.BLACKPOINTCOMPENSATION
    )


def _is_srgb(source: ImageCms.ImageCmsProfile) -> bool:
    """Whether a profile says sRGB and has its colourants: most cameras embed one, and it changes nothing."""
    if "srgb" not in (source.profile.profile_description or "").casefold():
        return False
    own, wanted = (profile.profile.red_colorant for profile in (source, _srgb_profile()))
    return bool(own and wanted and np.allclose(own[0], wanted[0], atol=0.005))


@lru_cache(maxsize=1)
def _srgb_profile() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _by_default(picture: Image.Image) -> Image.Image:
    if picture.mode == "LAB":
        lab = ImageCms.createProfile("LAB", 5000)
        return ImageCms.buildTransform(lab, _srgb_profile(), "LAB", "RGB").apply(picture)
    return picture.convert("RGB")


def _eight_bits(picture: Image.Image) -> Image.Image:
    """Grey of more than eight bits. Beyond 16 bits, or with fractions, its own range is stretched."""
    levels = np.asarray(picture)
    if levels.dtype.kind in "ui" and levels.size and levels.min() >= 0 and levels.max() <= 0xFFFF:
        scaled = (levels >> 8 if picture.mode != "I" or levels.max() > 0xFF else levels).astype(np.uint8)
        return Image.fromarray(scaled)
    finite = np.nan_to_num(levels.astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    low, high = float(finite.min()), float(finite.max())
    span = (high - low) or 1.0
    return Image.fromarray(((finite - low) * (255 / span)).astype(np.uint8))
