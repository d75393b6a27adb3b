"""The one analyser: text to the words that are compared, equal on every search engine.

It gives what OpenSearch's built-in parts give: tokenizer `standard` (the word boundaries of Unicode
Standard Annex 29; a run of Thai, Lao, Khmer or Burmese is one word), then `cjk_width`, `lowercase`,
`asciifolding` and `cjk_bigram`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import Enum, auto
from functools import lru_cache
from itertools import pairwise

LONGEST_WORD = 255
"""Longer words are cut into pieces of this many characters, as Lucene does."""

_ASCII_WORD = re.compile(r"\w(?:\w|(?<=[A-Za-z])[.:'](?=[A-Za-z])|(?<=[0-9])[.,;'](?=[0-9]))*", re.ASCII)
_HALF_WIDTH_KANA = re.compile("[\uff61-\uff9f]+")


def analyse(text: str) -> tuple[str, ...]:
    """The words of `text` in order. None is empty, and none holds a space, a quote or a bracket."""
    return _analyse_short(text) if len(text) <= _SHORT else _analyse(text)


def _analyse(text: str) -> tuple[str, ...]:
    if text.isascii():
        words = (word.lower() for word in _ASCII_WORD.findall(text) if word.strip("_"))
        return tuple(piece for word in words for piece in _pieces(word))
    return tuple(_bigrams(_tokens(composed(text))))


# Labels, places and cameras come again and again; the limits keep the cache to some megabytes.
_SHORT = 100
_analyse_short = lru_cache(maxsize=8_192)(_analyse)


def composed(text: str) -> str:
    """`text` in composed form (NFC) and without invisible formatting such as soft hyphens and
    direction marks: some file systems hand out names in pieces, and nobody can type what is unseen. The
    narrow space that French puts before its signs parts words as every space does.

    An engine with an analyser of its own has to be given text in this form.
    """
    return unicodedata.normalize("NFC", text.translate(_INVISIBLE))


class _Invisible(dict[int, int | None]):
    """For `str.translate`: format characters vanish, except those that join or part words, and so do
    the marks that choose between the coloured and the plain drawing of an emoji."""

    def __missing__(self, code: int) -> int | None:
        is_seen = code in (0x200B, 0x200C, 0x200D) or unicodedata.category(chr(code)) != "Cf"
        self[code] = code if is_seen and code not in (0xFE0E, 0xFE0F) else None
        return self[code]


_INVISIBLE = _Invisible({0x202F: 0x20})


class _Kind(Enum):
    """What a character is to word boundaries (the Word_Break property, as far as it matters)."""

    LETTER = auto()
    HANGUL = auto()
    DIGIT = auto()
    KATAKANA = auto()
    SYLLABIC = auto()  # Han and Hiragana: each is a token, later joined in pairs
    UNSPACED = auto()  # scripts that need a dictionary
    EMOJI = auto()
    FLAG = auto()
    EXTEND = auto()
    JOINER = auto()
    OTHER = auto()


_RANGES: tuple[tuple[_Kind, tuple[tuple[int, int], ...]], ...] = (
    (_Kind.FLAG, ((0x1F1E6, 0x1F1FF),)),
    (_Kind.EXTEND, ((0x1F3FB, 0x1F3FF), (0xFF9E, 0xFF9F))),
    (
        _Kind.KATAKANA,
        (
            (0x3031, 0x3035), (0x309B, 0x309C), (0x30A0, 0x30FA), (0x30FC, 0x30FF), (0x31F0, 0x31FF),
            (0x32D0, 0x32FE), (0x3300, 0x3357), (0xFF66, 0xFF9D),
        ),
    ),
    (
        _Kind.SYLLABIC,
        (
            (0x3005, 0x3005), (0x3007, 0x3007), (0x3021, 0x3029), (0x3038, 0x303B), (0x3041, 0x3096),
            (0x309D, 0x309F), (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF),
        ),
    ),
    (
        _Kind.HANGUL,
        ((0x1100, 0x11FF), (0x3131, 0x318E), (0xA960, 0xA97C), (0xAC00, 0xD7A3), (0xD7B0, 0xD7FB),
         (0xFFA0, 0xFFDC)),
    ),
)  # fmt: skip
_UNSPACED = (
    (0x0E00, 0x0EFF), (0x1000, 0x109F), (0x1780, 0x17FF), (0x1950, 0x19DF), (0x1A20, 0x1AAF),
    (0xA9E0, 0xA9FF), (0xAA60, 0xAADF),
)  # fmt: skip
_PICTURES = ((0x2190, 0x21FF), (0x2300, 0x23FF), (0x25A0, 0x27BF), (0x2B00, 0x2BFF), (0x1F000, 0x1FAFF))

_BETWEEN_BOTH = ".'\u2018\u2019\u2024\ufe52\uff07\uff0e"
_BETWEEN_LETTERS = frozenset(_BETWEEN_BOTH + ":\u00b7\u0387\u055f\u05f4\u2027\ufe13\ufe55\uff1a")
_BETWEEN_DIGITS = frozenset(
    _BETWEEN_BOTH + ",;\u037e\u0589\u060c\u060d\u066c\u07f8\u2044\ufe10\ufe14\ufe50\ufe54\uff0c\uff1b"
)


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for first, last in ranges)


@lru_cache(maxsize=8_192)
def _kind(char: str) -> _Kind:
    code = ord(char)
    for kind, ranges in _RANGES:
        if _within(code, ranges):
            return kind
    category = unicodedata.category(char)
    if category[0] in "LM" and _within(code, _UNSPACED):
        return _Kind.UNSPACED
    if category[0] == "M" or code in (0x200C, 0x200D):
        return _Kind.EXTEND
    if category[0] == "L" or category == "Nl" or 0x24B6 <= code <= 0x24E9:
        return _Kind.LETTER
    if category == "Nd":
        return _Kind.DIGIT
    if category == "Pc":
        return _Kind.JOINER
    if category == "So" and _within(code, _PICTURES):
        return _Kind.EMOJI
    return _Kind.OTHER


_WORD_KINDS = frozenset((_Kind.LETTER, _Kind.HANGUL, _Kind.DIGIT, _Kind.KATAKANA, _Kind.JOINER))
_LETTERS = frozenset((_Kind.LETTER, _Kind.HANGUL))
_PAIRED = frozenset((_Kind.SYLLABIC, _Kind.KATAKANA, _Kind.HANGUL))


def _tokens(text: str) -> Iterator[tuple[str, bool, int]]:
    """(token, whether it is paired by `_bigrams`, where it starts), by the rules of the annex."""
    start = 0
    while start < len(text):
        kind = _kind(text[start])
        if kind in _WORD_KINDS:
            end, kinds = _word_end(text, start)
            if kinds != {_Kind.JOINER}:
                yield text[start:end], len(kinds) == 1 and bool(kinds & _PAIRED), start
        elif kind is _Kind.SYLLABIC:
            end = _skip_marks(text, start + 1)
            yield text[start:end], True, start
        elif kind is _Kind.UNSPACED:
            end = start + 1
            while end < len(text) and _kind(text[end]) in (_Kind.UNSPACED, _Kind.EXTEND):
                end += 1
            yield text[start:end], False, start
        elif kind is _Kind.EMOJI or kind is _Kind.FLAG:
            end = _picture_end(text, start, kind)
            yield text[start:end], False, start
        else:
            end = start + 1
        start = end


def _word_end(text: str, start: int) -> tuple[int, set[_Kind]]:
    """The end of a word of letters, digits, Katakana and joiners, and the kinds it is made of."""
    kinds = {_kind(text[start])}
    last = _kind(text[start])
    end = _skip_marks(text, start + 1)
    while end < len(text):
        kind = _kind(text[end])
        if kind in _WORD_KINDS and _are_joined(last, kind):
            after = end + 1
        else:
            after = _after_middle(text, end, last)
            if after == end:
                break
            kind = _kind(text[after - 1])
        kinds.add(kind)
        last = kind
        end = _skip_marks(text, after)
    return end, kinds


def _are_joined(left: _Kind, right: _Kind) -> bool:
    """Katakana joins only itself and joiners; everything else of a word joins everything else."""
    if _Kind.JOINER in (left, right):
        return True
    return (left is _Kind.KATAKANA) == (right is _Kind.KATAKANA)


def _after_middle(text: str, end: int, last: _Kind) -> int:
    """Past a sign inside a word (`o'clock`, `3.14`) and the character after it; `end` if it is none."""
    following = _skip_marks(text, end + 1)
    if following >= len(text):
        return end
    kind = _kind(text[following])
    if last in _LETTERS and kind in _LETTERS and text[end] in _BETWEEN_LETTERS:
        return following + 1
    if last is kind is _Kind.DIGIT and text[end] in _BETWEEN_DIGITS:
        return following + 1
    return end


def _skip_marks(text: str, at: int) -> int:
    while at < len(text) and _kind(text[at]) is _Kind.EXTEND:
        at += 1
    return at


def _picture_end(text: str, start: int, kind: _Kind) -> int:
    """The end of one emoji: a flag of two letters, or pictures held together by zero-width joiners."""
    if kind is _Kind.FLAG:
        is_pair = start + 1 < len(text) and _kind(text[start + 1]) is _Kind.FLAG
        return _skip_marks(text, start + (2 if is_pair else 1))
    end = _skip_marks(text, start + 1)
    while end < len(text) and text[end - 1] == "\u200d" and _kind(text[end]) is _Kind.EMOJI:
        end = _skip_marks(text, end + 1)
    return end


def _bigrams(tokens: Iterator[tuple[str, bool, int]]) -> Iterator[str]:
    """Fold each token; neighbours in Chinese, Japanese and Korean become overlapping pairs."""
    run: list[str] = []
    run_end = -1
    for token, is_paired, start in tokens:
        if not is_paired or start != run_end:
            yield from _pairs(run)
            run = []
        if is_paired:
            run.extend(_folded(token))
            run_end = start + len(token)
        else:
            yield from _pieces(_folded(token))
    yield from _pairs(run)


def _pairs(run: list[str]) -> Iterator[str]:
    if len(run) == 1:
        yield run[0]
    for left, right in pairwise(run):
        yield left + right


def _pieces(word: str) -> Iterator[str]:
    for at in range(0, len(word), LONGEST_WORD):
        yield word[at : at + LONGEST_WORD]


def _folded(token: str) -> str:
    """Full width made plain, half-width Katakana made whole, lower case, Latin letters without marks."""
    whole = _HALF_WIDTH_KANA.sub(lambda run: unicodedata.normalize("NFKC", run[0]), token)
    return whole.translate(_FOLD)


_LATIN = (
    (0x80, 0x24F), (0x250, 0x2AF), (0x1D00, 0x1DBF), (0x1E00, 0x1EFF), (0x2070, 0x209F), (0x2460, 0x24FF),
    (0x2C60, 0x2C7F), (0xA720, 0xA7FF), (0xFB00, 0xFB06), (0xFF01, 0xFF5E),
)  # fmt: skip
_LATIN_NAME = re.compile(r"LATIN SMALL LETTER ([A-Z]{1,2})(?: WITH .*)?")
_BY_HAND = {
    "ß": "ss", "þ": "th", "ð": "d", "ı": "i", "ŋ": "n", "ĸ": "q", "ſ": "s", "ŉ": "n", "ə": "a", "ɛ": "e",
    "ɔ": "o", "ǝ": "e", "ƿ": "w", "ȷ": "j", "œ": "oe", "æ": "ae", "ꜳ": "aa", "\u2019": "'", "\u2018": "'",
}  # fmt: skip


class _Fold(dict[int, str]):
    """For `str.translate`: one character to what it is compared as, found once and kept."""

    def __missing__(self, code: int) -> str:
        if 0xFF01 <= code <= 0xFF5E:
            code -= 0xFEE0
        lowered = chr(code).lower()[0]
        self[code] = plain = lowered if lowered.isascii() else _plain_latin(lowered)
        return plain


_FOLD = _Fold()


def _plain_latin(char: str) -> str:
    """A lower-case Latin letter in ASCII; anything else as it is."""
    if char in _BY_HAND:
        return _BY_HAND[char]
    if not _within(ord(char), _LATIN):
        return char
    parts = unicodedata.normalize("NFKD", char)
    base = "".join(part for part in parts if not unicodedata.combining(part)).lower()
    if base.isascii() and base.isalnum():
        return base
    named = _LATIN_NAME.fullmatch(unicodedata.name(char, ""))
    return named[1].lower() if named else char
