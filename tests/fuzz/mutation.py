"""Changes bytes as files and people do: flips, cuts, doubles, wrong lengths, pieces of other inputs.

Everything follows from the seed, so a failing input comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from random import Random

from tests.fuzz.target import Target

MOST_BYTES = 1 << 16
ODD_NUMBERS = (0, 1, 2, 3, 4, 7, 8, 12, 127, 128, 254, 255, 256, 32767, 32768, 65535, 65536)
LARGE_NUMBERS = (2**31 - 1, 2**31, 2**32 - 1, 2**32 - 12, 0x7FFFFFF0)


def inputs(target: Target, *, count: int, seed: int) -> Iterator[bytes]:
    """The seeds as they are, then `count` changed ones."""
    seeds = list(target.seeds())
    yield from seeds
    random = Random(f"{target.name} {seed}")
    for _ in range(count):
        yield mutated(random, seeds, target.words)


def mutated(random: Random, seeds: Sequence[bytes], words: Sequence[bytes]) -> bytes:
    """One of the seeds with one to six changes."""
    content = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 2, 3, 6))):
        if words and random.random() < 0.3:
            _put(random, content, random.choice(words))
        else:
            random.choice(_CHANGES)(random, content, seeds)
    return bytes(content[:MOST_BYTES])


def _flip(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    if content:
        content[random.randrange(len(content))] ^= 1 << random.randrange(8)


def _replace(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    if content:
        content[random.randrange(len(content))] = random.choice(
            (0, 0x20, 0x7F, 0x80, 0xFF, random.randrange(256))
        )


def _number(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    """A length, an offset or a count that lies."""
    width = random.choice((2, 4, 4))
    numbers = ODD_NUMBERS[:-1] if width == 2 else ODD_NUMBERS + LARGE_NUMBERS
    written = random.choice(numbers).to_bytes(width, random.choice(("big", "little")))
    at = random.randrange(len(content) + 1)
    content[at : at + width] = written


def _cut(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    del content[random.randrange(len(content) + 1) :]


def _remove(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    start = random.randrange(len(content) + 1)
    del content[start : start + random.choice((1, 2, 4, 16, 200))]


def _double(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    start = random.randrange(len(content) + 1)
    piece = content[start : start + random.choice((1, 4, 30, 300))]
    content[start:start] = piece * random.choice((1, 1, 2, 50))
    del content[MOST_BYTES:]


def _insert(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    at = random.randrange(len(content) + 1)
    content[at:at] = random.randbytes(random.choice((1, 2, 5, 40)))


def _cross(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    other = random.choice(seeds)
    start = random.randrange(len(other) + 1)
    _put(random, content, other[start : start + random.choice((4, 40, 400))])


def _put(random: Random, content: bytearray, piece: bytes) -> None:
    at = random.randrange(len(content) + 1)
    end = at + (len(piece) if random.random() < 0.5 else 0)
    content[at:end] = piece


_CHANGES: tuple[Callable[[Random, bytearray, Sequence[bytes]], None], ...] = (
    _flip,
    _replace,
    _number,
    _number,
    _cut,
    _remove,
    _double,
    _insert,
    _cross,
)
