"""One thing that has to stand whatever bytes it is given, and where to begin looking for trouble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """`check` takes any bytes; it raises AssertionError, or whatever else should not have happened."""

    name: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    """Good and nearly good inputs, which the fuzzer changes."""
    words: tuple[bytes, ...] = ()
    """Pieces that mean something to the code."""
    share: float = 1.0
    """How many inputs it gets, as a share of what the quick ones get."""


def as_text(content: bytes) -> str:
    """Any text there can be in Python, lone surrogates included, out of any bytes."""
    try:
        return content.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        return content.decode("utf-8", "surrogateescape")
