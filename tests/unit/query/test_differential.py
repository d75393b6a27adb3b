"""SQLite's index answers as the naive evaluator does: hits, order, tiers and reasons."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from itertools import product
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from photos.backends.search import FACETS
from photos.backends.search.sqlite import SqliteSearch
from photos.backends.search.sqlite_facets import MOST_VALUES
from photos.models import Hit, Label, Position, SearchDocument, Shelf
from photos.query import QueryError, parse, unparse
from photos.query.analysis import analyse
from photos.query.evaluate import least_confidence, search
from photos.query.grammar import LONGEST
from photos.query.tree import Node
from photos.query.vocabulary import Kind, file_kind, places_in
from tests.proof import Sweep

from .libraries import OWNERS, PIECES, changed, library, likened, vocabulary, whole_query

ORDERS = ("newest", "oldest", "relevance")


def found(index: SqliteSearch, tree: Node, owner_id: int, order: str, limit: int) -> list[Hit]:
    hits: list[Hit] = []
    cursor = None
    while True:
        page = index.find(tree, owner_id=owner_id, order=order, limit=limit, cursor=cursor)
        hits.extend(page.hits)
        assert len(page.hits) == limit or page.next is None
        cursor = page.next
        if cursor is None:
            return hits


def compare(folder: Path, seed: int, libraries: int, queries: int) -> int:
    """Hold both against each other; how many queries found something."""
    random = Random(seed)
    fruitful = 0
    for number in range(libraries):
        index = SqliteSearch(folder / f"{seed}-{number}.db")
        words = vocabulary(random)
        documents = {known.key: known for known in library(random, words, random.choice((1, 40, 80)))}
        index.put(documents.values())
        rearrange(random, words, index, documents)
        for _ in range(queries):
            fruitful += check_one(random, words, index, documents)
        index.close()
    return fruitful


def rearrange(
    random: Random, words: Sequence[str], index: SqliteSearch, documents: dict[int, SearchDocument]
) -> None:
    """Change some photos, in part with older states, and remove some."""
    for known in random.sample(list(documents.values()), len(documents) // 4):
        later = changed(random, words, known)
        index.put([later])
        if later.revision >= known.revision:
            documents[later.key] = later
    gone = random.sample(sorted(documents), len(documents) // 6)
    index.remove(gone)
    for key in gone:
        del documents[key]


def check_one(
    random: Random, words: Sequence[str], index: SqliteSearch, documents: dict[int, SearchDocument]
) -> bool:
    """One random query; whether it found something."""
    text = whole_query(random, words)
    try:
        plain = parse(text)
    except QueryError:
        return False
    tree = likened(random, plain, list(documents))
    owner_id, order = random.choice(OWNERS), random.choice(ORDERS)
    expected = list(search(tree, documents.values(), owner_id, order))
    assert found(index, tree, owner_id, order, random.choice((1, 3, 60))) == expected, (text, owner_id, order)
    check_facets(index, tree, owner_id, [documents[hit.key] for hit in expected])
    if expected and order != "relevance":
        check_neighbours(random, index, tree, owner_id, order, [hit.key for hit in expected])
    assert unparse(tree) == unparse(plain)
    if len(unparse(plain)) <= LONGEST:
        assert parse(unparse(plain)) == plain
    assert all(hit.reasons for hit in expected)
    return bool(expected)


TEXTS: dict[Kind, Callable[[SearchDocument], str]] = {
    Kind.PLACE: lambda document: document.place,
    Kind.CAMERA: lambda document: document.camera,
}
"""Texts whose words a value is searched for in."""


def check_facets(index: SqliteSearch, tree: Node, owner_id: int, hits: Sequence[SearchDocument]) -> None:
    """Every count is that of the hits, and the commonest are told."""
    facets = index.facets(tree, owner_id=owner_id)
    assert (facets.photos, facets.is_whole) == (len(hits), True)
    for kind in FACETS:
        values = [values_of(document, kind, tree) for document in hits]
        expected = Counter(value for some in values for value in some)
        if kind in TEXTS:
            # what a search for the value would find among them
            texts = [f" {' '.join(analyse(TEXTS[kind](document)))} " for document in hits]
            expected = Counter(
                {value: sum(f" {' '.join(analyse(value))} " in text for text in texts) for value in expected}
            )
        told = {as_compared(kind, value.shown): value.photos for value in facets.values if value.kind is kind}
        assert sorted(told.values(), reverse=True) == sorted(expected.values(), reverse=True)[:MOST_VALUES]
        assert told.items() <= expected.items()


def values_of(document: SearchDocument, kind: Kind, tree: Node) -> set[str]:
    """What one hit counts for."""
    if kind is Kind.LABEL:
        least = least_confidence(tree)
        names = {label.name for label in document.labels if label.confidence >= least}
        return {as_compared(kind, name) for name in names} - {""}
    if kind is Kind.YEAR:
        is_told_apart = 1427 < document.taken_local.year < 2514
        return {str(document.taken_local.year)} if is_told_apart else set()
    if kind is Kind.TYPE:
        return {file_kind(document.media_type)} - {""}
    values = places_in(document.place) if kind is Kind.PLACE else (document.camera,)
    return {value for value in values if analyse(value)}


def as_compared(kind: Kind, shown: str) -> str:
    """Labels count as one if they are analysed alike."""
    return " ".join(analyse(shown)) if kind is Kind.LABEL else shown


def check_neighbours(
    random: Random, index: SqliteSearch, tree: Node, owner_id: int, order: str, keys: list[int]
) -> None:
    """One hit has the hits beside it that the whole list has."""
    at = random.randrange(len(keys))
    beside = (keys[at - 1] if at else None, keys[at + 1] if at + 1 < len(keys) else None)
    assert index.neighbours(tree, keys[at], owner_id=owner_id, order=order) == beside


def test_the_index_gives_the_same_hits_order_tiers_and_reasons_as_the_definition(tmp_path: Path) -> None:
    fruitful = compare(tmp_path, seed=20_240_601, libraries=20, queries=30)
    assert fruitful > 200


HARD = [
    "label:dog<50",
    "label:dog<50 OR label:cat",
    "label:dog>=70 OR label:cat<70",
    "near:48,11,5.56",
    "near:48,11,5.55",
    "near:48.05,11,5.56 dog",
    "near:90,0,1",
    "near:0,180,11000",
    "taken:2024-01-01",
    "before:2024-01-02",
    "after:2024-01-01",
    "dog OR taken:2024-01-02",
    "taken:2024-01-02 OR before:2024-01-01",
    "-(dog width>3000)",
    "-(-dog OR -width>3000)",
    "before:1500 OR after:2499",
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("text", HARD)
def test_the_index_equals_the_definition_on_edges(tmp_path: Path, text: str, order: str) -> None:
    clocks = [datetime(2024, 1, day) for day in (1, 2)] + [datetime(2024, 1, 1, 23, 59, 59, 999_999)]
    clocks += [datetime(2023, 12, 31, 23, 59, 59), datetime.min, datetime.max]
    labels = [
        (Label("Dog", 90.0), Label("Dog", 40.0), Label("Cat", 75.0)),
        (Label("Dog", 70.0), Label("Cat", 50.0)),
        (Label("Dog", 49.9),),
        (Label("Cat", 70.0),),
        (),
    ]
    places = [Position(48.0, 11.0), Position(48.05, 11.0), Position(90.0, 50.0), None]
    documents = [
        SearchDocument(key, 1, 1, clock, Shelf.TIMELINE, labels=seen, position=place, width=3000 + key % 2)
        for key, (clock, seen, place) in enumerate(product(clocks, labels, places))
    ]
    index = SqliteSearch(tmp_path / "search.db")
    index.put(documents)
    tree = parse(text)
    expected = list(search(tree, documents, 1, order))
    assert 0 < len(expected) < len(documents)
    assert found(index, tree, 1, order, 7) == expected
    index.close()


DEEPEST = [
    "-(dog OR " * 6 + "cat" + ")" * 6,
    "(-" * 6 + "dog" + ")" * 6,
    "(dog width>3000 OR " * 12 + "cat" + ")" * 12,
    "-(dog width>3000 OR " * 6 + "cat" + ")" * 6,
    " OR ".join(f"d{letter}*" for letter in "abcdoxyz"),
    " ".join(f"-w{number}" for number in range(32)),
]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("text", DEEPEST)
def test_the_deepest_and_longest_queries_are_answered(tmp_path: Path, text: str, order: str) -> None:
    photos = [
        SearchDocument(key, 1, 1, datetime(2024, 6, 1), Shelf.TIMELINE, name=name, width=key * 2000)
        for key, name in enumerate(("dog", "cat", "dog cat", "bird"))
    ]
    index = SqliteSearch(tmp_path / "search.db")
    index.put(photos)
    tree = parse(text)
    assert found(index, tree, 1, order, 3) == list(search(tree, photos, 1, order))
    index.close()


@pytest.fixture(scope="module")
def shared_index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteSearch]:
    index = SqliteSearch(tmp_path_factory.mktemp("index") / "search.db")
    yield index
    index.close()


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.text(max_size=60)))
def test_no_text_in_photo_or_query_upsets_the_index(shared_index: SqliteSearch, text: str) -> None:
    photo = SearchDocument(
        1, 1, 1, datetime(2024, 6, 1), Shelf.TIMELINE, name=text, labels=(Label(text, 80.0),), tags=(text,)
    )
    shared_index.put([photo])
    try:
        tree = parse(text)
    except QueryError:
        tree = parse("-is:favourite")
    for order in ORDERS:
        assert found(shared_index, tree, 1, order, 5) == list(search(tree, [photo], 1, order))


@pytest.mark.proof
def test_the_index_equals_the_definition_over_many_more_libraries(tmp_path: Path, sweep: Sweep) -> None:
    rounds = max(1, int(os.environ.get("BIGIMAGE_PROOF_N", "100")) // 100)
    fruitful = 0
    for seed in range(rounds):
        sweep.cases += 5 * 200
        fruitful += compare(tmp_path, seed=seed, libraries=5, queries=200)
    assert fruitful > 200 * rounds, "queries without a hit say little"
