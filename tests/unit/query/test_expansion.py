"""Which other words a word is counted as, in a library that knows them."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pytest

from photos.query import parse
from photos.query.expansion import MOST_EXPANDED, MOST_OTHERS, CountedWords, expand
from photos.query.forms import forms_of, slips_of
from photos.query.synonyms import synonyms_of
from photos.query.tree import And, Kinship, Node, Not, Or, Words, walk

KNOWN = CountedWords(
    {
        "dog": 90, "dogs": 3, "beach": 40, "sunset": 20, "subset": 1, "person": 70, "child": 5, "cell": 4,
        "phone": 6, "neighbour's": 1, "city": 8, "wolf": 2, "2023": 50, "box": 3, "glass": 4, "bus": 9,
        "собака": 7, "family": 3, "mother": 2,
    }
)  # fmt: skip


def others(text: str) -> list[tuple[str, str]]:
    """(text, kinship) of all alternatives in the expanded query."""
    tree = expand(parse(text), KNOWN)
    return [
        (other.text, str(other.kinship))
        for node in walk(tree)
        if isinstance(node, Words)
        for other in node.others
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("dogs", [("dog", "form")]),
        ("dog", [("dogs", "form")]),
        ("dog's", [("dog", "form"), ("dogs", "form")]),
        ("dog’s", [("dog", "form"), ("dogs", "form")]),
        ("DOGS", [("dog", "form")]),
        ("cities", [("city", "form")]),
        ("wolves", [("wolf", "form")]),
        ("children", [("child", "form")]),
        ("boxes", [("box", "form")]),
        ("glasses", [("glass", "form")]),
        ("buses", [("bus", "form")]),
        ("neighbour", [("neighbour's", "form")]),
        ("neighbours", [("neighbour's", "form")]),
        ("puppy", [("dog", "synonym")]),
        ("puppies", [("dog", "synonym")]),
        ("smartphone", [("cell phone", "synonym"), ("phone", "synonym")]),
        ("sunsett", [("sunset", "typo")]),
        ("snuset", [("sunset", "typo")]),
        ("sunse", [("sunset", "typo")]),
        ("sumset", [("sunset", "typo"), ("subset", "typo")]),
        ("subsets", [("subset", "form")]),
        ("соба", []),
        ("сабака", [("собака", "typo")]),
        ("bech", [("beach", "typo")]),
    ],
)
def test_a_word_counts_as_its_kin(text: str, expected: list[tuple[str, str]]) -> None:
    assert others(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        '"dogs"', "dogs*", "-dogs", "-(dogs cat)", "label:dogs", "tag:dogs", "text:dogs", "2022", "20233",
        "beach", "unicorn", "dgo", "well-dogs", "東京", "",
    ],
)  # fmt: skip
def test_what_means_exactly_what_it_says_is_not_expanded(text: str) -> None:
    assert others(text) == []


def test_the_wider_word_counts_the_narrower_and_not_the_other_way_round() -> None:
    assert ("mother", "synonym") in others("family")
    assert ("family", "synonym") not in others("mother")


def test_words_are_expanded_wherever_they_hold() -> None:
    tree = expand(parse("(puppy OR cat) -dogs"), KNOWN)
    assert isinstance(tree, And)
    either, without = tree.children
    assert isinstance(either, Or) and isinstance(without, Not)
    assert [node.others != () for node in either.children if isinstance(node, Words)] == [True, False]
    assert tree.position == 0


class Counting:
    """A vocabulary that knows every word and counts how it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def counts(self, words: Collection[str]) -> Mapping[str, int]:
        self.asked += 1
        return dict.fromkeys(words, 1)


def test_the_cost_is_bounded() -> None:
    everything = Counting()
    tree = expand(parse(" ".join(f"dog{letter}s" for letter in "abcdefghijklmnop")), everything)
    expanded = [node for node in walk(tree) if isinstance(node, Words) and node.others]
    assert len(expanded) == MOST_EXPANDED
    assert all(len(node.others) <= MOST_OTHERS for node in expanded)
    assert everything.asked <= 2


def test_slips_are_one_step_away() -> None:
    assert {"do", "dgo", "dig", "doge", "og"} <= slips_of("dog")
    assert "dog" not in slips_of("dog")
    assert len(slips_of("a" * 20)) < 1200


def test_forms_and_synonyms_never_give_the_word_itself() -> None:
    for word in ("dog", "puppy", "people", "child", "cell", "fish", "glass", "news"):
        assert word not in forms_of(word)
        assert word not in synonyms_of(word)


def test_a_tree_without_bare_words_is_left_alone() -> None:
    tree: Node = parse("label:dog taken:2024")
    everything = Counting()
    assert expand(tree, everything) is tree
    assert everything.asked == 0
    assert Kinship("form") is Kinship.FORM
