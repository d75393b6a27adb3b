"""Hits in their order, page after page, and beside each other."""

from __future__ import annotations

from datetime import timedelta

import pytest

from photos.backends.search import Search
from photos.errors import Invalid
from photos.query import parse
from tests.contracts.search.adapters import NOON, OWNER, STRANGER, document, keys


def test_newest_and_oldest_go_by_the_wall_clock_and_then_by_key(search: Search) -> None:
    clock = {1: 3, 2: 1, 3: 2, 4: 2}
    search.put(document(key, taken_local=NOON + timedelta(hours=hour)) for key, hour in clock.items())
    assert keys(search, "") == [1, 4, 3, 2]
    assert keys(search, "", order="oldest") == [2, 3, 4, 1]


@pytest.mark.parametrize("order", ["newest", "oldest", "relevance"])
def test_pages_have_no_gaps_and_no_doubles_while_photos_come_and_go(search: Search, order: str) -> None:
    search.put(
        document(number, *(["Dog"] if number % 2 else []), text=("dog",)) for number in range(100, 140)
    )
    seen: list[int] = []
    cursor, arriving = None, 200
    while True:
        page = search.find(parse("dog"), owner_id=OWNER, order=order, limit=7, cursor=cursor)
        seen.extend(hit.key for hit in page.hits)
        cursor = page.next
        if cursor is None:
            break
        minutes = -arriving if order == "oldest" else arriving
        search.put([document(arriving, "Dog", taken_local=NOON + timedelta(minutes=minutes))])
        search.remove([seen[-1]])
        arriving += 1
    if order == "relevance":
        assert set(seen) == set(range(100, 140))
    else:
        assert seen == sorted(range(100, 140), reverse=order == "newest")
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("order", ["newest", "oldest"])
def test_neighbours_are_the_hits_on_both_sides_even_of_a_photo_that_is_none(
    search: Search, order: str
) -> None:
    search.put(document(key, "dog" if key % 3 else "cat") for key in range(1, 12))
    search.put([document(20, "dog", owner_id=STRANGER)])
    hits = keys(search, "dog", order=order)
    tree = parse("dog")
    beside = [search.neighbours(tree, key, owner_id=OWNER, order=order) for key in hits]
    assert [before for before, _ in beside] == [None, *hits[:-1]]
    assert [after for _, after in beside] == [*hits[1:], None]
    around_a_cat = search.neighbours(tree, 6, owner_id=OWNER, order=order)
    assert around_a_cat == ((7, 5) if order == "newest" else (5, 7))


def test_neighbours_exist_only_where_photos_have_a_place(search: Search) -> None:
    search.put(document(key, "dog") for key in (1, 2, 3))
    assert search.neighbours(parse("dog"), 99, owner_id=OWNER) == (None, None)
    assert search.neighbours(parse("dog"), 2, owner_id=OWNER, order="relevance") == (None, None)
    with pytest.raises(Invalid):
        search.neighbours(parse("dog"), 2, owner_id=OWNER, order="odd")


def test_a_cursor_of_another_search_owner_or_order_is_refused(search: Search) -> None:
    search.put(document(number, "Dog") for number in range(5))
    cursor = search.find(parse("dog"), owner_id=OWNER, limit=2).next
    assert cursor is not None
    for text, owner_id, order in (
        ("cat", OWNER, "newest"), ("dog", STRANGER, "newest"), ("dog", OWNER, "oldest")
    ):  # fmt: skip
        with pytest.raises(Invalid) as refused:
            search.find(parse(text), owner_id=owner_id, order=order, cursor=cursor)
        assert refused.value.code == "cursor"
    assert search.find(parse("  dog "), owner_id=OWNER, limit=2, cursor=cursor).hits


def test_an_altered_cursor_is_refused(search: Search) -> None:
    search.put(document(number, "Dog") for number in range(5))
    cursor = search.find(parse("dog"), owner_id=OWNER, limit=2).next or ""
    altered = [
        cursor[:at] + ("A" if cursor[at] != "A" else "B") + cursor[at + 1 :] for at in range(len(cursor))
    ]
    for wrong in [
        *altered,
        "",
        "x",
        cursor + "A",
        cursor[:-1],
        cursor + "=",
        "ü" * 20,
        "\x00",
        "9" * 5000,
        "💥",
    ]:
        with pytest.raises(Invalid) as refused:
            search.find(parse("dog"), owner_id=OWNER, limit=2, cursor=wrong)
        assert refused.value.code == "cursor"


@pytest.mark.parametrize("limit", [0, -1, 10**20])
def test_a_page_size_out_of_bounds_is_refused(search: Search, limit: int) -> None:
    with pytest.raises(Invalid) as refused:
        search.find(parse("dog"), owner_id=OWNER, limit=limit)
    assert refused.value.code == "limit"


def test_an_unknown_order_is_refused(search: Search) -> None:
    with pytest.raises(Invalid) as refused:
        search.find(parse("dog"), owner_id=OWNER, order="newest; DROP TABLE words")
    assert refused.value.code == "order"
