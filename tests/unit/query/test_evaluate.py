"""The definition itself: shelves, tiers, reasons, days and distances."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from photos.models import Label, Position, Reason, SearchDocument, Shelf
from photos.query import parse
from photos.query.distances import distance_km
from photos.query.evaluate import matches, search
from photos.query.ranking import order_number

PHOTO = SearchDocument(
    key=1,
    owner_id=7,
    revision=1,
    taken_local=datetime(2024, 6, 15, 23, 59, 59),
    shelf=Shelf.TIMELINE,
    name="IMG_1.jpg",
    description="Evening at the harbour",
    labels=(Label("Dog", 93.0), Label("Traffic light", 55.0), Label("Hot dog", 80.0)),
    text=("NO", "SMOKING"),
    tags=("Family trip",),
    albums=("Summer 2024",),
    camera="Canon EOS 5D",
    lens="EF 50mm",
    place="Lisbon, Portugal",
    position=Position(38.7223, -9.1393),
    media_type="image/jpeg",
    width=4000,
    height=3000,
    rating=4,
    is_favourite=True,
)


def found(text: str, photo: SearchDocument = PHOTO) -> bool:
    return matches(parse(text), photo) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "dog", "DOG", "harbour evening", '"at the harbour"', "harb*", "light", "portugal", "canon",
        "50mm", '"no smoking"', "label:dog", "label:dog>90", "label:dog<=93", 'label:"hot dog"',
        "label:hot*", "-cat", "cat OR dog", 'tag:"family trip"', "tag:fam*", "trip", "album:summer",
        "place:lisbon", "taken:2024-06-15", "taken:2024..", "before:2024-06-16", "after:2024-06-14",
        "near:38.7,-9.1,10", "rating:4", "rating>3", "is:favourite", "has:gps", "has:text", "has:description",
        "type:jpg", "width>3999", "height<=3000", "-(cat OR label:dog>95)", "-is:archived",
    ],
)  # fmt: skip
def test_it_is_found(text: str) -> None:
    assert found(text)


@pytest.mark.parametrize(
    "text",
    [
        "do", '"harbour evening"', "label:light", "label:dog>93", "tag:family", '"light hot"', "text:harbour",
        "-dog", "dog -harbour", "taken:2024-06-16", "before:2024-06-15", "after:2024-06-15", "near:48,11,100",
        "rating<4", "is:archived", "is:trashed", "has:people", "type:png", "width>4000", "camera:nikon",
    ],
)  # fmt: skip
def test_it_is_not_found(text: str) -> None:
    assert not found(text)


@pytest.mark.parametrize(
    ("shelf", "word"),
    [(Shelf.ARCHIVE, "is:archived"), (Shelf.TRASH, "is:trashed"), (Shelf.REFUSED, "is:refused")],
)
def test_other_shelves_are_seen_only_when_they_are_named(shelf: Shelf, word: str) -> None:
    photo = replace(PHOTO, shelf=shelf)
    assert not found("", photo)
    assert not found("dog -cat", photo)
    assert found(f"dog {word}", photo)
    assert found(f"dog ({word} OR -{word})", photo)
    assert found(f"dog ({word} OR -{word})", PHOTO)
    assert not found(f"dog -{word}", photo)


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("dog", 0), ("light", 4), ("harbour", 1), ("trip", 1), ("img_1", 1), ("summer", 1), ("lisbon", 2),
        ("canon", 2), ("smoking", 3), ("dog smoking", 3), ("dog OR smoking", 0), ("dog width>1", 0),
        ("smoking OR width>1", 0), ("-cat", 0), ("", 0), ("label:dog", 0), ('label:"traffic light"', 4),
    ],
)  # fmt: skip
def test_the_tier_is_that_of_the_weakest_word_and_the_best_alternative(text: str, tier: int) -> None:
    match = matches(parse(text), PHOTO)
    assert match is not None
    assert match.tier == tier


@pytest.mark.parametrize(
    ("text", "reasons"),
    [
        ("label:dog", [Reason("label", "Dog", 93.0)]),
        ("dog", [Reason("label", "Dog", 93.0), Reason("label", "Hot dog", 80.0)]),
        ("smoking", [Reason("text", "SMOKING")]),
        ('"no smoking"', [Reason("text", "NO\nSMOKING")]),
        ("dog dog*", [Reason("label", "Dog", 93.0), Reason("label", "Hot dog", 80.0)]),
        ("taken:2024", [Reason("date", "2024-06-15")]),
        ("near:38.7,-9.1,10", [Reason("place", "Lisbon, Portugal")]),
        ("width>10 -cat", [Reason("filter", "width>10"), Reason("filter", "-cat")]),
        ("", [Reason("date", "2024-06-15")]),
        ("cat OR canon", [Reason("camera", "Canon EOS 5D")]),
    ],
)
def test_every_hit_says_why(text: str, reasons: list[Reason]) -> None:
    match = matches(parse(text), PHOTO)
    assert match is not None
    assert list(match.reasons) == reasons


def test_without_its_reason_a_hit_is_gone() -> None:
    match = matches(parse("smoking"), PHOTO)
    assert match is not None
    assert match.reasons[0].kind == "text"
    assert not found("smoking", replace(PHOTO, text=()))


def test_results_belong_to_one_owner_and_come_in_order() -> None:
    photos = [
        replace(PHOTO, key=1, labels=(), description="dog"),
        replace(PHOTO, key=2),
        replace(PHOTO, key=3, owner_id=8),
        replace(PHOTO, key=4, taken_local=datetime(2020, 1, 1)),
    ]
    tree = parse("dog")
    assert [hit.key for hit in search(tree, photos, 7)] == [2, 1, 4]
    assert [hit.key for hit in search(tree, photos, 7, "oldest")] == [4, 1, 2]
    assert [hit.key for hit in search(tree, photos, 7, "relevance")] == [2, 4, 1]


def test_order_numbers_fit_64_bits_and_order_by_clock_then_key() -> None:
    last_key = 2**29 - 1
    clocks = [
        datetime(1600, 1, 1),
        datetime(1969, 12, 31, 23, 59, 59),
        datetime(1970, 1, 1),
        datetime(2400, 1, 1),
    ]
    numbers = [order_number(clock, key) for clock in clocks for key in (0, 1, last_key)]
    assert numbers == sorted(set(numbers))
    for clock in (datetime.min, datetime.max):
        assert -(2**63) <= order_number(clock, last_key) < 2**63


def test_distances_are_those_of_the_globe() -> None:
    assert distance_km(0, 0, 0, 180) == pytest.approx(20015.1, abs=0.1)
    assert distance_km(52.52, 13.405, 48.137, 11.575) == pytest.approx(504.3, abs=1)
    assert distance_km(0, 179.9, 0, -179.9) == pytest.approx(22.24, abs=0.01)
    assert distance_km(38, -9, 38, -9) == 0
