"""Exact search among hashes: what a look at every one of them finds, nothing else, in the same order."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photos.perceptual import index as hash_index
from photos.perceptual.index import BAND_RADIUS, HASH_BYTES, HashIndex

PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "100"))
RADII = (0, 1, 15, 31, 32, 47, 256)


class Oracle:
    """Looks at every hash."""

    def __init__(self) -> None:
        self.known: list[tuple[int, int]] = []

    def add(self, keys: list[int], hashes: bytes) -> None:
        rows = (hashes[start : start + HASH_BYTES] for start in range(0, len(hashes), HASH_BYTES))
        self.known += [(key, int.from_bytes(row)) for key, row in zip(keys, rows, strict=True)]

    def remove(self, keys: set[int]) -> None:
        self.known = [(key, bits) for key, bits in self.known if key not in keys]

    def search(self, bits: bytes, radius: int) -> list[tuple[int, int]]:
        wanted = int.from_bytes(bits)
        found = [(key, (known ^ wanted).bit_count()) for key, known in self.known]
        return sorted((hit for hit in found if hit[1] <= radius), key=lambda hit: (hit[1], hit[0]))


def random_hashes(rng: np.random.Generator, count: int, *, skew: bool) -> np.ndarray:
    """Hashes as coins would fall; skewed ones share most of their bands with thousands of others."""
    hashes = rng.integers(0, 256, (count, HASH_BYTES), dtype=np.uint8)
    if skew:
        hashes[:, : HASH_BYTES // 2] = rng.integers(0, 3, (count, HASH_BYTES // 2), dtype=np.uint8)
    return hashes


def disturbed(rng: np.random.Generator, bits: bytes, distance: int) -> bytes:
    places = rng.choice(HASH_BYTES * 8, distance, replace=False)
    return (int.from_bytes(bits) ^ sum(1 << int(place) for place in places)).to_bytes(HASH_BYTES)


def compare(seed: int, *, skew: bool, count: int) -> int:
    """Build both, change both, ask both; how many questions had an answer."""
    rng = np.random.default_rng(seed)
    index, oracle = HashIndex(), Oracle()
    hashes = random_hashes(rng, count, skew=skew)
    keys = rng.integers(0, max(1, count // 2), count).tolist()
    for start in range(0, count, max(1, count // 3)):
        part = slice(start, start + max(1, count // 3))
        for each in (index, oracle):
            each.add(keys[part], hashes[part].tobytes())
        gone = set(rng.choice(keys, count // 20).tolist())
        index.remove(gone)
        oracle.remove(gone)
    assert len(index) == len(oracle.known)
    answered = 0
    for distance in (0, 1, 16, 30, 31, 32, 33, 47, 48):
        asked = disturbed(rng, hashes[rng.integers(count)].tobytes(), distance)
        for radius in RADII:
            found = index.search(asked, radius)
            assert found == oracle.search(asked, radius), (seed, distance, radius)
            answered += bool(found)
    return answered


@pytest.mark.parametrize("skew", [False, True], ids=["random", "skewed"])
@pytest.mark.parametrize("count", [1, 40, 3000, 12_000])
def test_it_finds_what_a_look_at_every_hash_finds(count: int, skew: bool) -> None:
    assert compare(count, skew=skew, count=count) > 8


@given(seed=st.integers(0, 2**32), count=st.integers(1, 300), skew=st.booleans())
@settings(max_examples=40, deadline=None)
def test_small_ones_are_equal_with_sorted_bands_too(seed: int, count: int, skew: bool) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_index, "LEAST_UNSORTED", 10)
        assert compare(seed, skew=skew, count=count) > 8


@pytest.mark.proof
def test_it_stays_exact_among_many() -> None:
    for seed in range(max(2, PROOF_N // 10)):
        assert compare(seed, skew=bool(seed % 2), count=20_000) > 10


def test_every_distance_a_band_search_promises_is_found() -> None:
    """The worst case of the bands: as many bands as possible differ, by two bits each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(hash_index, "LEAST_UNSORTED", 0)
        index = HashIndex()
        index.add([1], bytes(HASH_BYTES))
        asked = bytes.fromhex("0101" * 15 + "0100")
        assert int.from_bytes(asked).bit_count() == BAND_RADIUS
        assert index.search(asked, BAND_RADIUS) == [(1, BAND_RADIUS)]
        assert index.search(asked, BAND_RADIUS - 1) == []


def test_opposite_hashes_are_256_apart_and_not_0() -> None:
    index = HashIndex()
    index.add([1], b"\xff" * HASH_BYTES)
    assert index.search(bytes(HASH_BYTES), 255) == []
    assert index.search(bytes(HASH_BYTES), 256) == [(1, 256)]


def test_nothing_is_found_in_an_empty_index() -> None:
    index = HashIndex()
    index.remove({1})
    assert len(index) == 0
    assert [index.search(bytes(HASH_BYTES), radius) for radius in RADII] == [[]] * len(RADII)


def test_what_is_no_hash_is_refused() -> None:
    index = HashIndex()
    with pytest.raises(ValueError, match="32 bytes"):
        index.add([1], b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        index.search(b"short", 31)
    assert len(index) == 0
