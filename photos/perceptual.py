"""PDQ: 256 bits that stay nearly the same when a picture is scaled, re-encoded or slightly edited.

The algorithm and its constants are Meta's ("PDQ & TMK + PDQF", 2019): luminance, two passes of a box filter,
64 x 64 samples, the 16 x 16 lowest frequencies of a cosine transform without the constant, each compared with
their median. Every step up to the median is linear, so for one picture size all of them together are two small
matrices, and a hash is two matrix products. The hashes agree with Meta's within a few bits.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from photos.models import PerceptualHash

Array = npt.NDArray[np.float32]

SAMPLES = 64
FREQUENCIES = 16
FILTER_PASSES = 2
SLOPES_FOR_FULL_QUALITY = 90
"""Meta's divisor: so many slopes of a full luminance step, in percent, make quality 100."""
LEAST_SPREAD = 2.0
"""Median distance of the coefficients from their median, in luminance levels, below which the bits are decided
by rounding: flat areas, plain gradients, two halves. Such hashes resemble each other and not their pictures."""

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


def hash_picture(luminance: npt.NDArray[np.uint8]) -> PerceptualHash:
    """The hash of a picture given as rows of luminance 0-255. The 512-pixel rendition is what we always use.

    Quality is 0-100; 0 means that the picture has too little in it to be told from others.
    """
    samples, spectrum = _spectrum(luminance)
    return PerceptualHash(VARIANTS[0], _bits(spectrum), _quality(samples, spectrum))


def hash_variants(luminance: npt.NDArray[np.uint8]) -> tuple[PerceptualHash, ...]:
    """Hashes of the picture as it is, turned and mirrored, in the order of `VARIANTS`; nearly free beside one.

    `rotated90` is counter-clockwise, `mirrored` swaps left and right, `flipped` top and bottom.
    """
    samples, spectrum = _spectrum(luminance)
    quality = _quality(samples, spectrum)
    turned = zip(VARIANTS, _turned(spectrum), strict=True)
    return tuple(PerceptualHash(name, _bits(variant), quality) for name, variant in turned)


def distance(one: bytes, other: bytes) -> int:
    """How many of the 256 bits differ: up to 31 is surely the same picture, up to 47 possibly."""
    return (int.from_bytes(one) ^ int.from_bytes(other)).bit_count()


def _spectrum(luminance: npt.NDArray[np.uint8]) -> tuple[Array, Array]:
    """The 64 x 64 samples and their 16 x 16 frequencies, in luminance levels."""
    height, width = luminance.shape
    samples = _sampling(height) @ luminance.astype(np.float32) @ _sampling(width).T
    cosines = _cosines()
    return samples, cosines @ samples @ cosines.T


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
    return inside / inside.sum(axis=1, keepdims=True)


@lru_cache(maxsize=1)
def _cosines() -> Array:
    """Rows 1-16 of the orthonormal cosine transform of 64 samples."""
    frequency, sample = np.arange(1, FREQUENCIES + 1)[:, None], np.arange(SAMPLES)
    wave = np.cos(np.pi / 2 / SAMPLES * frequency * (2 * sample + 1))
    return (np.sqrt(2 / SAMPLES) * wave).astype(np.float32)


def _bits(spectrum: Array) -> bytes:
    return np.packbits(spectrum > _median(spectrum)).tobytes()


def _median(spectrum: Array) -> np.float32:
    """The lower of the two middle values, as the reference takes it."""
    middle = spectrum.size // 2 - 1
    return np.float32(np.partition(spectrum, middle, axis=None)[middle])


def _quality(samples: Array, spectrum: Array) -> int:
    if np.median(np.abs(spectrum - _median(spectrum))) < LEAST_SPREAD:
        return 0
    slopes = sum(np.abs(np.trunc(np.diff(samples, axis=axis) * 100 / 255)).sum() for axis in (0, 1))
    return min(100, int(slopes / SLOPES_FOR_FULL_QUALITY))


def _turned(spectrum: Array) -> Iterator[Array]:
    """Mirroring a picture changes the sign of its odd waves, transposing it transposes the spectrum."""
    signs = np.where(np.arange(1, FREQUENCIES + 1) % 2, -1, 1).astype(np.float32)
    mirrored, flipped = spectrum * signs, spectrum * signs[:, None]
    yield spectrum
    yield mirrored.T
    yield mirrored * signs[:, None]
    yield flipped.T
    yield mirrored
    yield flipped
    yield spectrum.T
    yield (mirrored * signs[:, None]).T
