"""The timeline: the newest photos by the local day they were taken on."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from photos.db import chunks, samples
from photos.db import photos as photo_rows
from photos.models import Shelf
from photos.web import deps, present, tiles
from photos.web.words import count_words, date_words

blueprint = Blueprint("timeline", __name__)

PAGE = 60


@blueprint.get("/")
def index() -> str:
    """One page of days. `cursor` continues an earlier page; a bad one raises Invalid."""
    cursor = request.args.get("cursor")
    owner = deps.user()
    with deps.database().read() as connection:
        page = photo_rows.list_marks(
            connection, owner_id=owner.id, shelf=Shelf.TIMELINE, limit=PAGE, cursor=cursor
        )
        refused = chunks.count_shelf(connection, owner.id, Shelf.REFUSED)
        # shown in small libraries only: whoever has more to see removes them on the account page
        is_small = cursor is None and page.next is None
        has_samples = is_small and bool(page.items) and samples.has_samples(connection, owner.id)
    return render_template(
        "timeline/index.html",
        days=tiles.days_of(owner.id, page.items, is_first=cursor is None, is_last=page.next is None),
        here=_query(cursor),
        older=_query(page.next),
        has_samples=has_samples,
        refused=count_words(refused, "photo was", "photos were") if refused else "",
    )


def _query(cursor: str | None) -> str:
    """What follows the address of a list of photos; a cursor that was read needs no quoting."""
    return f"?cursor={cursor}" if cursor else ""


@blueprint.get("/choose")
def choose() -> str:
    """The same page of photos as a plain list, to choose from without scripts."""
    here, owner = deps.backends(), deps.user()
    cursor = request.args.get("cursor")
    with here.database.read() as connection:
        page = photo_rows.list_photos(
            connection, owner_id=owner.id, shelf=Shelf.TIMELINE, limit=PAGE, cursor=cursor
        )
    return render_template(
        "timeline/choose.html",
        photos=[
            (present.tile(photo, here.storage), date_words(photo.taken_local.date())) for photo in page.items
        ],
        here=_query(cursor),
        older=_query(page.next),
    )
