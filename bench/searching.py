"""Search over 100,000 photos: a common word beside a rare one, relevance beside newest first, the page."""

from __future__ import annotations

import gzip
import statistics
import time
from collections.abc import Callable, Sequence
from urllib.parse import quote_plus

from flask import Flask

from bench.database import RARE_EVERY, RAREST_EVERY, add_photos, sign_in
from bench.library import Library, opened
from bench.measure import Effort, Figure, Findings, of_rounds, percentile, ratios, rotated, single, times
from bench.pages import page_of
from bench.search_growth import growth
from photos.app import create_app
from photos.db import documents
from photos.query import parse
from photos.services.suggestions import suggest
from photos.web.search import PAGE

PHOTOS = 100_000
"""Enough that even the rare words fill a page, so that both sides pay for the same number of hits."""
RARE = ("lighthouse", "noon", '"a lighthouse"', "lighthouse noon")
RAREST = ("eclipse", "dawn", '"an eclipse"', "eclipse dawn")
COMMON = ("person", "label:person", "vienna", "austria", "person -sky")
REPEATS = 20
ORDERS = ("newest", "oldest", "relevance")
DEEP = 1_000
TYPED = ("d", "do", "vien", "person ca", "camera:", "taken:20")


def measure(effort: Effort) -> Findings:
    """The rows about search."""
    with opened(effort.folder / "library") as library:
        add_photos(library.backends.database, library.owner, PHOTOS)
        with library.backends.database.read() as connection:
            library.backends.search.put(documents.search_documents(connection))
        library.backends.search.optimise()
        cookie = sign_in(library.backends.database, library.owner)
        app = create_app(backends=library.backends)
        figures = [
            *_common_words(library, effort),
            _by_relevance(library, effort),
            _first_page(app, cookie),
            *(_deep(library, order, effort) for order in ORDERS),
            *_refined(library, app, cookie, effort),
        ]
    return Findings(figures=[*figures, *growth(effort)])


def _common_words(library: Library, effort: Effort) -> list[Figure]:
    """Words in many photos beside words in few."""
    taken = rotated(
        {
            "rare": lambda: _ask(library, RARE, "newest"),
            "rarest": lambda: _ask(library, RAREST, "newest"),
            "common": lambda: _ask(library, COMMON, "newest"),
        },
        effort.choose(7, 15),
    )
    scale = len(RARE) / len(COMMON)
    return [
        of_rounds(
            "a common word, newest first",
            [scale * ratio for ratio in ratios(taken, "common", "rare")],
            "x a rare word",
            f"CPU time for a page of {PAGE} with reasons; {PHOTOS:,} photos, a rare word is in "
            f"{PHOTOS // RARE_EVERY} of them and fills a page too",
            bar=5.0,
        ),
        of_rounds(
            f"the same beside a word with {PHOTOS // RAREST_EVERY} hits",
            [scale * ratio for ratio in ratios(taken, "common", "rarest")],
            "x a rare word",
            f"{PAGE} hits to read and explain beside {PHOTOS // RAREST_EVERY}",
        ),
    ]


def _by_relevance(library: Library, effort: Effort) -> Figure:
    newest, relevant = (_latencies(library, order, effort) for order in ("newest", "relevance"))
    return single(
        "common words by relevance, p95",
        percentile(relevant, 95) / percentile(newest, 95),
        "x newest first",
        f"wall time; {1000 * percentile(newest, 95):.1f} ms newest first at the 95th percentile, "
        f"median {1000 * statistics.median(newest):.1f} ms",
        bar=60.0,
    )


def _first_page(app: Flask, cookie: str) -> Figure:
    pages = [page_of(app, f"/search?q={quote_plus(query)}", cookie)() for query in COMMON]
    return of_rounds(
        "first page of results",
        [len(gzip.compress(page, 6)) / 1024 for page in pages],
        "KB",
        f"HTML of {PAGE} hits, compressed; {max(map(len, pages)) / 1024:.0f} KB at most before that",
        bar=40.0,
        noise=0.0,
    )


def _deep(library: Library, order: str, effort: Effort) -> Figure:
    """Page 1,000 beside page 1 of a word that is in every photo."""
    tree, search, owner_id = parse("person"), library.backends.search, library.owner.id
    cursor = None
    for _ in range(DEEP - 1):
        cursor = search.find(tree, owner_id=owner_id, order=order, limit=PAGE, cursor=cursor).next
        assert cursor is not None, "the library is smaller than that"

    def page(at: str | None) -> Callable[[], object]:
        return times(REPEATS, lambda: search.find(tree, owner_id=owner_id, order=order, cursor=at))

    taken = rotated({"first": page(None), "deep": page(cursor)}, effort.choose(7, 15))
    return of_rounds(
        f"page {DEEP:,} of a search, {order}",
        ratios(taken, "deep", "first"),
        "x page 1",
        f"CPU time for {PAGE} hits with reasons",
        bar=1.2,
    )


def _refined(library: Library, app: Flask, cookie: str, effort: Effort) -> list[Figure]:
    """What happens between two keys, and between two places of the slider."""
    search, owner = library.backends.search, library.owner
    slider = page_of(app, "/search?q=person+confidence%3E%3D80", cookie)
    recipes = {
        "suggestions": lambda: [suggest(text, len(text), owner=owner, search=search) for text in TYPED],
        "facets": lambda: search.facets(parse("person"), owner_id=owner.id),
        "slider": slider,
    }
    taken = rotated(recipes, effort.choose(7, 15))
    told = (
        ("suggestions", len(TYPED), "suggestions while typing", "each of " + ", ".join(TYPED), 5.0),
        (
            "facets",
            1,
            "facets of a common word",
            "labels, places, cameras, years and kinds of 5,000 hits",
            60.0,
        ),
        (
            "slider",
            1,
            "a step of the confidence slider",
            "the whole page: 60 hits, count, facets, boxes",
            150.0,
        ),
    )
    return [
        of_rounds(title, [1000 * each / parts for each in taken[name]], "ms", f"CPU time, {how}", bar=bar)
        for name, parts, title, how, bar in told
    ]


def _ask(library: Library, queries: Sequence[str], order: str) -> None:
    for query in queries:
        tree = parse(query)
        for _ in range(REPEATS):
            library.backends.search.find(tree, owner_id=library.owner.id, order=order)


def _latencies(library: Library, order: str, effort: Effort) -> list[float]:
    taken = []
    for _ in range(effort.choose(10, 40)):
        for query in COMMON:
            tree = parse(query)
            started = time.perf_counter()
            library.backends.search.find(tree, owner_id=library.owner.id, order=order)
            taken.append(time.perf_counter() - started)
    return taken
