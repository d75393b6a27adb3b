"""The trash: what is there, for how long, and the way back."""

from __future__ import annotations

from flask import Blueprint, render_template, request, url_for

from photos.db import photos as photo_rows
from photos.models import Shelf
from photos.web import deps, present

blueprint = Blueprint("trash", __name__, url_prefix="/trash")

PAGE = 60


@blueprint.get("")
def index() -> str:
    """One page of trashed photos. `cursor` continues an earlier page."""
    here, owner = deps.backends(), deps.user()
    cursor = request.args.get("cursor")
    with here.database.read() as connection:
        page = photo_rows.list_photos(
            connection, owner_id=owner.id, shelf=Shelf.TRASH, limit=PAGE, cursor=cursor
        )
    trash_days = here.settings.trash_days
    return render_template(
        "trash/index.html",
        tiles=[
            present.tile(photo, here.storage, days_left=present.days_left(photo, trash_days=trash_days))
            for photo in page.items
        ],
        trash_days=trash_days,
        next_href=url_for("trash.index", cursor=page.next) if page.next else "",
    )
