"""Search for the vectors that point most nearly the same way as one of them: exactly, and by their signs."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

COMPARED_AT_ONCE = 1 << 10
"""Rows that are floating-point numbers at the same time: half a megabyte. More of them BLAS shares among
threads, which wait for each other forty times as long as the whole takes."""
SCANNED_AT_ONCE = 1 << 15
"""Rows of signs whose intermediate sums stay in the processor's cache."""


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
    def bytes_each(self) -> int:
        """What one of them takes in memory."""
        return self._length + self._keys.itemsize + self._norms.itemsize

    @property
    def size_bytes(self) -> int:
        """What they take in memory."""
        return len(self) * self.bytes_each

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


class Signs:
    """Of vectors of one length, by a key each, which of their numbers are negative: a bit in place of a byte.

    The share of signs in which two vectors differ is about their angle, as a share of half a turn (Charikar,
    "Similarity estimation techniques from rounding algorithms", 2002). So the signs choose what is worth an
    exact comparison. Safe to read from several threads; a bit for each number, and eight bytes a vector.
    """

    def __init__(self, length: int) -> None:
        if length % 64:
            raise ValueError("signs are read by words of 64")
        self._length = length
        self._keys = array("q")
        self._bits = bytearray()

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def size_bytes(self) -> int:
        """What they take in memory."""
        return len(self._bits) + len(self) * self._keys.itemsize

    def copy(self) -> Signs:
        """The same once more, to add to while others read these."""
        same = Signs(self._length)
        same._keys, same._bits = array("q", self._keys), bytearray(self._bits)
        return same

    def add(self, keys: Sequence[int], joined: bytes) -> None:
        """Add vectors, joined to one string in the order of their keys; a key may come again.

        Raises ValueError if it is not one vector a key.
        """
        if len(joined) != self._length * len(keys):
            raise ValueError(f"a vector has {self._length} numbers")
        self._keys.extend(keys)
        self._bits += _packed(joined)

    def nearest(self, vector: bytes, limit: int) -> list[int]:
        """Keys of about `limit` vectors whose signs differ least from this one's, in no order."""
        if len(vector) != self._length:
            raise ValueError(f"a vector has {self._length} numbers")
        words = self._length // 64
        rows = np.frombuffer(self._bits, np.uint64).reshape(-1, words)
        asked = np.frombuffer(_packed(vector), np.uint64)
        differing = np.empty(len(rows), np.uint16)
        for start in range(0, len(rows), SCANNED_AT_ONCE):
            some = slice(start, start + SCANNED_AT_ONCE)
            np.sum(np.bitwise_count(rows[some] ^ asked), axis=1, dtype=np.uint16, out=differing[some])
        keys = np.frombuffer(self._keys, np.int64)
        if limit < len(keys):
            most = np.partition(differing, limit)[limit]
            near = np.flatnonzero(differing < most)
            # many may be as far as the last one
            keys = keys[np.concatenate((near, np.flatnonzero(differing == most)[: limit - len(near)]))]
        return list(dict.fromkeys(keys.tolist()))


def _packed(vectors: bytes) -> bytes:
    return np.packbits(np.frombuffer(vectors, np.int8) < 0).tobytes()
