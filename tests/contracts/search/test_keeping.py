"""What was put stays, newer over older (F7), for all processes; what was removed is gone, an outage ends."""

from __future__ import annotations

from datetime import timedelta
from threading import Thread

import pytest

from photos.backends.search import Search
from photos.errors import SearchError
from photos.query import parse
from tests.contracts.search.adapters import NOON, OWNER, Adapter, document, keys


def test_a_newer_revision_replaces_and_an_older_one_changes_nothing(search: Search) -> None:
    search.put([document(1, "Dog", revision=5)])
    search.put([document(1, "Cat", revision=4)])
    assert keys(search, "dog") == [1]
    assert keys(search, "cat") == []
    search.put([document(1, "Horse", revision=6, taken_local=NOON - timedelta(days=400))])
    assert keys(search, "dog") == []
    assert keys(search, "horse") == [1]
    assert list(search.revisions()) == [(1, 6)]


def test_putting_the_same_document_twice_keeps_one(search: Search) -> None:
    search.put([document(1, "Dog"), document(1, "Dog")])
    search.put([document(1, "Dog")])
    assert keys(search, "dog") == [1]


def test_removed_documents_are_gone_and_absent_ones_do_not_matter(search: Search) -> None:
    search.put([document(1, "Dog"), document(2, "Dog")])
    search.remove([2, 99])
    search.remove([])
    assert keys(search, "dog") == [1]
    assert list(search.revisions()) == [(1, 1)]


def test_clear_empties_the_index(search: Search) -> None:
    search.put([document(number, "Dog") for number in range(5)])
    search.clear()
    assert keys(search, "") == []
    assert list(search.revisions()) == []


def test_revisions_come_in_key_order(search: Search) -> None:
    numbers = [*range(1100, 0, -1)]
    search.put(document(number, revision=number) for number in numbers)
    assert list(search.revisions()) == [(number, number) for number in range(1, 1101)]


def test_what_is_written_is_there_for_the_next_process(adapter: Adapter) -> None:
    adapter.search.put([document(1, "Dog")])
    assert keys(adapter.opened_again(), "dog") == [1]


def test_an_index_has_one_name_for_everybody_who_shares_it(adapter: Adapter) -> None:
    name = adapter.search.ident()
    adapter.search.clear()
    assert adapter.search.ident() == adapter.opened_again().ident() == name
    assert 16 <= len(name) <= 64


def test_threads_write_and_search_at_the_same_time(adapter: Adapter) -> None:
    searches = [adapter.search, adapter.opened_again()]
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            search = searches[number % 2]
            for step in range(10):
                search.put([document(number * 100 + step, "Dog", "Cat")])
                assert len(keys(search, "dog cat")) >= step + 1
        except BaseException as error:
            failures.append(error)

    threads = [Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(keys(adapter.search, "dog")) == 60


def test_after_optimise_nothing_of_removed_documents_is_left(adapter: Adapter) -> None:
    secret = {"description": "xylophonist meeting", "text": ("quuxword",), "name": "Vwxyzzy.jpg"}
    adapter.search.put(document(number, "Dog", description="ordinary words") for number in range(300))
    adapter.search.put([document(1000, "Zorblat", **secret), document(1001, "Dog", tags=("frobnitz",))])
    adapter.search.put([document(1001, "Dog", revision=2)])
    adapter.search.remove([1000])
    adapter.search.optimise()
    stored = adapter.stored_bytes().lower()
    for word in (b"xylophonist", b"quuxword", b"vwxyzzy", b"zorblat", b"frobnitz"):
        assert word not in stored
    assert b"ordinary" in stored
    assert len(keys(adapter.search, "dog")) == 301


def test_after_clear_and_optimise_nothing_is_left_at_all(adapter: Adapter) -> None:
    adapter.search.put(document(number, "Zorblat") for number in range(300))
    adapter.search.clear()
    adapter.search.optimise()
    assert b"zorblat" not in adapter.stored_bytes().lower()


def test_an_outage_is_a_search_error_and_ends_by_itself(adapter: Adapter) -> None:
    search = adapter.search
    search.put([document(1, "Dog")])
    search.ping()
    adapter.break_it()
    for attempt in (
        search.ping,
        lambda: search.put([document(2, "Dog")]),
        lambda: search.remove([1]),
        lambda: search.find(parse("dog"), owner_id=OWNER),
        lambda: list(search.revisions()),
        search.optimise,
        search.clear,
    ):
        with pytest.raises(SearchError):
            attempt()
    adapter.mend_it()
    search.ping()
    assert keys(search, "dog") == [1]
