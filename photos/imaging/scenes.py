"""Landscapes drawn from a number: pictures for a library that has none yet, the same ones every time."""

from __future__ import annotations

import io
from datetime import datetime

import numpy as np
from PIL import ExifTags, Image

SIZES = ((1800, 1200), (1600, 1200), (1200, 1800), (1920, 1080), (1500, 1500), (1200, 1600), (2400, 1000))
SKIES = (
    ((24, 34, 84), (250, 160, 110)), ((60, 120, 200), (214, 232, 246)), ((12, 14, 40), (70, 82, 140)),
    ((255, 196, 120), (255, 236, 200)), ((92, 60, 120), (246, 140, 140)), ((150, 176, 190), (226, 232, 232)),
)  # fmt: skip
"""Colours at the top and at the horizon: dusk, noon, night, dawn, evening, mist."""
GROUNDS = ((38, 60, 48), (84, 62, 44), (30, 40, 66), (110, 96, 70), (52, 72, 96))


def draw_scene(number: int) -> bytes:
    """A JPEG of sky, sun, ranges of hills, and on some water before them."""
    chance = np.random.default_rng(number)
    width, height = SIZES[number % len(SIZES)]
    top, horizon = (np.array(colour, float) for colour in SKIES[int(chance.integers(len(SKIES)))])
    rows = np.linspace(0, 1, height)[:, None, None]
    picture = np.broadcast_to(top + (horizon - top) * rows**0.8, (height, width, 3)).copy()
    _add_sun(picture, chance)
    ground = np.array(GROUNDS[int(chance.integers(len(GROUNDS)))], float)
    ranges = int(chance.integers(3, 6))
    for depth in range(ranges):
        nearness = (depth + 1) / ranges
        _add_hills(
            picture, chance, base=0.45 + 0.4 * nearness, colour=horizon + (ground - horizon) * nearness
        )
    if number % 3 == 0:
        _add_water(picture, int(height * 0.72))
    picture += chance.normal(0, 2.5, (height, width, 1))
    encoded = io.BytesIO()
    Image.fromarray(picture.clip(0, 255).astype(np.uint8)).save(encoded, "JPEG", quality=88)
    return encoded.getvalue()


def _add_sun(picture: np.ndarray[tuple[int, ...], np.dtype[np.float64]], chance: np.random.Generator) -> None:
    height, width, _ = picture.shape
    x, y, radius = width * chance.uniform(0.15, 0.85), height * chance.uniform(0.1, 0.45), height * 0.04
    down, across = np.ogrid[:height, :width]
    distance = np.hypot(across - x, down - y)[..., None]
    glow = np.exp(-distance / (radius * 5)) * 0.6 + (distance < radius)
    picture += (np.array((255.0, 246.0, 214.0)) - picture) * np.minimum(glow, 1)


def _add_hills(
    picture: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    chance: np.random.Generator,
    *,
    base: float,
    colour: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
) -> None:
    """One range, its ridge a sum of waves; `base` is its height in the picture from the top, 0 to 1."""
    height, width, _ = picture.shape
    across = np.linspace(0, 2 * np.pi, width)
    ridge = np.zeros(width)
    for wave in (1, 2, 3, 5, 9, 17):
        ridge += np.sin(across * wave * chance.uniform(0.6, 1.4) + chance.uniform(0, 6.3)) / wave
    edge = height * (base + 0.06 * ridge)
    inside = np.arange(height)[:, None] > edge[None, :]
    picture[inside] = colour


def _add_water(picture: np.ndarray[tuple[int, ...], np.dtype[np.float64]], shore: int) -> None:
    """What stands above the shore, mirrored below it, darker and in lines."""
    below = picture.shape[0] - shore
    mirrored = picture[shore - below : shore][::-1] * 0.72
    lines = 1 + 0.06 * np.sin(np.arange(below) ** 1.3 / 3)[:, None, None]
    picture[shore:] = mirrored * lines


def draw_photo(number: int, *, taken: datetime, offset: str, latitude: float, longitude: float) -> bytes:
    """The same with a camera's facts in the file: the wall clock, its offset as `+02:00`, the place."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make], exif[ExifTags.Base.Model] = "Bigimage", "Drawn"
    moment = f"{taken:%Y:%m:%d %H:%M:%S}"
    exif.get_ifd(ExifTags.IFD.Exif).update(
        {ExifTags.Base.DateTimeOriginal: moment, ExifTags.Base.OffsetTimeOriginal: offset}
    )
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(
        {
            ExifTags.GPS.GPSLatitudeRef: "N" if latitude >= 0 else "S",
            ExifTags.GPS.GPSLatitude: _degrees(latitude),
            ExifTags.GPS.GPSLongitudeRef: "E" if longitude >= 0 else "W",
            ExifTags.GPS.GPSLongitude: _degrees(longitude),
        }
    )
    encoded = io.BytesIO()
    with Image.open(io.BytesIO(draw_scene(number))) as drawn:
        drawn.save(encoded, "JPEG", quality="keep", exif=exif)
    return encoded.getvalue()


def _degrees(value: float) -> tuple[float, float, float]:
    """Degrees, minutes and seconds without a sign."""
    minutes, seconds = divmod(round(abs(value) * 3600), 60)
    return float(minutes // 60), float(minutes % 60), float(seconds)
