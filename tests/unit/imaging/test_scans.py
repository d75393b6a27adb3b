"""Counting the passes of a JPEG: what a decoder would walk, and nothing of what lies around it."""

from __future__ import annotations

import io
import random

import pytest

from photos.imaging.scans import count_scans
from tests import pictures


def scans(body: bytes, most: int = 100) -> int:
    file = io.BytesIO(body)
    file.seek(7)
    counted = count_scans(file, most=most)
    assert file.tell() == 7
    return counted


def test_a_plain_jpeg_has_one_pass_and_a_progressive_one_about_ten() -> None:
    assert scans(pictures.jpeg(640, 480)) == 1
    assert 5 <= scans(pictures.jpeg(640, 480, progressive=True)) <= 12


def test_repeated_passes_are_counted_up_to_the_limit() -> None:
    body = pictures.jpeg(320, 240, progressive=True)
    last = body.rindex(b"\xff\xda")
    more = body[:-2] + body[last:-2] * 500 + body[-2:]
    assert scans(more) == 101
    assert scans(more, most=1000) == 500 + scans(body)


def test_a_film_behind_the_picture_does_not_count() -> None:
    body = pictures.jpeg(320, 240, progressive=True)
    film = random.Random(1).randbytes(1 << 20) + b"\xff\xda\x00\x02" * 500
    assert scans(body + film) == scans(body)


def test_a_preview_inside_the_metadata_does_not_count() -> None:
    body = pictures.jpeg(320, 240, progressive=True)
    assert scans(pictures.with_comment(body, b"\xff\xda\x00\x02" * 500)) == scans(body)


@pytest.mark.parametrize("seed", range(40))
def test_any_bytes_are_counted_to_an_end(seed: int) -> None:
    chance = random.Random(seed)
    broken = bytearray(pictures.jpeg(96, 72, progressive=True))
    for _ in range(8):
        broken[chance.randrange(2, len(broken))] = chance.choice((0, 0xFF, 0xDA, 0xC2, chance.randrange(256)))
    assert 0 <= scans(bytes(broken[: chance.randrange(2, len(broken))])) <= 101
    assert scans(b"\xff\xd8" + chance.randbytes(1000) + b"\xff" * 200_000) <= 101
