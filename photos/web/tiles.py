"""Tiles and days of the timeline as finished HTML, kept for as long as their photos stay as they are.

A page of 60 photos is mostly the same 60 tiles as a minute ago, and often the same page. Its list says which
revision each photo has, and only what has changed is read and written again.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from flask import Flask, current_app
from markupsafe import Markup

from photos.db import photos as photo_rows
from photos.models import PhotoMark, PhotoState
from photos.web import deps, present

MOST_TILES = 5000
"""Kept by one process: about 4 MB, and the first pages of a hundred people."""
MOST_PAGES = 100
"""Of days, kept by one process: another 4 MB."""
SETTLED = frozenset({PhotoState.READY, PhotoState.REFUSED})
"""States in which a photo does not change without a new revision."""
URL_LIFE_SHARE = 8
"""Addresses in a tile grow old with it: it is kept for this part of their life at most."""

Kept = tuple[int, int, int]
"""Key and revision of the photo, and the stretch of time in which its addresses were signed."""


class Tiles:
    """The tiles one process has made; safe for threads. The one not asked for longest goes first."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Kept, Markup] = OrderedDict()
        self._pages: OrderedDict[tuple[object, ...], Markup] = OrderedDict()
        self._lock = threading.Lock()

    def page(self, name: tuple[object, ...]) -> Markup | None:
        """The days of a page, if they are known."""
        with self._lock:
            days = self._pages.get(name)
            if days is not None:
                self._pages.move_to_end(name)
        return days

    def keep_page(self, name: tuple[object, ...], days: Markup) -> None:
        """Remember the days of a page."""
        with self._lock:
            self._pages[name] = days
            while len(self._pages) > MOST_PAGES:
                self._pages.popitem(last=False)

    def find(self, wanted: Sequence[Kept]) -> dict[int, Markup]:
        """Tiles that are known, by the key of their photo."""
        with self._lock:
            known = {name[0]: self._kept[name] for name in wanted if name in self._kept}
            for name in wanted:
                if name[0] in known:
                    self._kept.move_to_end(name)
        return known

    def keep(self, made: Mapping[Kept, Markup]) -> None:
        """Remember these."""
        with self._lock:
            self._kept.update(made)
            while len(self._kept) > MOST_TILES:
                self._kept.popitem(last=False)


def init_tiles(app: Flask) -> None:
    """Give an application its tiles: another one may show another library."""
    app.extensions["bigimage_tiles"] = Tiles()


def days_of(owner_id: int, marks: Sequence[PhotoMark], *, is_first: bool, is_last: bool) -> Markup:
    """One page of days, months around them. Photos deleted a moment ago are left out."""
    tiles = cast(Tiles, current_app.extensions["bigimage_tiles"])
    stretch = int(time.time()) // (deps.settings().url_seconds // URL_LIFE_SHARE)
    name = (stretch, is_first, is_last, *marks)
    days = tiles.page(name)
    if days is None:
        shown = _tiles_of(owner_id, marks, stretch, tiles)
        months = present.months(marks, shown, is_first=is_first, is_last=is_last)
        days = _macro("components/days.html", "render_months")(months)
        if len(shown) == len(marks) and all(mark.state in SETTLED for mark in marks):
            tiles.keep_page(name, days)
    return days


def _tiles_of(owner_id: int, marks: Sequence[PhotoMark], stretch: int, tiles: Tiles) -> dict[int, Markup]:
    """The tile of each photo by its key."""
    names = [(mark.key, mark.revision, stretch) for mark in marks if mark.state in SETTLED]
    known = tiles.find(names)
    missing = [mark.key for mark in marks if mark.key not in known]
    if not missing:
        return known
    with deps.database().read() as connection:
        photos = photo_rows.list_photos_by_keys(connection, owner_id, missing)
    write = _macro("components/grid.html", "tile_link")
    storage = deps.backends().storage
    fresh = {photo.key: write(present.tile(photo, storage)) for photo in photos}
    tiles.keep({name: fresh[name[0]] for name in names if name[0] in fresh})
    return known | fresh


def _macro(template: str, name: str) -> Callable[[object], Markup]:
    """A macro of a template that escapes; those give Markup."""
    return cast(
        Callable[[object], Markup], getattr(current_app.jinja_env.get_template(template).module, name)
    )
