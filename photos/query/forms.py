"""Other spellings of one English word: singular and plural, possessive, and slips of the finger.

These are guesses; `photos.query.expansion` keeps those that the library knows. Words come analysed: lower
case, curved apostrophes made straight.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_ENGLISH = re.compile(r"[a-z]{3,}(?:'s)?")

_UNLIKE = """
    child children
    person people
    man men
    woman women
    foot feet
    tooth teeth
    goose geese
    mouse mice
    ox oxen
    leaf leaves
    wolf wolves
    cactus cacti
"""
_IRREGULAR: dict[str, str] = {}
for _singular, _plural in (line.split() for line in _UNLIKE.strip().splitlines()):
    _IRREGULAR |= {_singular: _plural, _plural: _singular}

_ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "абвгдеёжзийклмнопрстуфхцчшщъыьэюя", "αβγδεζηθικλμνξοπρσςτυφχψω")


def forms_of(word: str) -> list[str]:
    """Singular, plural and possessive forms that the word might have, likeliest first, itself left out."""
    if not _ENGLISH.fullmatch(word):
        return []
    bare = word.removesuffix("'s")
    singulars = list(_singulars(bare))
    found = [bare, *singulars]
    for each in (bare, *singulars):
        found += [*_plurals(each), f"{each}'s"]
    return [form for form in dict.fromkeys(found) if form != word and len(form) > 2]


def _singulars(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return
    yield word[:-1]
    if word.endswith("ies"):
        yield word[:-3] + "y"
    elif word.endswith("ves"):
        yield word[:-3] + "f"
        yield word[:-3] + "fe"
    elif word.endswith("es") and word[:-2].endswith(("s", "x", "z", "ch", "sh", "o")):
        yield word[:-2]


def _plurals(word: str) -> Iterator[str]:
    if word in _IRREGULAR:
        yield _IRREGULAR[word]
    if word.endswith(("s", "x", "z", "ch", "sh", "o")):
        yield word + "es"
    elif word.endswith("y"):
        yield word[:-1] + "ies"
    elif word.endswith(("f", "fe")):
        yield word.removesuffix("e")[:-1] + "ves"
    if not word.endswith("s"):
        yield word + "s"


def slips_of(word: str) -> set[str]:
    """All words one slip away: a letter missing, too many, wrong, or two neighbours in the wrong order.

    Letters are put in from the alphabet the word begins in: Latin, Cyrillic or Greek.
    """
    letters = next((each for each in _ALPHABETS if word[:1] in each), "")
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    found = {left + right[1:] for left, right in cuts if right}
    found |= {left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1}
    found |= {left + letter + right[1:] for left, right in cuts if right for letter in letters}
    found |= {left + letter + right for left, right in cuts for letter in letters}
    return found - {word, ""}
