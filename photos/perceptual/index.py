"""Exact search among many perceptual hashes: all within a Hamming distance of one.

Up to radius 31 by bands (Norouzi et al., "Fast Search in Hamming Space with Multi-Index Hashing", 2012): of
16 bands of 16 bits at least one differs in at most one bit, so 17 buckets a band hold every answer. Beyond,
a scan of packed columns, two first: few hashes that are far away are near in half of their bits.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.intp]

HASH_BYTES = 32
BANDS = 16
BAND_VALUES = 1 << 16
BAND_RADIUS = 2 * BANDS - 1
"""The largest distance at which some band must differ in fewer than two bits."""
PROBES = np.concatenate(([0], 1 << np.arange(16))).astype(np.uint16)
"""What a band's value may differ by: nothing, or one bit."""
SCANNED_AT_ONCE = 1 << 15
"""Rows whose intermediate sums stay in the processor's cache."""
LEAST_UNSORTED = 4096
MOST_UNSORTED_SHARE = 1 / 16
"""New hashes are scanned until there are so many of them, then the bands are sorted anew."""


class HashIndex:
    """Hashes by a key each; a key may have several. Not safe for threads that change it.

    About 100 bytes a hash. Sorting a million takes a fraction of a second; one comes without.
    """

    def __init__(self) -> None:
        self._count = 0
        self._sorted = 0
        self._keys: Keys = np.empty(0, np.int64)
        self._columns: Words = np.empty((HASH_BYTES // 8, 0), np.uint64)
        self._gone = np.empty(0, np.bool_)
        self._order: npt.NDArray[np.uint32] = np.empty((BANDS, 0), np.uint32)
        self._starts: npt.NDArray[np.uint32] = np.zeros((BANDS, BAND_VALUES + 1), np.uint32)

    def __len__(self) -> int:
        return self._count - int(self._gone[: self._count].sum())

    def add(self, keys: Sequence[int] | Keys, hashes: bytes) -> None:
        """Add hashes, joined to one string in the order of their keys.

        Raises ValueError if it is not 32 bytes a key.
        """
        if len(hashes) != HASH_BYTES * len(keys):
            raise ValueError("a hash has 32 bytes")
        total = self._count + len(keys)
        if total > len(self._keys):
            self._grow(max(total, 2 * len(self._keys)))
        self._keys[self._count : total] = keys
        self._columns[:, self._count : total] = (
            np.frombuffer(hashes, np.uint64).reshape(-1, HASH_BYTES // 8).T
        )
        self._gone[self._count : total] = False
        self._count = total

    def remove(self, keys: Collection[int]) -> None:
        """Forget all hashes of these keys; unknown ones are no fault."""
        self._gone[: self._count] |= np.isin(self._keys[: self._count], np.fromiter(keys, np.int64))
        if self._gone[: self._count].sum() > self._count * MOST_UNSORTED_SHARE:
            self._drop_gone()

    def search(self, bits: bytes, radius: int) -> list[tuple[int, int]]:
        """(key, distance) of every hash within `radius` bits of this one, nearest first, then by key.

        Raises ValueError if `bits` is not 32 bytes.
        """
        if len(bits) != HASH_BYTES:
            raise ValueError("a hash has 32 bytes")
        wanted = np.frombuffer(bits, np.uint64)
        if radius > BAND_RADIUS:
            rows = self._scan(wanted, radius, 0)
        else:
            self._sort()
            rows = np.concatenate((self._probe(wanted), self._scan(wanted, radius, self._sorted)))
        distances = self._distances(rows, wanted)
        near = (distances <= radius) & ~self._gone[rows]
        found = zip(self._keys[rows[near]].tolist(), distances[near].tolist(), strict=True)
        return sorted(found, key=lambda hit: (hit[1], hit[0]))

    def _grow(self, capacity: int) -> None:
        more = capacity - len(self._keys)
        self._keys = np.concatenate((self._keys, np.empty(more, np.int64)))
        self._columns = np.hstack((self._columns, np.empty((HASH_BYTES // 8, more), np.uint64)))
        self._gone = np.concatenate((self._gone, np.zeros(more, np.bool_)))

    def _drop_gone(self) -> None:
        kept = np.flatnonzero(~self._gone[: self._count])
        self._keys, self._columns = self._keys[kept], np.ascontiguousarray(self._columns[:, kept])
        self._gone = np.zeros(len(kept), np.bool_)
        self._count, self._sorted = len(kept), 0

    def _sort(self) -> None:
        """Sort the bands, if many hashes have come since."""
        unsorted = self._count - self._sorted
        if unsorted <= max(LEAST_UNSORTED, self._sorted * MOST_UNSORTED_SHARE):
            return
        self._order = np.empty((BANDS, self._count), np.uint32)
        for band in range(BANDS):
            values = self._band(band)
            self._order[band] = np.argsort(values, kind="stable")
            counts = np.bincount(values, minlength=BAND_VALUES)
            np.cumsum(counts, out=self._starts[band, 1:])
        self._sorted = self._count

    def _band(self, band: int) -> npt.NDArray[np.uint16]:
        column, place = divmod(band, 4)
        return self._columns[column, : self._count].view(np.uint16)[place::4]

    def _probe(self, wanted: Words) -> Rows:
        """Rows, each once, that share a band with it but for one bit."""
        if not self._sorted:
            return np.empty(0, np.intp)
        values = wanted.view(np.uint16)[:, None] ^ PROBES
        bands = np.arange(BANDS)[:, None]
        starts = self._starts[bands, values].astype(np.intp)
        lengths = self._starts[bands, values.astype(np.intp) + 1] - starts
        # the buckets, one after the other: each place is its bucket's start and how far it is from there
        flat = lengths.ravel()
        ends = np.cumsum(flat)
        places = np.arange(ends[-1]) - np.repeat(ends - flat, flat) + np.repeat(starts.ravel(), flat)
        band_of_place = np.repeat(np.arange(BANDS), lengths.sum(axis=1))
        return np.unique(self._order[band_of_place, places]).astype(np.intp)

    def _scan(self, wanted: Words, radius: int, start: int) -> Rows:
        """Rows from `start` on of which half of the bits are within `radius`."""
        first, second = self._columns[0], self._columns[1]
        found = [np.empty(0, np.intp)]
        for begin in range(start, self._count, SCANNED_AT_ONCE):
            part = slice(begin, min(begin + SCANNED_AT_ONCE, self._count))
            half = np.bitwise_count(first[part] ^ wanted[0])
            half += np.bitwise_count(second[part] ^ wanted[1])
            found.append(np.flatnonzero(half <= radius) + begin)
        return np.concatenate(found)

    def _distances(self, rows: Rows, wanted: Words) -> npt.NDArray[np.int64]:
        different = np.bitwise_count(self._columns[:, rows] ^ wanted[:, None])
        return np.asarray(different.sum(axis=0, dtype=np.int64))
