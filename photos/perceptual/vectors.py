"""Exact search among vectors: those that point most nearly the same way as one of them."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

COMPARED_AT_ONCE = 1 << 10
"""Rows that are floating-point numbers at the same time: half a megabyte. More of them BLAS shares among
threads, which wait for each other forty times as long as the whole takes."""


class Vectors:
    """Vectors of signed bytes, all of one length, by a key each. Safe to read from several threads.

    A byte for each number, and twelve bytes for each vector.
    """

    def __init__(self, length: int) -> None:
        self._length = length
        self._keys = array("q")
        self._bits = bytearray()
        self._norms = array("f")

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def size_bytes(self) -> int:
        """What they take in memory."""
        return len(self._bits) + len(self) * (self._keys.itemsize + self._norms.itemsize)

    def add(self, keys: Sequence[int], joined: bytes) -> None:
        """Add vectors, joined to one string in the order of their keys.

        Raises ValueError if it is not one vector a key.
        """
        if len(joined) != self._length * len(keys):
            raise ValueError(f"a vector has {self._length} numbers")
        self._keys.extend(keys)
        self._bits += joined
        rows = np.frombuffer(joined, np.int8).reshape(-1, self._length).astype(np.float32)
        self._norms.frombytes(np.sqrt(np.einsum("ij,ij->i", rows, rows)).astype(np.float32).tobytes())

    def nearest(self, vector: bytes, limit: int) -> list[tuple[int, float]]:
        """(key, cosine) of the vectors at the smallest angles to this one, the nearest first.

        Of equal ones the larger keys. A vector of nothing but zeros is near to none. Raises ValueError for
        one of another length.
        """
        if len(vector) != self._length:
            raise ValueError(f"a vector has {self._length} numbers")
        asked = np.frombuffer(vector, np.int8).astype(np.float32)
        keys, cosines = np.frombuffer(self._keys, np.int64), self._cosines(asked)
        if limit < len(keys):
            least = np.partition(cosines, len(cosines) - limit)[len(cosines) - limit]
            chosen = np.flatnonzero(cosines >= least)
        else:
            chosen = np.arange(len(keys))
        order = chosen[np.lexsort((-keys[chosen], -cosines[chosen]))][:limit]
        return [(int(keys[row]), float(cosines[row])) for row in order]

    def _cosines(self, asked: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        rows = np.frombuffer(self._bits, np.int8).reshape(-1, self._length)
        products = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), COMPARED_AT_ONCE):
            some = slice(start, start + COMPARED_AT_ONCE)
            np.dot(rows[some].astype(np.float32), asked, out=products[some])
        norms = np.frombuffer(self._norms, np.float32) * np.linalg.norm(asked)
        return np.divide(products, norms, out=np.zeros_like(products), where=norms > 0)
