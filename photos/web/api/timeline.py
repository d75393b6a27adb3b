"""The grid of a library of any size: a few kilobytes about all of it, then the tiles of what is in sight."""

from __future__ import annotations

import re

from photos.db import chunks, keyset, timeline
from photos.db.engine import wall_from_micros
from photos.errors import NotFound
from photos.models import Page, PhotoSummary, Shelf
from photos.web import deps
from photos.web.api import timeline_shapes as shapes
from photos.web.api.operations import operation


@operation("GET", "/timeline", query=shapes.TimelineQuery, answer=shapes.TimelineShape, is_conditional=True)
def get_timeline(query: shapes.TimelineQuery) -> shapes.TimelineShape:
    """Count the photos of every month, newest first by their own local day."""
    with deps.database().read() as connection:
        months = chunks.count_months(connection, deps.user().id, Shelf(query.shelf))
    total = sum(count for _, count in months)
    return shapes.TimelineShape(
        total, [shapes.MonthCount(_write_month(month), count) for month, count in months]
    )


@operation(
    "GET",
    "/timeline/<month>/chunks",
    query=shapes.ChunksQuery,
    answer=shapes.MonthShape,
    is_conditional=True,
)
def list_month_chunks(month: str, query: shapes.ChunksQuery) -> shapes.MonthShape:
    """Count the photos of a month (`2024-06`) in chunks, newest first; the first tiles may come along."""
    owner_id, shelf, number = deps.user().id, Shelf(query.shelf), _read_month(month)
    newest, oldest = (chunks.month_start(number + 1), 0), (chunks.month_start(number), 0)
    page: Page[PhotoSummary] = Page((), None)
    with deps.database().read() as connection:
        found = chunks.list_chunks(connection, owner_id, shelf, number)
        if query.tiles:
            page = timeline.list_range(
                connection, owner_id=owner_id, shelf=shelf, newest=newest, oldest=oldest, limit=query.tiles
            )
    storage = deps.backends().storage
    return shapes.MonthShape(
        month,
        sum(chunk.count for chunk in found),
        [
            shapes.ChunkShape(
                keyset.write_cursor(*chunk.newest),
                chunk.count,
                wall_from_micros(chunk.oldest[0]).date().isoformat(),
            )
            for chunk in found
        ],
        [shapes.tile_shape(photo, storage) for photo in page.items],
        page.next,
    )


@operation(
    "GET",
    "/timeline/<month>/photos",
    query=shapes.MonthPhotosQuery,
    answer=shapes.TileList,
    is_conditional=True,
)
def list_month_photos(month: str, query: shapes.MonthPhotosQuery) -> shapes.TileList:
    """List the tiles of a range of a month, newest first.

    Ranges that begin where others end hold every photo once, also while photos come and go.
    """
    number = _read_month(month)
    newest, oldest = (chunks.month_start(number + 1), 0), (chunks.month_start(number), 0)
    if query.cursor is not None:
        newest = min(newest, _place(query.cursor))
    if query.until is not None:
        oldest = max(oldest, _place(query.until))
    with deps.database().read() as connection:
        page = timeline.list_range(
            connection,
            owner_id=deps.user().id,
            shelf=Shelf(query.shelf),
            newest=newest,
            oldest=oldest,
            limit=query.limit,
        )
    storage = deps.backends().storage
    return shapes.TileList([shapes.tile_shape(photo, storage) for photo in page.items], page.next)


def _place(cursor: str) -> tuple[int, int]:
    taken_local, key = keyset.read_cursor(cursor, 2)
    return taken_local, key


def _read_month(month: str) -> int:
    """The number of `2024-06`. Raises NotFound for anything else."""
    found = re.fullmatch(r"([0-9]{4})-(0[1-9]|1[0-2])", month)
    if found is None or found[1] == "0000":
        raise NotFound("month", month)
    return int(found[1]) * 12 + int(found[2]) - 1


def _write_month(month: int) -> str:
    year, rest = divmod(month, 12)
    return f"{year:04}-{rest + 1:02}"
