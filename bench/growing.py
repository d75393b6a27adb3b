"""What the timeline costs as the library grows: the shelf, a full month, a range of tiles, a deep page."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import ExitStack

from bench.database import sign_in
from bench.library import Library, filled
from bench.measure import (
    MIB,
    Effort,
    Figure,
    Findings,
    of_rounds,
    ratios,
    resident_bytes,
    rotated,
    single,
    times,
)
from bench.pages import Page, page_of
from photos.app import create_app
from photos.db import chunks, keyset
from photos.models import Shelf
from photos.services.demo_rows import HEAVY_MONTH
from photos.web.timeline import PAGE

API = "/api/v1/timeline"
MONTH = f"{HEAVY_MONTH:%Y-%m}"
WHOLE, FULL_MONTH, RANGE, FIRST_PAGE, DEEP_PAGE = (
    "counts of the whole timeline",
    "chunks of its fullest month",
    "100 tiles from the middle of it",
    "page 1 of the timeline",
    "a page after three quarters of it",
)
BARS = {WHOLE: None, FULL_MONTH: None, RANGE: 1.2, FIRST_PAGE: 1.2, DEEP_PAGE: 1.2}
"""How much more each may cost than in the smallest library. The first two answer with more where more is."""
WARM_REQUESTS = 500


def measure(effort: Effort) -> Findings:
    """The rows about growth: each larger library beside the smallest one, in one run."""
    counts = (2_000, 10_000) if effort.is_quick else (10_000, 100_000, 1_000_000)
    with ExitStack() as stack:
        libraries = {
            count: stack.enter_context(filled(effort.folder / f"library-{count}", count)) for count in counts
        }
        pages = {count: _pages(library) for count, library in libraries.items()}
        recipes = {
            f"{name} {count}": times(10, page)
            for count, named in pages.items()
            for name, page in named.items()
        }
        taken = rotated(recipes, effort.choose(5, 9))
        largest = pages[counts[-1]]
        sizes = [_size(name, largest[name], counts[-1]) for name in (WHOLE, FULL_MONTH, RANGE)]
        flat = _flat(largest, effort.choose(2_000, 10_000))
    grown = [
        of_rounds(
            f"{name}, {count:,} photos",
            ratios(taken, f"{name} {count}", f"{name} {counts[0]}"),
            f"x with {counts[0]:,}",
            "CPU time in process, signed in",
            bar=bar,
        )
        for count in counts[1:]
        for name, bar in BARS.items()
    ]
    told = [
        of_rounds(
            f"{name}, {counts[-1]:,} photos",
            [100 * seconds for seconds in taken[f"{name} {counts[-1]}"]],
            "ms",
            "CPU time in process, signed in",
        )
        for name in (WHOLE, FULL_MONTH, RANGE)
    ]
    return Findings(figures=[*grown, *told, *sizes, flat])


def _pages(library: Library) -> Mapping[str, Page]:
    """What is asked of a library."""
    here = library.backends
    with here.database.read() as connection:
        number = HEAVY_MONTH.year * 12 + HEAVY_MONTH.month - 1
        found = chunks.list_chunks(connection, library.owner.id, Shelf.TIMELINE, number)
        months = chunks.count_months(connection, library.owner.id, Shelf.TIMELINE)
    middle = keyset.write_cursor(*found[len(found) // 2].newest)
    deep = keyset.write_cursor(chunks.month_start(months[len(months) * 3 // 4][0]), 0)
    app, cookie = create_app(backends=here), sign_in(here.database, library.owner)
    addresses = {
        WHOLE: API,
        FULL_MONTH: f"{API}/{MONTH}/chunks",
        RANGE: f"{API}/{MONTH}/photos?limit=100&cursor={middle}",
        FIRST_PAGE: "/",
        DEEP_PAGE: f"/?cursor={deep}",
    }
    pages = {name: page_of(app, address, cookie) for name, address in addresses.items()}
    assert pages[FIRST_PAGE]().count(b'data-photo="') == PAGE
    return pages


def _size(name: str, page: Page, count: int) -> Figure:
    how = "the answer, not compressed"
    return single(f"{name}, {count:,} photos", round(len(page()) / 1024, 1), "KB", how)


def _flat(pages: Mapping[str, Page], requests: int) -> Figure:
    """How much a process grows while it answers, once it has answered some."""
    asked = list(pages.values())
    for number in range(WARM_REQUESTS):
        asked[number % len(asked)]()
    before = resident_bytes(os.getpid())
    for number in range(requests):
        asked[number % len(asked)]()
    grown = (resident_bytes(os.getpid()) - before) / MIB
    how = f"resident, after {WARM_REQUESTS} requests of five kinds and after {requests:,} more"
    return single("growth of a web process", round(max(0.0, grown), 1), "MiB", how, bar=4.0)
