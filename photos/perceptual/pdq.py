"""PDQ: 256 bits that stay nearly the same when a picture is scaled, re-encoded or slightly edited.

The algorithm and its constants are Meta's ("PDQ & TMK + PDQF", 2019): luminance, two passes of a box filter,
64 x 64 samples, the 16 x 16 lowest frequencies of a cosine transform without the constant, each compared
with their median. All but the last step is linear, so for one picture size it comes down to two small
matrices and a hash to a few matrix products. Bits and their order agree with Meta's library.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

from photos.models import PerceptualHash

Array = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

SAMPLES = 64
FREQUENCIES = 16
FILTER_PASSES = 2
SLOPES_FOR_FULL_QUALITY = 90
"""Meta's divisor: so many slopes of a full luminance step, in percent, make quality 100."""
LEAST_SPREAD = 2.0
"""Median distance of the coefficients from their median, in luminance levels. Below it rounding decides the
bits, as for flat areas, plain gradients, two halves: such hashes resemble each other, not their pictures."""

VARIANTS = (
    "upright",
    "rotated90",
    "rotated180",
    "rotated270",
    "mirrored",
    "flipped",
    "transposed",
    "transverse",
)


def hash_picture(luminance: Pixels) -> PerceptualHash:
    """The hash of a picture given as rows of luminance 0-255. The 512-pixel rendition is what we always use.

    Quality is 0-100; 0 means that the picture has too little in it to be told from others.
    """
    height, width = luminance.shape
    samples = _sampling(height) @ luminance.astype(np.float32) @ _sampling(width).T
    return _hash(VARIANTS[0], samples)


def hash_variants(luminance: Pixels) -> tuple[PerceptualHash, ...]:
    """Hashes of the picture as it is, turned and mirrored, in the order of `VARIANTS`.

    `rotated90` is counter-clockwise, `mirrored` swaps left and right, `flipped` top and bottom. Each is what
    `hash_picture` gives for the turned picture; all together cost about as much as two or three.
    """
    height, width = luminance.shape
    rows, columns = (np.vstack((matrix, matrix[:, ::-1])) for matrix in (_sampling(height), _sampling(width)))
    every = rows @ luminance.astype(np.float32) @ columns.T
    upright, mirrored = every[:SAMPLES, :SAMPLES], every[:SAMPLES, SAMPLES:]
    flipped, turned = every[SAMPLES:, :SAMPLES], every[SAMPLES:, SAMPLES:]
    samples = (upright, mirrored.T, turned, flipped.T, mirrored, flipped, upright.T, turned.T)
    return tuple(_hash(name, variant) for name, variant in zip(VARIANTS, samples, strict=True))


def distance(one: bytes, other: bytes) -> int:
    """How many of the 256 bits differ: up to 31 is surely the same picture, up to 47 possibly."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def _hash(variant: str, samples: Array) -> PerceptualHash:
    cosines = _cosines()
    spectrum: Array = np.asarray(cosines @ samples @ cosines.T, dtype=np.float32)
    return PerceptualHash(variant, _bits(spectrum), _quality(samples, spectrum))


@lru_cache(maxsize=64)
def _sampling(length: int) -> Array:
    """The 64 x `length` matrix that smooths a row of pixels and picks 64 of them."""
    smooth = np.eye(length)
    for _ in range(FILTER_PASSES):
        smooth = _box_filter(length) @ smooth
    picked = (2 * np.arange(SAMPLES) + 1) * length // (2 * SAMPLES)
    return smooth[picked].astype(np.float32)


def _box_filter(length: int) -> npt.NDArray[np.float64]:
    """A moving mean; windows that stick out at an end are cut there."""
    window = -(-length // (2 * SAMPLES))
    ahead = (window + 2) // 2
    offsets = np.arange(length) - np.arange(length)[:, None]
    inside = (offsets < ahead) & (offsets >= ahead - window)
    return np.asarray(inside / inside.sum(axis=1, keepdims=True), dtype=np.float64)


@lru_cache(maxsize=1)
def _cosines() -> Array:
    """Rows 1-16 of the orthonormal cosine transform of 64 samples."""
    frequency, sample = np.arange(1, FREQUENCIES + 1)[:, None], np.arange(SAMPLES)
    wave = np.cos(np.pi / 2 / SAMPLES * frequency * (2 * sample + 1))
    return np.asarray(np.sqrt(2 / SAMPLES) * wave, dtype=np.float32)


def _bits(spectrum: Array) -> bytes:
    # The reference counts bits from the lowest frequency up and writes the highest first.
    return np.packbits((spectrum > _median(spectrum)).ravel()[::-1]).tobytes()


def _median(spectrum: Array) -> np.float32:
    """The lower of the two middle values, as the reference takes it."""
    middle = spectrum.size // 2 - 1
    return np.float32(np.partition(spectrum, middle, axis=None)[middle])


def _quality(samples: Array, spectrum: Array) -> int:
    if np.median(np.abs(spectrum - _median(spectrum))) < LEAST_SPREAD:
        return 0
    slopes = sum(np.abs(np.trunc(np.diff(samples, axis=axis) * 100 / 255)).sum() for axis in (0, 1))
    return min(100, int(slopes / SLOPES_FOR_FULL_QUALITY))
