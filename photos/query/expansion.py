"""Words akin to those of a query, chosen from the words of the library it is asked of.

Only bare words are expanded: what is quoted, starred, excluded or behind an operator means exactly what
it says. Other forms and synonyms count whenever the library has them; slips of the finger are mended
only if it knows neither the word nor anything akin. What is found by them comes after every exact hit
(`photos.query.evaluate`) and says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Protocol

import msgspec

from photos.query.analysis import analyse
from photos.query.forms import forms_of, slips_of
from photos.query.synonyms import synonyms_of
from photos.query.tree import Alternative, And, Kinship, Node, Or, Words

MOST_EXPANDED = 8
"""Words of one query that are expanded; those after them are taken as they are."""
MOST_OTHERS = 8
"""Alternatives of one word."""
MOST_SLIPS = 3
SHORTEST_MENDED = 4
"""Letters. In shorter words nearly every slip gives another word."""


class Vocabulary(Protocol):
    """The words that stand in the photos of one owner's timeline, names of files left out."""

    def counts(self, words: Collection[str]) -> Mapping[str, int]:
        """In how many photos each of these analysed words stands; unknown ones are left out."""


class CountedWords(msgspec.Struct, frozen=True):
    """A vocabulary in memory."""

    photos: Mapping[str, int]

    def counts(self, words: Collection[str]) -> Mapping[str, int]:
        """See `Vocabulary`."""
        return {word: self.photos[word] for word in words if word in self.photos}


def expand(tree: Node, vocabulary: Vocabulary) -> Node:
    """The tree with `others` filled in. Asks the vocabulary twice at most."""
    found = list(dict.fromkeys(_bare_words(tree)))[:MOST_EXPANDED]
    if not found:
        return tree
    akin = {word: list(_akin(word)) for word in found}
    asked = {part for word in found for other in akin[word] for part in other.text.split()} | set(found)
    known = vocabulary.counts(asked)
    others = {
        word: tuple(other for other in akin[word] if all(part in known for part in other.text.split()))
        for word in found
    }
    unknown = [word for word in found if word not in known and not others[word]]
    others.update(_mended(unknown, vocabulary))
    return _with_others(tree, {word: given[:MOST_OTHERS] for word, given in others.items() if given})


def _bare_words(node: Node) -> Iterator[str]:
    """Every word that may be expanded, from left to right."""
    match node:
        case And(children=children) | Or(children=children):
            for child in children:
                yield from _bare_words(child)
        case Words():
            word = _expandable(node)
            if word:
                yield word


def _expandable(node: Words) -> str:
    """The one analysed word of a bare term; empty if the term means exactly what it says."""
    if node.field is not None or node.is_prefix or node.is_exact:
        return ""
    words = analyse(node.text)
    return words[0] if len(words) == 1 else ""


def _akin(word: str) -> Iterator[Alternative]:
    """Forms, then synonyms of the word and of its forms; each once."""
    given = {word}
    forms = forms_of(word)
    for kinship, texts in (
        (Kinship.FORM, forms),
        (Kinship.SYNONYM, [text for each in (word, *forms) for text in synonyms_of(each)]),
    ):
        for text in texts:
            if text not in given:
                given.add(text)
                yield Alternative(text, kinship)


def _mended(words: Collection[str], vocabulary: Vocabulary) -> dict[str, tuple[Alternative, ...]]:
    """The commonest known words one slip away, for words of letters alone."""
    slips = {word: slips_of(word) for word in words if len(word) >= SHORTEST_MENDED and word.isalpha()}
    known = vocabulary.counts(set().union(*slips.values())) if slips else {}
    mended = {}
    for word, near in slips.items():
        best = sorted((other for other in near if other in known), key=lambda other: (-known[other], other))
        mended[word] = tuple(Alternative(other, Kinship.TYPO) for other in best[:MOST_SLIPS])
    return mended


def _with_others(node: Node, others: Mapping[str, tuple[Alternative, ...]]) -> Node:
    match node:
        case And(children=children) | Or(children=children):
            return replace(node, children=tuple(_with_others(child, others) for child in children))
        case Words():
            given = others.get(_expandable(node))
            return replace(node, others=given) if given else node
    return node
