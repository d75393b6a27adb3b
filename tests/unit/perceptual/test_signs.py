"""Signs of vectors choose those that are near: never all of them, and nearly all that count."""

from __future__ import annotations

import numpy as np
import pytest

from photos.perceptual.vectors import Signs, Vectors

LENGTH = 128
COUNT, GROUPS, ALIKE = 20_000, 40, 200


def crowd(seed: int) -> bytes:
    """Groups of pictures that have as much in common as pictures of one thing, and all of them a little."""
    chance = np.random.default_rng(seed)
    common = chance.normal(0, 15, LENGTH)
    groups = chance.normal(0, 25, (GROUPS, LENGTH))
    rows = common + groups[np.arange(COUNT) % GROUPS] + chance.normal(0, 25, (COUNT, LENGTH))
    return np.clip(np.rint(rows), -127, 127).astype(np.int8).tobytes()


def test_nearly_all_of_the_nearest_are_among_those_that_signs_choose() -> None:
    joined, keys = crowd(1), list(range(COUNT))
    exact, signs = Vectors(LENGTH), Signs(LENGTH)
    exact.add(keys, joined)
    signs.add(keys, joined)
    assert signs.size_bytes == COUNT * (LENGTH // 8 + 8)
    found = 0
    for asked in range(0, 4000, 100):
        vector = joined[asked * LENGTH : (asked + 1) * LENGTH]
        chosen = set(signs.nearest(vector, 4000))
        assert asked in chosen and len(chosen) == 4000
        found += sum(key in chosen for key, _ in exact.nearest(vector, ALIKE))
    assert found >= 0.99 * 40 * ALIKE


def test_few_vectors_are_all_chosen_and_a_key_once() -> None:
    signs = Signs(LENGTH)
    assert signs.nearest(bytes(LENGTH), 5) == []
    signs.add([3, 1, 3], bytes(3 * LENGTH))
    assert signs.nearest(bytes(LENGTH), 5) == [3, 1]
    more = signs.copy()
    more.add([9], b"\xff" * LENGTH)
    assert (len(signs), len(more)) == (3, 4)
    assert more.nearest(b"\xff" * LENGTH, 1) == [9]
    # of many that are equally far, no more than asked for
    assert len(more.nearest(bytes(LENGTH), 1)) == 1


@pytest.mark.parametrize("length", [0, 1, 127])
def test_other_lengths_are_refused(length: int) -> None:
    with pytest.raises(ValueError, match="128"):
        Signs(LENGTH).nearest(bytes(length), 1)
    with pytest.raises(ValueError, match="128"):
        Signs(LENGTH).add([1], bytes(length))
    with pytest.raises(ValueError, match="64"):
        Signs(100)
