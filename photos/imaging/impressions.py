"""What a picture looks like in a few bytes: a blurred placeholder, its main colours, its light."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageStat

SMALL = 100
"""Longest side that thumbhash allows; enough for the rest as well."""
COLOURS = 5
LEAST_SHARE = 0.03
NEARLY_EQUAL = 24
"""Colours that differ less than this in every channel are one."""
DARK_BELOW, BRIGHT_ABOVE = 64, 192
"""Mean luminance, 0-255."""

Array = npt.NDArray[np.float64]
Colour = tuple[int, ...]


def small_copy(view: Image.Image) -> Image.Image:
    """A copy for the functions below, at most `SMALL` pixels a side."""
    scale = min(1.0, SMALL / max(view.size))
    width, height = (max(1, round(side * scale)) for side in view.size)
    return view.resize((width, height), Image.Resampling.BOX)


def thumbhash(small: Image.Image) -> bytes:
    """About 25 bytes that decode to a blurred, opaque picture: Evan Wallace's ThumbHash, 2023.

    A few cosine waves of luminance and of two colour differences, each quantised to four bits.
    """
    red, green, blue = np.moveaxis(np.asarray(small, dtype=np.float64) / 255, -1, 0)
    width, height = small.size
    waves = [max(1, _rounded(7 * side / max(small.size))) for side in small.size]
    is_landscape = width > height
    light, light_waves, light_scale = _channel((red + green + blue) / 3, max(3, waves[0]), max(3, waves[1]))
    yellow, yellow_waves, yellow_scale = _channel((red + green) / 2 - blue, 3, 3)
    reddish, reddish_waves, reddish_scale = _channel(red - green, 3, 3)
    header = (
        _rounded(63 * light) | _rounded(31.5 + 31.5 * yellow) << 6 | _rounded(31.5 + 31.5 * reddish) << 12
    )
    header |= _rounded(31 * light_scale) << 18
    shape = waves[1] if is_landscape else waves[0]
    shape |= _rounded(63 * yellow_scale) << 3 | _rounded(63 * reddish_scale) << 9 | is_landscape << 15
    steps = [_rounded(15 * wave) for wave in (*light_waves, *yellow_waves, *reddish_waves)]
    steps += [0] * (len(steps) % 2)
    pairs = bytes(low | high << 4 for low, high in zip(steps[::2], steps[1::2], strict=True))
    return header.to_bytes(3, "little") + shape.to_bytes(2, "little") + pairs


def dominant_colours(small: Image.Image) -> tuple[tuple[str, float], ...]:
    """Up to five colours as (`#rrggbb`, share of the picture 0-1), largest first."""
    pixels = small.reduce(2)
    reduced = pixels.quantize(2 * COLOURS, method=Image.Quantize.MEDIANCUT)
    palette = reduced.getpalette() or []
    counted = sorted(
        ((count, index) for index, count in enumerate(reduced.histogram()) if count), reverse=True
    )
    merged: dict[Colour, int] = {}
    for count, index in counted:
        colour = tuple(palette[3 * index : 3 * index + 3])
        near = next((known for known in merged if _is_near(known, colour)), colour)
        merged[near] = merged.get(near, 0) + count
    total = pixels.width * pixels.height
    largest = sorted(merged.items(), key=lambda item: -item[1])[:COLOURS]
    shares = ((colour, round(count / total, 3)) for colour, count in largest)
    return tuple((f"#{bytes(colour).hex()}", share) for colour, share in shares if share >= LEAST_SHARE)


def light(small: Image.Image) -> str:
    """`dark`, `bright`, or empty for what lies between."""
    mean = ImageStat.Stat(small.convert("L")).mean[0]
    if mean < DARK_BELOW:
        return "dark"
    return "bright" if mean > BRIGHT_ABOVE else ""


def _channel(levels: Array, across: int, down: int) -> tuple[float, list[float], float]:
    """(constant, waves scaled to 0-1, largest wave) of one channel."""
    height, width = levels.shape
    spectrum = _cosines(height, down) @ levels @ _cosines(width, across).T / levels.size
    kept = [(y, x) for y in range(down) for x in range(across) if x * down < across * (down - y)]
    waves = [float(spectrum[place]) for place in kept[1:]]
    scale = max((abs(wave) for wave in waves), default=0.0)
    return float(spectrum[0, 0]), [0.5 + 0.5 * wave / scale if scale else 0.0 for wave in waves], scale


def _cosines(length: int, count: int) -> Array:
    samples = np.arange(length) + 0.5
    return np.asarray(np.cos(np.pi / length * np.arange(count)[:, None] * samples))


def _rounded(value: float) -> int:
    return int(value + 0.5)


def _is_near(one: Colour, other: Colour) -> bool:
    return all(abs(a - b) < NEARLY_EQUAL for a, b in zip(one, other, strict=True))
