"""The role `search`: what every adapter promises. Meaning and order of queries are held equal to
`photos.query.evaluate` in tests/unit/query; here is what an index owes beyond that."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Thread

import pytest

from photos.backends.search import Search
from photos.backends.search.sqlite import SqliteSearch
from photos.errors import Invalid, SearchError
from photos.models import Label, Reason, SearchDocument, Shelf
from photos.query import parse
from photos.query.vocabulary import Kind

OWNER, STRANGER = 7, 8
NOON = datetime(2024, 6, 1, 12)


@dataclass(frozen=True)
class Adapter:
    """One technology under test, with the means to look behind it."""

    search: Search
    opened_again: Callable[[], Search]
    stored_bytes: Callable[[], bytes]
    break_it: Callable[[], None]
    mend_it: Callable[[], None]


@pytest.fixture(params=["sqlite"])
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return request.getfixturevalue(f"{request.param}_adapter")


@pytest.fixture
def search(adapter: Adapter) -> Search:
    return adapter.search


@pytest.fixture
def sqlite_adapter(tmp_path: Path) -> Iterator[Adapter]:
    folder, away = tmp_path / "index", tmp_path / "away"
    folder.mkdir()
    opened: list[SqliteSearch] = []

    def open_again() -> SqliteSearch:
        opened.append(SqliteSearch(folder / "search.db"))
        return opened[-1]

    yield Adapter(
        search=open_again(),
        opened_again=open_again,
        stored_bytes=lambda: b"".join(path.read_bytes() for path in sorted(folder.iterdir())),
        break_it=lambda: folder.rename(away) and None,
        mend_it=lambda: away.rename(folder) and None,
    )
    for index in opened:
        index.close()


def document(key: int, *labels: str, **fields: object) -> SearchDocument:
    """A document of OWNER, taken `key` minutes after noon."""
    plain = SearchDocument(
        key=key,
        owner_id=OWNER,
        revision=1,
        taken_local=NOON + timedelta(minutes=key),
        shelf=Shelf.TIMELINE,
        labels=tuple(Label(name, 90.0) for name in labels),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def keys(search: Search, text: str, owner_id: int = OWNER, order: str = "newest") -> list[int]:
    """Keys of all hits, read page by page."""
    found: list[int] = []
    cursor = None
    while True:
        page = search.find(parse(text), owner_id=owner_id, order=order, limit=2, cursor=cursor)
        found.extend(hit.key for hit in page.hits)
        cursor = page.next
        if cursor is None:
            return found


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


def test_revisions_come_in_key_order_for_all_or_for_some(search: Search) -> None:
    numbers = [*range(1100, 0, -1)]
    search.put(document(number, revision=number) for number in numbers)
    assert list(search.revisions()) == [(number, number) for number in range(1, 1101)]
    assert list(search.revisions([900, 3, 3, 5000])) == [(3, 3), (900, 900)]
    assert list(search.revisions([])) == []


def test_newest_and_oldest_go_by_the_wall_clock_and_then_by_key(search: Search) -> None:
    clock = {1: 3, 2: 1, 3: 2, 4: 2}
    search.put(document(key, taken_local=NOON + timedelta(hours=hour)) for key, hour in clock.items())
    assert keys(search, "") == [1, 4, 3, 2]
    assert keys(search, "", order="oldest") == [2, 3, 4, 1]


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


@pytest.mark.parametrize(
    "odd", ["\x00dog", "🐶 dog", "dog\u202egod", "d\ud800 dog", "'; DROP TABLE photo; --dog", 'say "dog"']
)
def test_odd_characters_are_kept_and_harm_nothing(search: Search, odd: str) -> None:
    fields = {"name": odd, "description": odd, "text": (odd,), "tags": (odd,), "camera": odd, "place": odd}
    search.put([document(1, odd, **fields)])
    hits = search.find(parse("dog OR doggod"), owner_id=OWNER).hits
    assert [hit.key for hit in hits] == [1]
    assert Reason("label", odd, 90.0) in hits[0].reasons


def test_what_is_written_is_there_for_the_next_process(adapter: Adapter) -> None:
    adapter.search.put([document(1, "Dog")])
    assert keys(adapter.opened_again(), "dog") == [1]


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


def shown(search: Search, text: str, kind: Kind, owner_id: int = OWNER) -> dict[str, int]:
    """Values of a kind among the hits, with their counts."""
    found = search.facets(parse(text), owner_id=owner_id)
    return {value.shown: value.photos for value in found.values if value.kind is kind}


def test_facets_count_the_hits_of_one_owner(search: Search) -> None:
    search.put(
        [
            document(1, "Dog", "Grass", place="Lisbon, Portugal", camera="Canon R6", media_type="image/jpeg"),
            document(2, "Dog", place="Porto, Portugal", camera="Canon R6", media_type="image/png"),
            document(3, "Cat", place="Vienna, Austria"),
            document(4, "Dog", "Secret", owner_id=STRANGER),
            document(5, "Dog", "Hidden", shelf=Shelf.TRASH),
        ]
    )
    found = search.facets(parse("dog"), owner_id=OWNER)
    assert (found.photos, found.is_whole) == (2, True)
    assert shown(search, "dog", Kind.LABEL) == {"Dog": 2, "Grass": 1}
    assert shown(search, "dog", Kind.PLACE) == {"Portugal": 2, "Lisbon": 1, "Porto": 1}
    assert shown(search, "dog", Kind.CAMERA) == {"Canon R6": 2}
    assert shown(search, "dog", Kind.YEAR) == {"2024": 2}
    assert shown(search, "dog", Kind.TYPE) == {"jpeg": 1, "png": 1}
    assert search.facets(parse("dog is:trashed"), owner_id=OWNER).photos == 1
    assert search.facets(parse("unicorn"), owner_id=OWNER).values == ()


def test_facets_leave_out_labels_below_the_least_confidence(search: Search) -> None:
    labels = (Label("Dog", 90.0), Label("Cat", 60.0))
    search.put([document(1, labels=labels)])
    assert shown(search, "", Kind.LABEL) == {"Dog": 1, "Cat": 1}
    assert shown(search, "confidence>=80", Kind.LABEL) == {"Dog": 1}
    assert shown(search, "cat confidence>=80", Kind.LABEL) == {}


def test_suggestions_are_values_of_ones_own_timeline(search: Search) -> None:
    search.put(
        [
            document(1, "Traffic light", tags=("Light table",)),
            document(2, "Traffic light", "Lighthouse"),
            document(3, "Lightning", owner_id=STRANGER),
            document(4, "Lightbulb", shelf=Shelf.TRASH),
        ]
    )
    found = search.suggest("light", owner_id=OWNER, kinds=[Kind.LABEL, Kind.TAG])
    assert [(value.kind, value.shown, value.photos) for value in found] == [
        (Kind.LABEL, "Traffic light", 2),
        (Kind.LABEL, "Lighthouse", 1),
        (Kind.TAG, "Light table", 1),
    ]
    assert search.suggest("ight", owner_id=OWNER, kinds=[Kind.LABEL]) == ()
    assert [value.shown for value in search.suggest("", owner_id=OWNER, kinds=[Kind.LABEL], limit=1)] == [
        "Traffic light"
    ]
    for odd in ("%", "_", "\\", "'", '"', "traffic l"):
        assert all(
            "raffic" in value.shown
            for value in search.suggest(odd, owner_id=OWNER, kinds=[Kind.LABEL], limit=1)
        )


def test_a_value_goes_with_its_last_photo(search: Search) -> None:
    search.put([document(1, "Zebra"), document(2, "Zebra")])
    search.put([document(1, "Horse", revision=2)])
    assert [value.photos for value in search.suggest("zeb", owner_id=OWNER, kinds=[Kind.LABEL])] == [1]
    search.put([document(2, "Zebra", revision=2, shelf=Shelf.TRASH)])
    assert search.suggest("zeb", owner_id=OWNER, kinds=[Kind.LABEL]) == ()
    search.put([document(2, "Zebra", revision=3)])
    search.remove([2])
    assert search.suggest("zeb", owner_id=OWNER, kinds=[Kind.LABEL]) == ()


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
