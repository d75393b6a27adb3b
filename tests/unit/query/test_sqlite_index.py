"""The file of the SQLite index: it is derived, so whatever happens to it, an empty one takes its place."""

from __future__ import annotations

import multiprocessing
import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from msgspec.structs import replace

from photos.backends.search import sqlite_facets, sqlite_file, sqlite_places
from photos.backends.search.sqlite import SqliteSearch
from photos.backends.search.sqlite_query import compile_tree, tiers_of
from photos.errors import Invalid, SearchError
from photos.models import Label, Position, SearchDocument, Shelf
from photos.query import parse
from photos.query.evaluate import matches
from photos.query.expansion import CountedWords, expand
from photos.query.tree import Near
from photos.query.vocabulary import Kind


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "search.db"


@pytest.fixture
def index(path: Path) -> Iterator[SqliteSearch]:
    opened = SqliteSearch(path)
    yield opened
    opened.close()


def photo(key: int, label: str = "Dog") -> SearchDocument:
    return SearchDocument(key, 1, 1, datetime(2024, 1, 1), Shelf.TIMELINE, labels=(Label(label, 90.0),))


def dogs(index: SqliteSearch) -> list[int]:
    return [hit.key for hit in index.find(parse("dog"), owner_id=1).hits]


def test_nothing_is_created_before_first_use(path: Path, index: SqliteSearch) -> None:
    assert not path.exists()
    index.ping()
    assert path.exists()


def test_a_deleted_file_is_replaced_while_others_have_it_open(path: Path, index: SqliteSearch) -> None:
    index.put([photo(1)])
    other = SqliteSearch(path)
    assert dogs(other) == [1]
    path.unlink()
    assert dogs(index) == []
    index.put([photo(2)])
    assert dogs(other) == [2]
    other.close()


@pytest.mark.parametrize(
    "rubbish", [b"", b"no database at all" * 500, b"SQLite format 3\x00" + b"\xff" * 5000]
)
def test_a_file_that_is_no_index_is_replaced(path: Path, index: SqliteSearch, rubbish: bytes) -> None:
    path.write_bytes(rubbish)
    index.put([photo(1)])
    assert dogs(index) == [1]


def test_an_index_of_another_version_is_rebuilt_empty(path: Path, index: SqliteSearch) -> None:
    index.put([photo(1)])
    index.close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")
    assert dogs(index) == []
    index.put([photo(2)])
    assert dogs(index) == [2]


def test_damage_found_while_searching_is_an_error_once_and_then_an_empty_index(
    path: Path, index: SqliteSearch
) -> None:
    index.put(photo(number) for number in range(300))
    index.optimise()
    index.close()
    content = bytearray(path.read_bytes())
    for start in range(4096, len(content), 4096):
        content[start : start + 200] = b"\x7f" * 200
    path.write_bytes(content)
    assert survives(index)
    assert list(index.revisions()) == []
    index.put([photo(1)])
    assert dogs(index) == [1]


def survives(index: SqliteSearch) -> bool:
    """Search until the damage has been met and mended."""
    for _ in range(3):
        try:
            return dogs(index) == []
        except SearchError:
            continue
    return False


def test_a_folder_that_is_a_file_is_an_outage(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    index = SqliteSearch(tmp_path / "file" / "search.db")
    with pytest.raises(SearchError):
        index.ping()
    with pytest.raises(SearchError):
        index.put([photo(1)])


def test_a_write_that_fails_half_way_leaves_the_index_as_it_was(index: SqliteSearch) -> None:
    index.put([photo(1)])
    with pytest.raises(Invalid):
        index.put([photo(2), photo(2**29)])
    assert dogs(index) == [1]
    index.ping()


def test_processes_write_at_the_same_time_and_lose_nothing(path: Path, index: SqliteSearch) -> None:
    index.ping()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=write_some, args=(path, start)) for start in (0, 1000, 2000)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    assert len(list(index.revisions())) == 150


def write_some(path: Path, start: int) -> None:
    index = SqliteSearch(path)
    for number in range(start, start + 50):
        index.put([photo(number)])
    index.close()


def test_a_forked_child_opens_its_own_connection(path: Path, index: SqliteSearch) -> None:
    index.put([photo(1)])
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=search_in_child, args=(path, index, there))
    child.start()
    assert here.poll(60)
    assert here.recv() == (1, [1], 2)
    child.join(60)
    here.close()
    there.close()
    index.put([photo(2)])
    assert dogs(index) == [2, 1]


def search_in_child(path: Path, index: SqliteSearch, answer: Connection) -> None:
    inherited = times_open(path)
    found = dogs(index)
    answer.send((inherited, found, times_open(path)))
    index.close()


def times_open(path: Path) -> int:
    """How often this process has the file open."""
    return sum(link.resolve() == path.resolve() for link in Path("/proc/self/fd").iterdir())


@pytest.mark.parametrize(
    "text",
    [
        "dog",
        "dog -cat",
        "label:dog>50",
        "dog width>3",
        "(dog OR width>3) taken:2024..",
        "taken:2024 OR before:2020",
        "dogs confidence>=80",
        "label:dog confidence>=80 -puppy",
        "box:0,0,1,1 dog",
        "near:0,0,5 rating:2..4 width:1..9",
    ],
)
def test_no_page_is_sorted_and_full_text_leads(path: Path, index: SqliteSearch, text: str) -> None:
    index.put([photo(1)])
    tree = expand(parse(text), CountedWords({"dog": 1, "puppy": 1}))
    statements: list[str] = []
    with index._file.reading("explain") as connection:
        for tier in tiers_of(tree):
            clause = compile_tree(tree, 1, tier)
            where = f" AND {clause.where}" if clause.where else ""
            plan = connection.execute(
                "EXPLAIN QUERY PLAN SELECT words.rowid FROM words CROSS JOIN photo"
                f" ON photo.order_number = words.rowid WHERE words MATCH ?{where}"
                " ORDER BY words.rowid DESC LIMIT 5",
                (clause.words, *clause.parameters),
            ).fetchall()
            statements.extend(row[3] for row in plan)
    assert statements[0].startswith("SCAN words VIRTUAL TABLE INDEX")
    assert not any("TEMP B-TREE" in step for step in statements)


def test_rows_that_are_named_are_sorted_by_sqlite_and_no_others() -> None:
    """FTS5 would walk to each of them from the newest row."""
    tree = parse("near:0,0,5")
    assert isinstance(tree, Near)
    rows = {
        text: compile_tree(parse(text), 1, rare={tree}).row
        for text in ("near:0,0,5", "near:0,0,5 dog", "near:0,0,5 OR dog", "-near:0,0,5", "near:9,9,5 dog")
    }
    assert rows == {
        "near:0,0,5": "+words.rowid",
        "near:0,0,5 dog": "+words.rowid",
        "near:0,0,5 OR dog": "words.rowid",
        "-near:0,0,5": "words.rowid",
        "near:9,9,5 dog": "words.rowid",
    }


def test_facets_are_counted_for_the_newest_and_say_so(
    index: SqliteSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_facets, "MOST_COUNTED", 3)
    index.put([photo(key) for key in range(3)])
    assert index.facets(parse("dog"), owner_id=1).is_whole
    index.put([photo(9, "Wolf"), photo(8, "Dog"), photo(7, "Dog")])
    found = index.facets(parse("label:dog OR label:wolf"), owner_id=1)
    assert (found.photos, found.is_whole) == (3, False)
    assert [(value.shown, value.photos) for value in found.values if value.kind is Kind.LABEL] == [
        ("Dog", 2),
        ("Wolf", 1),
    ]


def test_a_question_that_takes_too_long_is_refused_and_the_next_one_is_answered(
    index: SqliteSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    index.put(photo(number) for number in range(300))
    monkeypatch.setattr(sqlite_file, "LONGEST_SECONDS", -1.0)
    monkeypatch.setattr(sqlite_file, "_STEPS_BETWEEN_LOOKS", 10)
    with pytest.raises(Invalid, match="too long") as refused:
        index.find(parse("dog width>=0"), owner_id=1)
    assert refused.value.code == "slow"
    monkeypatch.undo()
    assert len(dogs(index)) == 60


@pytest.mark.parametrize("most_rare", [0, 10, 500])
def test_places_are_found_alike_whether_few_or_many_photos_are_there(
    index: SqliteSearch, monkeypatch: pytest.MonkeyPatch, most_rare: int
) -> None:
    monkeypatch.setattr(sqlite_places, "MOST_RARE", most_rare)
    chance = random.Random(1)
    spots = [Position(chance.uniform(-90, 90), chance.uniform(-180, 180)) for _ in range(150)]
    spots += [Position(chance.gauss(48, 1), chance.gauss(16, 1)) for _ in range(60)]
    spots += [Position(latitude, longitude) for latitude in (-90, 0, 90) for longitude in (-180, 0, 180)]
    photos = [replace(photo(key), position=spot) for key, spot in enumerate([None, *spots])]
    index.put(photos)
    for text in (
        "near:48,16,50", "near:48,16,900", "near:0,179.9,3000", "near:89.5,0,1200", "near:-80,-170,2500",
        "near:0,0,20000", "box:-10,-180,10,180", "box:-90,170,90,-170", "box:0,0,0,0", "-near:48,16,900",
        "dog OR near:48,16,50", "dog (near:48,16,100 OR box:-90,170,90,-170)", "-(box:0,-90,90,90 dog)",
    ):  # fmt: skip
        tree = parse(text)
        expected = {each.key for each in photos if matches(tree, each)}
        found, _ = index.list_keys(tree, owner_id=1, limit=500)
        assert set(found) == expected, text
        assert {hit.key for hit in index.find(tree, owner_id=1, limit=500).hits} == expected, text
