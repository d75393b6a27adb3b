"""The archive: photos that are kept and found, but not on the timeline."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from photos.db import photos as photo_rows
from photos.models import Shelf
from photos.web import deps, present

blueprint = Blueprint("archive", __name__, url_prefix="/archive")

PAGE = 60


@blueprint.get("")
def index() -> str:
    """One page of archived photos. `cursor` continues an earlier page."""
    here, owner = deps.backends(), deps.user()
    cursor = request.args.get("cursor")
    with here.database.read() as connection:
        page = photo_rows.list_photos(
            connection, owner_id=owner.id, shelf=Shelf.ARCHIVE, limit=PAGE, cursor=cursor
        )
    return render_template(
        "archive/index.html",
        tiles=[present.tile(photo, here.storage) for photo in page.items],
        next_href=url_for("archive.index", cursor=page.next) if page.next else "",
    )
