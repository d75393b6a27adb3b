"""Twelve-megapixel JPEGs as cameras make them, drawn by our own code."""

from __future__ import annotations

from tests import pictures

SIZE = (4032, 3024)
ORIENTATIONS = (1, 6, 3, 8)


def photographs(count: int) -> list[bytes]:
    """`count` different files of 12 megapixels, 3-4 MB, 4:2:0, with EXIF and every usual orientation."""
    return [_photograph(number) for number in range(count)]


def _photograph(number: int) -> bytes:
    block = pictures.exif(
        taken=f"2024:06:{1 + number % 28:02d} 12:30:00",
        offset="+02:00",
        make="Bigimage",
        model="Twelve",
        orientation=ORIENTATIONS[number % len(ORIENTATIONS)],
        gps=(48.2, 16.37),
    )
    return pictures.jpeg(*SIZE, seed=number + 1, quality=94, exif=block)
