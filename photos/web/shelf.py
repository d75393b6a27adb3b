"""A shelf beside the timeline, page by page: what the archive and the trash have in common."""

from __future__ import annotations

from flask import render_template, request, url_for

from photos.db import photos as photo_rows
from photos.models import Shelf
from photos.web import deps, present
from photos.web.words import days_left

PAGE = 60


def page(name: str, shelf: Shelf) -> str:
    """One page of a shelf by the template and blueprint `name`. `cursor` continues an earlier page."""
    here = deps.backends()
    with here.database.read() as connection:
        found = photo_rows.list_photos(
            connection,
            owner_id=deps.user().id,
            shelf=shelf,
            limit=PAGE,
            cursor=request.args.get("cursor"),
        )
    trash_days = here.settings.trash_days
    return render_template(
        f"{name}/index.html",
        tiles=[
            present.tile(photo, here.storage, days_left=days_left(photo, trash_days=trash_days))
            for photo in found.items
        ],
        trash_days=trash_days,
        next_href=url_for(f"{name}.index", cursor=found.next) if found.next else "",
    )
