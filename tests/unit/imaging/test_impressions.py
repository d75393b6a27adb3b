"""Placeholder, main colours and light."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import thumbhash as reference
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from photos.imaging import impressions
from photos.models import Developed
from photos.perceptual.pdq import VARIANTS
from tests import pictures

Develop = Callable[[bytes], Developed]


def decoded(code: bytes) -> np.ndarray:
    """The 32-pixel picture that a browser paints for an opaque thumbhash, as floats of 0-1.

    Written from the format: 6 + 6 + 6 + 5 + 1 header bits, 3 + 6 + 6 + 1 more, then 4 bits a wave.
    """
    header, shape = int.from_bytes(code[:3], "little"), int.from_bytes(code[3:5], "little")
    constants = (header & 63) / 63, (header >> 6 & 63) / 31.5 - 1, (header >> 12 & 63) / 31.5 - 1
    scales = (header >> 18 & 31) / 31, (shape >> 3 & 63) / 63 * 1.25, (shape >> 9 & 63) / 63 * 1.25
    is_landscape = shape >> 15
    across, down = (7, shape & 7) if is_landscape else (shape & 7, 7)
    width, height = (32, round(32 * down / across)) if across > down else (round(32 * across / down), 32)
    steps = iter([nibble for byte in code[5:] for nibble in (byte & 15, byte >> 4)])
    channels = []
    for constant, scale, (nx, ny) in zip(
        constants, scales, ((max(3, across), max(3, down)), (3, 3), (3, 3)), strict=True
    ):
        channel = np.full((height, width), constant)
        for y in range(ny):
            for x in range(0 if y else 1, nx):
                if x * ny < nx * (ny - y):
                    rows = np.cos(np.pi / height * y * (np.arange(height) + 0.5)) * (2 if y else 1)
                    columns = np.cos(np.pi / width * x * (np.arange(width) + 0.5)) * (2 if x else 1)
                    channel = channel + (next(steps) / 7.5 - 1) * scale * np.outer(rows, columns)
        channels.append(channel)
    light, yellow, reddish = channels
    blue = light - 2 / 3 * yellow
    red = (3 * light - blue + reddish) / 2
    return np.stack([red, red - reddish, blue], axis=-1).clip(0, 1)


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (500, 500), (900, 100), (40, 30)])
@pytest.mark.parametrize("seed", [1, 2])
def test_thumbhash_is_that_of_the_reference(size: tuple[int, int], seed: int) -> None:
    small = impressions.small_copy(pictures.scene(*size, seed=seed))
    pixels = np.asarray(small.convert("RGBA")).ravel().tolist()
    expected = bytes(reference.rgba_to_thumb_hash(small.width, small.height, pixels))
    ours = impressions.thumbhash(small)
    assert len(ours) == len(expected)
    assert max(abs(a - b) for a, b in zip(nibbles(ours), nibbles(expected), strict=True)) <= 1


def nibbles(code: bytes) -> list[int]:
    return [half for byte in code[5:] for half in (byte & 15, byte >> 4)]


def test_thumbhash_decodes_to_a_blurred_copy() -> None:
    picture = Image.linear_gradient("L").resize((400, 300)).convert("RGB")
    picture.paste((200, 40, 40), (0, 0, 200, 300))
    code = impressions.thumbhash(impressions.small_copy(picture))
    blurred = decoded(code) * 255
    expected = np.asarray(picture.resize(blurred.shape[1::-1], Image.Resampling.BOX), dtype=float)
    assert np.abs(blurred - expected).mean() < 30
    left, right = blurred[:, :14].mean(axis=(0, 1)), blurred[:, 18:].mean(axis=(0, 1))
    assert left[0] - left[1] > 80
    assert abs(right[0] - right[1]) < 30


@given(width=st.integers(30, 300), height=st.integers(30, 300), colour=st.tuples(*[st.integers(0, 255)] * 3))
@settings(max_examples=80, deadline=None)
def test_flat_pictures_keep_their_colour(width: int, height: int, colour: tuple[int, int, int]) -> None:
    small = impressions.small_copy(Image.new("RGB", (width, height), colour))
    seen = decoded(impressions.thumbhash(small)).mean(axis=(0, 1)) * 255
    assert np.abs(seen - colour).max() < 14
    ((name, share),) = impressions.dominant_colours(small)
    assert share == 1
    assert np.abs(np.array(list(bytes.fromhex(name[1:]))) - colour).max() <= 1


def test_main_colours_come_with_their_share_largest_first(develop: Develop) -> None:
    picture = Image.new("RGB", (400, 200), (20, 60, 160))
    ImageDraw.Draw(picture).rectangle((300, 0, 400, 200), fill=(240, 200, 40))
    (first, large), (second, small), *_ = develop(pictures.encode(picture, "PNG")).colours
    assert first.startswith("#1")
    assert second.startswith("#f")
    assert large == pytest.approx(0.75, abs=0.03)
    assert small == pytest.approx(0.25, abs=0.03)


@pytest.mark.parametrize(("level", "light"), [(10, "dark"), (128, ""), (245, "bright")])
def test_light(develop: Develop, level: int, light: str) -> None:
    assert develop(pictures.encode(Image.new("RGB", (50, 50), (level,) * 3), "PNG")).light == light


def test_a_photo_comes_with_hash_and_placeholder(develop: Develop) -> None:
    developed = develop(pictures.jpeg(640, 480))
    assert 5 < len(developed.thumbhash) <= 25
    assert [each.variant for each in developed.hashes] == list(VARIANTS)
    hashed = developed.hashes[0]
    assert len(hashed.bits) == 32
    assert hashed.quality > 50
