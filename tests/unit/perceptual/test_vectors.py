"""Exact search among vectors, against a look at every one of them."""

from __future__ import annotations

from math import isclose, sqrt
from random import Random

import pytest

from photos.perceptual.vectors import COMPARED_AT_ONCE, Vectors

LENGTH = 16


def signed(vector: bytes) -> list[int]:
    return [number - 256 if number > 127 else number for number in vector]


def cosine(one: bytes, other: bytes) -> float:
    left, right = signed(one), signed(other)
    lengths = sqrt(sum(a * a for a in left)) * sqrt(sum(b * b for b in right))
    return sum(a * b for a, b in zip(left, right, strict=True)) / lengths if lengths else 0.0


def filled(vectors: dict[int, bytes]) -> Vectors:
    index = Vectors(LENGTH)
    keys = list(vectors)
    for start in range(0, len(keys), 1000):
        some = keys[start : start + 1000]
        index.add(some, b"".join(vectors[key] for key in some))
    return index


@pytest.mark.parametrize("count", [1, 7, 300, COMPARED_AT_ONCE + 1])
def test_the_nearest_are_those_that_a_look_at_every_one_finds(count: int) -> None:
    random = Random(count)
    vectors = {key: random.randbytes(LENGTH) for key in random.sample(range(10 * count), count)}
    index = filled(vectors)
    assert len(index) == count
    for limit in (1, 5, count, count + 5):
        asked = random.choice([*vectors.values(), random.randbytes(LENGTH)])
        found = index.nearest(asked, limit)
        every = {key: cosine(asked, vector) for key, vector in vectors.items()}
        expected = sorted(every.values(), reverse=True)[:limit]
        assert all(isclose(near, far, abs_tol=1e-5) for (_, near), far in zip(found, expected, strict=True))
        assert all(isclose(near, every[key], abs_tol=1e-5) for key, near in found)
        assert len({key for key, _ in found}) == len(found)


def test_of_equal_ones_the_larger_keys_come_first() -> None:
    index = filled(dict.fromkeys((3, 9, 5, 7), bytes(range(LENGTH))))
    assert [key for key, _ in index.nearest(bytes(range(LENGTH)), 3)] == [9, 7, 5]


def test_a_vector_of_nothing_is_near_to_none_and_breaks_nothing() -> None:
    index = filled({1: bytes(LENGTH), 2: b"\x7f" * LENGTH})
    assert index.nearest(bytes(LENGTH), 2) == [(2, 0.0), (1, 0.0)]
    assert index.nearest(b"\x81" * LENGTH, 1) == [(1, 0.0)]
    assert isclose(index.nearest(b"\x81" * LENGTH, 2)[1][1], -1, abs_tol=1e-5)


def test_nothing_is_found_among_none_and_another_length_is_refused() -> None:
    index = Vectors(LENGTH)
    assert index.nearest(bytes(LENGTH), 5) == []
    for wrong in (lambda: index.add([1], bytes(LENGTH + 1)), lambda: index.nearest(bytes(3), 1)):
        with pytest.raises(ValueError, match="numbers"):
            wrong()
