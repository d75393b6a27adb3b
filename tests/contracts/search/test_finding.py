"""Who finds what: by words, akin ones too, only among one's own photos, and with the reason."""

from __future__ import annotations

from datetime import timedelta

import pytest

from photos.backends.search import Search
from photos.errors import Invalid
from photos.models import Label, Reason
from photos.query import parse
from tests.contracts.search.adapters import NOON, OWNER, STRANGER, document, keys


def test_a_document_is_found_by_its_words_and_says_why(search: Search) -> None:
    search.put([document(1, "Dog"), document(2, "Cat", description="a dog on a sofa")])
    hits = search.find(parse("dog"), owner_id=OWNER, order="relevance").hits
    assert [hit.key for hit in hits] == [1, 2]
    assert hits[0].reasons == (Reason("label", "Dog", 90.0),)
    assert hits[1].reasons == (Reason("description", "a dog on a sofa"),)
    assert hits[0].tier < hits[1].tier
    assert hits[0].taken_local == NOON + timedelta(minutes=1)


def test_an_empty_index_finds_nothing(search: Search) -> None:
    assert search.find(parse("dog"), owner_id=OWNER).hits == ()
    assert list(search.revisions()) == []


def test_nobody_finds_photos_of_somebody_else(search: Search) -> None:
    search.put([document(1, "Zebra"), document(2, "Zebra", owner_id=STRANGER)])
    for text in ("zebra", "label:zebra", "-cat", "", "cat OR zebra", "cat OR -cat", "width>=0", "zeb*"):
        assert keys(search, text) == [1]
        assert keys(search, text, owner_id=STRANGER) == [2]
        assert keys(search, text, owner_id=9) == []


def test_nobody_reaches_another_owner_with_words_that_the_index_uses_itself(search: Search) -> None:
    search.put([document(1, "Zebra", owner_id=STRANGER)])
    for text in (f'"{STRANGER}:timeline"', "fact:x", '"} : x"', '" OR "', "label:timeline", 'x" OR "y'):
        try:
            assert keys(search, text) == []
        except Invalid as error:
            assert error.code in ("query", "operator")


def test_relevance_goes_by_tier_and_then_newest(search: Search) -> None:
    search.put(
        [
            document(1, "Dog"),
            document(2, text=("beware of the dog",)),
            document(3, tags=("dog",)),
            document(4, labels=(Label("Dog", 40.0),)),
            document(5, place="Dog Island"),
            document(6, "Dog"),
        ]
    )
    assert keys(search, "dog", order="relevance") == [6, 1, 3, 5, 2, 4]


@pytest.mark.parametrize(
    "odd", ["\x00dog", "🐶 dog", "dog\u202egod", "d\ud800 dog", "'; DROP TABLE photo; --dog", 'say "dog"']
)
def test_odd_characters_are_kept_and_harm_nothing(search: Search, odd: str) -> None:
    fields = {"name": odd, "description": odd, "text": (odd,), "tags": (odd,), "camera": odd, "place": odd}
    search.put([document(1, odd, **fields)])
    hits = search.find(parse("dog OR doggod"), owner_id=OWNER).hits
    assert [hit.key for hit in hits] == [1]
    assert Reason("label", odd, 90.0) in hits[0].reasons


def test_words_akin_are_those_of_the_owner_and_come_last_in_every_order(search: Search) -> None:
    search.put(
        [
            document(1, "Dog"),
            document(2, description="two dogs"),
            document(3, "Dog"),
            document(4, "Puppy", owner_id=STRANGER),
        ]
    )
    assert keys(search, "dogs") == [2, 3, 1]
    assert keys(search, "dogs", order="oldest") == [2, 1, 3]
    assert keys(search, "dogs", order="relevance") == [2, 3, 1]
    assert keys(search, "puppy") == [3, 1]
    assert keys(search, "puppy", owner_id=STRANGER) == [4]
    assert keys(search, '"puppy"') == []
    assert keys(search, "pupy", owner_id=STRANGER) == [4]
    (hit,) = search.find(parse("pupy"), owner_id=STRANGER).hits
    assert hit.reasons == (Reason("label", "Puppy", 90.0, "pupy: read as puppy"),)


def test_keys_of_all_hits_are_told_at_once_and_bounded(search: Search) -> None:
    search.put([document(1, "Dog"), document(2, "Dogs"), document(3, "Cat"), document(4, "Dog")])
    search.put([document(9, "Dog", owner_id=STRANGER)])
    for text in ("dog", "-cat", "label:dog"):
        found = sorted(keys(search, text), reverse=True)
        assert search.list_keys(parse(text), owner_id=OWNER, limit=9) == (found, True)
        assert search.list_keys(parse(text), owner_id=OWNER, limit=len(found)) == (found, True)
        assert search.list_keys(parse(text), owner_id=OWNER, limit=1) == (found[:1], False)
