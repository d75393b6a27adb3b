"""The classifier's last layer in a tenth of its size: what photos alike have in common, in 128 bytes.

A random projection by signs (Achlioptas, "Database-friendly random projections", 2003) keeps angles well
enough, needs no pictures to be fitted to, and is the same everywhere: its signs are the output of SHAKE256.
"""

from __future__ import annotations

import hashlib
from functools import cache

import numpy as np
import numpy.typing as npt

from photos.backends.recognition.protocol import VECTOR_BYTES
from photos.backends.recognition.rule import Floats

SEED = b"bigimage vector 1"
"""Another one makes other vectors: then the provider's version has to rise."""


def reduced(features: Floats) -> bytes:
    """Signed bytes that point the way of the features, as far as so few can."""
    numbers = _signs(len(features)) @ features
    largest = np.abs(numbers).max()
    if not largest:
        return bytes(VECTOR_BYTES)
    return bytes(np.round(numbers * (127 / largest)).astype(np.int8))


@cache
def _signs(count: int) -> npt.NDArray[np.float32]:
    """128 rows of as many signs as there are features."""
    stream = hashlib.shake_256(SEED).digest(VECTOR_BYTES * count // 8)
    bits = np.unpackbits(np.frombuffer(stream, np.uint8)).astype(np.float32)
    return (bits * 2 - 1).reshape(VECTOR_BYTES, count)
