"""The three sizes: upright, never larger than the photo, and nothing in them but pixels."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from photos.imaging.pool import Decoders
from photos.models import Developed
from tests import pictures
from tests.pictures import difference, shown

Develop = Callable[[bytes], Developed]

SECRET = "Where-we-live-4711"
ALLOWED_SEGMENTS = {0xE0, 0xDB, 0xC0, 0xC4}
"""JFIF header, quantisation, frame, Huffman tables: what a JPEG needs."""


@pytest.fixture(scope="module")
def upright() -> Image.Image:
    return pictures.scene(120, 80, seed=3)


@pytest.mark.parametrize("format_name", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
def test_every_orientation_is_shown_upright(
    develop: Develop, upright: Image.Image, format_name: str, orientation: int
) -> None:
    quality = {} if format_name in {"PNG", "TIFF"} else {"quality": 95}
    developed = develop(pictures.oriented(orientation, upright, format_name, **quality))
    assert (developed.width, developed.height) == upright.size
    assert difference(shown(developed), upright) < 8


@pytest.mark.parametrize("orientation", [77, 65535])
def test_an_orientation_that_makes_no_sense_means_upright(
    develop: Develop, upright: Image.Image, orientation: object
) -> None:
    developed = develop(pictures.encode(upright, "JPEG", exif=pictures.exif(orientation=orientation)))
    assert developed.facts.orientation == 1
    assert (developed.width, developed.height) == upright.size


SIZES = {
    (4032, 3024): ((1600, 1200), (512, 384), (256, 256)),
    (3024, 4032): ((1200, 1600), (384, 512), (256, 256)),
    (1600, 900): ((1600, 900), (512, 288), (256, 256)),
    (640, 480): ((640, 480), (512, 384), (256, 256)),
    (200, 5000): ((64, 1600), (20, 512), (200, 200)),
    (5000, 300): ((1600, 96), (512, 31), (256, 256)),
    (100, 80): ((100, 80), (100, 80), (80, 80)),
    (1, 1): ((1, 1), (1, 1), (1, 1)),
    (1, 3000): ((1, 1600), (1, 512), (1, 1)),
}


@pytest.mark.parametrize(("size", "expected"), SIZES.items(), ids=map(str, SIZES))
def test_renditions_of_known_sizes(
    develop: Develop, size: tuple[int, int], expected: tuple[tuple[int, int], ...]
) -> None:
    developed = develop(pictures.encode(Image.new("RGB", size, "teal"), "JPEG"))
    assert tuple((item.width, item.height) for item in developed.renditions) == expected
    assert [item.kind for item in developed.renditions] == ["large", "medium", "square"]
    assert all(shown(developed, item.kind).size == (item.width, item.height) for item in developed.renditions)


@given(
    width=st.integers(1, 3000),
    height=st.integers(1, 3000),
    format_name=st.sampled_from(["JPEG", "PNG"]),
    orientation=st.integers(1, 8),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_side_grows_and_shapes_are_kept(
    develop: Develop, width: int, height: int, format_name: str, orientation: int
) -> None:
    picture = Image.new("L", (width, height), 99)
    block = pictures.exif(orientation=orientation)
    developed = develop(pictures.encode(picture, format_name, exif=block))
    is_turned = orientation >= 5
    assert (developed.width, developed.height) == ((height, width) if is_turned else (width, height))
    for rendition, longest in zip(developed.renditions, (1600, 512, 256), strict=True):
        assert 1 <= rendition.width <= min(developed.width, longest)
        assert 1 <= rendition.height <= min(developed.height, longest)
    large, medium, square = developed.renditions
    for fitted, longest in ((large, 1600), (medium, 512)):
        assert max(fitted.width, fitted.height) == min(longest, max(width, height))
        scale = (
            fitted.width / developed.width
            if fitted.width >= fitted.height
            else fitted.height / developed.height
        )
        assert abs(fitted.width - developed.width * scale) <= 1
        assert abs(fitted.height - developed.height * scale) <= 1
    assert square.width == square.height == min(256, width, height)


def test_a_large_jpeg_looks_the_same_as_when_decoded_in_full(develop: Develop) -> None:
    picture = pictures.scene(4000, 3000, seed=5)
    expected = picture.resize((1600, 1200), Image.Resampling.LANCZOS)
    developed = develop(pictures.encode(picture, "JPEG", quality=92))
    assert difference(shown(developed), expected) < 4
    assert difference(shown(developed, "medium"), expected.resize((512, 384), Image.Resampling.LANCZOS)) < 4


def test_the_square_is_the_middle(develop: Develop) -> None:
    picture = pictures.scene(1000, 400, seed=6)
    expected = picture.crop((300, 0, 700, 400)).resize((256, 256), Image.Resampling.LANCZOS)
    assert difference(shown(develop(pictures.encode(picture, "PNG")), "square"), expected) < 5


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_of_an_animation_the_first_frame_is_shown(develop: Develop, format_name: str) -> None:
    developed = develop(pictures.animated(format_name, 3))
    assert developed.frames == 3
    first, second = (difference(shown(developed), pictures.scene(64, 48, seed=seed)) for seed in (1, 2))
    assert first < 20 < second


def everything_secret() -> dict[str, bytes]:
    """Files whose metadata carries `SECRET` and a position in every place there is."""
    block = pictures.exif(description=SECRET, make=SECRET, gps=(48.2, 16.37), lens=SECRET)
    packet = pictures.xmp({"exif:GPSLatitude": "48,12N"}, pictures.xmp_keywords(SECRET))
    profile = pictures.display_p3()
    jpeg = pictures.jpeg(300, 200, exif=block, xmp=packet, icc_profile=profile)
    jpeg = pictures.with_comment(pictures.with_iptc(jpeg, caption=SECRET), SECRET.encode())
    return {
        "jpeg": jpeg + b"PK\x03\x04" + SECRET.encode(),
        "png": pictures.png(300, 200, exif=block, icc_profile=profile) + SECRET.encode(),
        "webp": pictures.webp(300, 200, exif=block, xmp=packet, icc_profile=profile),
        "tiff": pictures.tiff(300, 200, exif=block, icc_profile=profile),
        "avif": pictures.avif(300, 200, exif=block, xmp=packet, icc_profile=profile),
        "heic": pictures.heic(300, 200, exif=block, xmp=packet, icc_profile=profile),
        "small jpeg": pictures.with_comment(pictures.jpeg(100, 80, exif=block), SECRET.encode()),
    }


@pytest.mark.parametrize("name", everything_secret())
def test_renditions_hold_pixels_and_nothing_else(develop: Develop, name: str) -> None:
    body = everything_secret()[name]
    assert SECRET.encode() in body
    developed = develop(body)
    assert developed.facts.description == SECRET
    for rendition in developed.renditions:
        assert rendition.media_type == "image/jpeg"
        assert segments(rendition.body) <= ALLOWED_SEGMENTS
        for trace in (SECRET.encode(), b"Exif", b"http://", b"ICC_PROFILE", b"Photoshop", b"GPS"):
            assert trace not in rendition.body


def segments(body: bytes) -> set[int]:
    """Marker codes before the scan of a JPEG that begins and ends as it should."""
    assert body[:2] == b"\xff\xd8"
    assert body[-2:] == b"\xff\xd9"
    found, at = set(), 2
    while body[at + 1] != 0xDA:
        assert body[at] == 0xFF
        found.add(body[at + 1])
        at += 2 + struct.unpack_from(">H", body, at + 2)[0]
    assert b"\xff\xd9" not in body[at:-2]
    return found


def test_the_same_file_develops_to_the_same_bytes(decoders: Decoders, develop: Develop) -> None:
    body = pictures.jpeg(800, 600, seed=8)
    assert develop(body) == develop(body)
