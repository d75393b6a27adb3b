"""Time grows with the length of a text and not faster, for texts made to be slow.

Counted is CPU time at two lengths, one eight times the other: linear work takes about eight times as long,
quadratic work sixty-four times. The smallest of several tries stands against a busy machine.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from photos.errors import Invalid
from photos.imaging import moments
from photos.imaging.sniff import sniff
from photos.imaging.wording import clean_line, clean_text
from photos.query import parse
from photos.query.analysis import analyse
from photos.query.grammar import LONGEST
from photos.services import library, promises

TIMES = 8
MOST = 24
"""Between eight and sixty-four; what is short has costs of its own."""
LONG_ENOUGH_SECONDS = 0.001
"""The short text is taken as often as it needs for a clock."""
SHORT = 500
TRIES = 3

TEXTS = {
    "letters": "a",
    "letters and dots": "a.",
    "digits and commas": "1,",
    "marks": "e\u0301",
    "joined emoji": "👩\u200d",
    "flags": "🇩",
    "kana": "ﾄﾞ",
    "spaces": " ",
    "lines": "\n",
    "lines and spaces": "\n \n",
    "soft hyphens": "\u00ad",
    "tags": "<a:svg",
    "brackets": "(",
    "quotes": '"a',
}


def on_text(work: Callable[[str], object]) -> Callable[[str], object]:
    def refused(text: str) -> None:
        with suppress(Invalid):
            work(text)

    return refused


WORKS: dict[str, Callable[[str], object]] = {
    "analyse": analyse,
    "clean_line": lambda text: clean_line(text, 100),
    "clean_text": lambda text: clean_text(text, 2000),
    "clean_name": on_text(promises.clean_name),
    "description": on_text(lambda text: library.clean_text(text, limit=10**9, field="description")),
    "first bytes": on_text(lambda text: sniff(text.encode())),
    "date of XMP": moments.parse_iso,
}


def seconds(work: Callable[[str], object], text: str, times: int = 1) -> float:
    taken = []
    for _ in range(TRIES):
        before = time.process_time()
        for _ in range(times):
            work(text)
        taken.append(time.process_time() - before)
    return min(taken)


@pytest.mark.parametrize("name", WORKS)
@pytest.mark.parametrize("kind", TEXTS)
def test_time_grows_with_the_length(name: str, kind: str) -> None:
    work, text, times = WORKS[name], TEXTS[kind] * SHORT, 1
    while (short := seconds(work, text, times)) < LONG_ENOUGH_SECONDS:
        times *= 4
    assert seconds(work, text * TIMES, times) < short * MOST


@pytest.mark.parametrize("piece", ["(", "-", "a ", '"', "a OR ", "label:", "near:1,", "😀", "**"])
def test_no_query_of_the_longest_length_is_slower_than_others(piece: str) -> None:
    longest = (piece * LONGEST)[:LONGEST]
    slow, plain = (seconds(on_text(parse), text, 10) for text in (longest, "word " * 32))
    assert slow < plain * MOST
