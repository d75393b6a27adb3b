"""Colours of every kind end as the same sRGB on white."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms, ImageDraw

from photos.models import Developed
from tests import pictures
from tests.pictures import difference, shown

Develop = Callable[[bytes], Developed]

PATCHES = [(200, 60, 50), (60, 160, 70), (50, 70, 190), (220, 190, 60), (128, 128, 128), (235, 220, 210)]


@pytest.fixture(scope="module")
def chart() -> Image.Image:
    """Flat patches, large enough that JPEG leaves their middle alone."""
    picture = Image.new("RGB", (64 * len(PATCHES), 64))
    draw = ImageDraw.Draw(picture)
    for number, colour in enumerate(PATCHES):
        draw.rectangle((64 * number, 0, 64 * number + 63, 63), fill=colour)
    return picture


def worst_delta_e(developed: Developed) -> float:
    """Largest CIE76 distance of a patch's middle from what it should be."""
    seen = [shown(developed).getpixel((64 * number + 32, 32)) for number in range(len(PATCHES))]
    return float(np.linalg.norm(lab(seen) - lab(PATCHES), axis=1).max())


def lab(colours: list[tuple[int, int, int]]) -> np.ndarray:
    """sRGB 0-255 to CIE Lab (D65)."""
    levels = np.array(colours, dtype=float) / 255
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    matrix = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = linear @ matrix.T / np.array([0.9505, 1, 1.089])
    root = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


@pytest.mark.parametrize(
    "profile", [pictures.display_p3(), pictures.adobe_rgb()], ids=["Display P3", "Adobe RGB"]
)
@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "TIFF", "HEIF", "WEBP"])
def test_wide_gamut_photos_keep_their_colours(
    develop: Develop, chart: Image.Image, profile: bytes, format_name: str
) -> None:
    stored = pictures.srgb_as(chart, profile)
    options: dict[str, object] = {} if format_name in {"PNG", "TIFF"} else {"quality": 95}
    developed = develop(pictures.encode(stored, format_name, icc_profile=profile, **options))
    assert worst_delta_e(developed) < 3


def test_a_profile_matters(develop: Develop, chart: Image.Image) -> None:
    stored = pictures.srgb_as(chart, pictures.adobe_rgb())
    assert worst_delta_e(develop(pictures.encode(stored, "PNG"))) > 5


@pytest.mark.parametrize("profile", [b"", b"no profile at all", pictures.display_p3()[:200]])
def test_without_a_usable_profile_pixels_are_srgb(
    develop: Develop, chart: Image.Image, profile: bytes
) -> None:
    assert worst_delta_e(develop(pictures.encode(chart, "JPEG", quality=95, icc_profile=profile))) < 3


def test_a_profile_for_other_pixels_is_ignored(develop: Develop) -> None:
    grey = Image.linear_gradient("L")
    developed = develop(pictures.encode(grey, "PNG", icc_profile=pictures.display_p3()))
    assert difference(shown(developed), grey) < 2


@pytest.mark.parametrize("format_name", ["JPEG", "TIFF"])
def test_cmyk_is_not_inverted(develop: Develop, chart: Image.Image, format_name: str) -> None:
    assert difference(shown(develop(pictures.encode(chart.convert("CMYK"), format_name))), chart) < 8


def test_sixteen_bits_are_not_black(develop: Develop) -> None:
    levels = np.linspace(0, 65535, 256).astype(np.uint16)
    picture = Image.fromarray(np.tile(levels, (64, 1)))
    expected = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1)))
    for format_name in ("PNG", "TIFF"):
        assert difference(shown(develop(pictures.encode(picture, format_name))), expected) < 2


def test_numbers_with_fractions_use_their_own_range(develop: Develop) -> None:
    picture = Image.fromarray(np.tile(np.linspace(-3.5, 1e6, 256, dtype=np.float32), (64, 1)))
    expected = Image.fromarray(np.tile(np.arange(256, dtype=np.uint8), (64, 1)))
    assert difference(shown(develop(pictures.encode(picture, "TIFF"))), expected) < 3


def test_lab_is_converted(develop: Develop, chart: Image.Image) -> None:
    as_lab = ImageCms.profileToProfile(
        chart, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 5000), outputMode="LAB"
    )
    assert as_lab is not None
    assert worst_delta_e(develop(pictures.encode(as_lab, "TIFF"))) < 4


def half_clear(mode: str) -> Image.Image:
    """Left half red (or black), right half fully transparent."""
    picture = Image.new("RGBA", (64, 64), (200, 0, 0, 255))
    picture.paste((0, 0, 0, 0), (32, 0, 64, 64))
    return picture.convert(mode) if mode != "P" else picture.quantize(4)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_what_is_transparent_becomes_white(develop: Develop, mode: str) -> None:
    seen = shown(develop(pictures.encode(half_clear(mode), "PNG")))
    assert min(seen.getpixel((48, 32))) > 245
    assert seen.getpixel((16, 32))[1] < 80


def test_one_transparent_colour_becomes_white(develop: Develop) -> None:
    picture = half_clear("RGBA").convert("RGB")
    seen = shown(develop(pictures.encode(picture, "PNG", transparency=(0, 0, 0))))
    assert min(seen.getpixel((48, 32))) > 245


@pytest.mark.parametrize("mode", ["1", "L", "P"])
def test_simple_modes_are_read(develop: Develop, mode: str) -> None:
    picture = pictures.scene(64, 64).convert(mode)
    assert difference(shown(develop(pictures.encode(picture, "PNG"))), picture.convert("RGB")) < 16
