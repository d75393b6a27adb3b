"""PDQ: equal to the reference, steady under what happens to pictures, silent about empty ones."""

from __future__ import annotations

import io

import numpy as np
import pdqhash
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from photos.perceptual.pdq import VARIANTS, distance, hash_picture, hash_variants
from tests import pictures

TURNS = dict(
    zip(
        VARIANTS[1:],
        (
            Image.Transpose.ROTATE_90,
            Image.Transpose.ROTATE_180,
            Image.Transpose.ROTATE_270,
            Image.Transpose.FLIP_LEFT_RIGHT,
            Image.Transpose.FLIP_TOP_BOTTOM,
            Image.Transpose.TRANSPOSE,
            Image.Transpose.TRANSVERSE,
        ),
        strict=True,
    )
)


def photo(number: int) -> Image.Image:
    """A real photograph where there is one, else a made one, at 512 pixels."""
    real = pictures.packaged_photos()
    if number < len(real):
        with Image.open(real[number]) as source:
            picture = source.convert("RGB")
    else:
        picture = pictures.scene(640, 480, seed=number)
    picture.thumbnail((512, 512))
    return picture


def luminance(picture: Image.Image) -> np.ndarray:
    return np.asarray(picture.convert("L"))


@pytest.mark.parametrize("number", range(10))
def test_hash_and_quality_are_those_of_the_reference(number: int) -> None:
    picture = photo(number)
    bits, quality = pdqhash.compute(np.asarray(picture))
    ours = hash_picture(luminance(picture))
    assert distance(ours.bits, np.packbits(bits).tobytes()) <= 4
    assert abs(ours.quality - quality) <= 1


@pytest.mark.parametrize("number", range(4))
def test_every_variant_is_the_hash_of_the_turned_picture(number: int) -> None:
    picture = photo(number)
    variants = {item.variant: item.bits for item in hash_variants(luminance(picture))}
    assert tuple(variants) == VARIANTS
    assert distance(variants["upright"], hash_picture(luminance(picture)).bits) <= 2
    for name, turn in TURNS.items():
        turned = hash_picture(luminance(picture.transpose(turn)))
        assert distance(variants[name], turned.bits) <= 2, name


@pytest.mark.parametrize("number", range(5))
def test_a_smaller_and_worse_copy_stays_within_the_sure_distance(number: int) -> None:
    picture = photo(number)
    out = io.BytesIO()
    picture.resize((picture.width * 2 // 3, picture.height * 2 // 3)).save(out, "JPEG", quality=40)
    with Image.open(out) as copy:
        assert distance(hash_picture(luminance(picture)).bits, hash_picture(luminance(copy)).bits) <= 31


def test_different_pictures_are_far_apart() -> None:
    hashes = [hash_picture(luminance(photo(number))).bits for number in range(10)]
    assert min(distance(a, b) for at, a in enumerate(hashes) for b in hashes[at + 1 :]) > 60


def ramp(*, diagonal: bool = False) -> np.ndarray:
    across, down = np.linspace(0, 127, 512), np.linspace(0, 127, 384)[:, None]
    return (across + (down if diagonal else 0 * down)).astype(np.uint8)


EMPTY_PICTURES = {
    "flat": np.full((384, 512), 90, np.uint8),
    "ramp": ramp(),
    "diagonal ramp": ramp(diagonal=True),
    "two halves": np.repeat(np.repeat([[0, 255]], 384, axis=0), 256, axis=1).astype(np.uint8),
    "faint noise": np.random.default_rng(1).integers(120, 130, (384, 512)).astype(np.uint8),
}


@pytest.mark.parametrize("luminances", EMPTY_PICTURES.values(), ids=EMPTY_PICTURES)
def test_a_picture_with_next_to_nothing_in_it_has_quality_zero(luminances: np.ndarray) -> None:
    assert hash_picture(luminances).quality == 0


def test_a_pale_photo_still_counts() -> None:
    levels = luminance(photo(0)).astype(float)
    foggy = (200 + (levels - levels.mean()) * 0.15).clip(0, 255).astype(np.uint8)
    assert hash_picture(foggy).quality > 0


@given(width=st.integers(1, 200), height=st.integers(1, 200), seed=st.integers(0, 9))
@settings(max_examples=60, deadline=None)
def test_every_size_has_a_hash(width: int, height: int, seed: int) -> None:
    levels = np.random.default_rng(seed).integers(0, 256, (height, width)).astype(np.uint8)
    made = hash_picture(levels)
    assert len(made.bits) == 32
    assert 0 <= made.quality <= 100


@given(a=st.binary(min_size=32, max_size=32), b=st.binary(min_size=32, max_size=32))
def test_distance_counts_different_bits(a: bytes, b: bytes) -> None:
    assert distance(a, a) == 0
    assert distance(a, b) == distance(b, a) == sum(bin(x ^ y).count("1") for x, y in zip(a, b, strict=True))
