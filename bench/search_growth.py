"""How search grows: the same questions of indexes of 10,000, 100,000 and 1,000,000 photos, in CPU time."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

from bench.kept import copy_kept
from bench.measure import Effort, Figure, of_rounds
from photos.backends.search.sqlite import SqliteSearch
from photos.models import Label, Position, SearchDocument, Shelf
from photos.query import parse
from photos.query.vocabulary import Kind

OWNER = 1
FIRST_DAY = datetime(2012, 1, 1)
LABELS = ("person", "outdoor", "sky", "dog", "cat", "tree", *(f"thing{number}" for number in range(600)))
WEIGHTS = [1 / rank for rank in range(1, len(LABELS) + 1)]
"""Zipf: a few labels are everywhere, most are rare."""
ROUNDS = 5
INDEXERS = (
    "bench/search_growth.py",
    "photos/models/*.py",
    "photos/query/*.py",
    "photos/backends/search/*.py",
)
"""Whose code makes an index: another one, and it is made again."""


def growth(effort: Effort) -> list[Figure]:
    """One figure for each question: the largest index beside the smallest."""
    sizes = (10_000, 20_000) if effort.is_quick else (10_000, 100_000, 1_000_000)
    taken: dict[str, dict[int, list[float]]] = {}
    for size in sizes:
        folder = effort.folder / f"growth-{size}"
        copy_kept(f"index-{size}", folder, made_by=INDEXERS, make=partial(_index, size))
        with closing(SqliteSearch(folder / "search.db")) as search:
            for name, question in _questions(search).items():
                taken.setdefault(name, {})[size] = [_cpu(question) for _ in range(ROUNDS)]
        shutil.rmtree(folder)
    return [_figure(name, by_size) for name, by_size in taken.items()]


def _index(size: int, folder: Path) -> None:
    folder.mkdir()
    with closing(SqliteSearch(folder / "search.db")) as search:
        search.put(_documents(size))
        search.optimise()


def _questions(search: SqliteSearch) -> dict[str, Callable[[], object]]:
    common, slips = parse("person"), parse("persn dgo")
    sure = parse("person confidence>=80")
    town, island, half = parse("near:48.2,16.4,5"), parse("near:-20,57.5,30"), parse("near:48.2,16.4,9000")
    return {
        "newest first": lambda: search.find(common, owner_id=OWNER),
        "by relevance": lambda: search.find(common, owner_id=OWNER, order="relevance"),
        "above a confidence": lambda: search.find(sure, owner_id=OWNER),
        "with two slips": lambda: search.find(slips, owner_id=OWNER),
        "facets": lambda: search.facets(common, owner_id=OWNER),
        "near a town of half the photos": lambda: search.find(town, owner_id=OWNER),
        "near an island": lambda: search.find(island, owner_id=OWNER),
        "within half the world": lambda: search.find(half, owner_id=OWNER),
        "keys of 10,000 hits": lambda: search.list_keys(common, owner_id=OWNER, limit=10_000),
        "suggestions": lambda: search.suggest("thing1", owner_id=OWNER, kinds=[Kind.LABEL]),
    }


def _cpu(question: Callable[[], object]) -> float:
    question()
    started = time.thread_time()
    question()
    return time.thread_time() - started


def _figure(name: str, by_size: dict[int, list[float]]) -> Figure:
    sizes = sorted(by_size)
    smallest = min(by_size[sizes[0]])
    told = ", ".join(f"{1000 * min(by_size[size]):.1f} ms at {size:,}" for size in sizes)
    return of_rounds(
        f"search {name}: {sizes[-1]:,} photos",
        [each / smallest for each in by_size[sizes[-1]]],
        f"x {sizes[0]:,}",
        f"CPU time: {told}",
    )


def _documents(count: int) -> Iterator[SearchDocument]:
    for number in range(1, count + 1):
        chance = random.Random(number)
        yield SearchDocument(
            key=number,
            owner_id=OWNER,
            revision=1,
            taken_local=FIRST_DAY + timedelta(minutes=7_000_000 * number // count),
            shelf=Shelf.TIMELINE,
            name=f"IMG_{number:07}.jpg",
            labels=tuple(
                Label(name, chance.choice((45.0, 65.0, 85.0, 95.0)))
                for name in sorted(set(chance.choices(LABELS, WEIGHTS, k=4)))
            ),
            camera=f"Maker Model {chance.randrange(40)}",
            place=f"City{chance.randrange(900)}, Land{chance.randrange(30)}",
            media_type="image/jpeg",
            position=_position(number, chance),
        )


def _position(number: int, chance: random.Random) -> Position:
    """Half are in one town, a handful on an island, the others anywhere."""
    if number % 2_000 == 0:
        return Position(-20.0, 57.5)
    if chance.random() < 0.5:
        return Position(chance.gauss(48.2, 0.05), chance.gauss(16.4, 0.05))
    return Position(chance.uniform(-60, 70), chance.uniform(-180, 50))
