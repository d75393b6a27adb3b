"""Uploading by page: the drop area, what is under way, what was refused, and the plain form."""

from __future__ import annotations

import json
from contextlib import closing
from typing import BinaryIO, cast

import msgspec
from flask import Blueprint, flash, get_flashed_messages, redirect, render_template, request, url_for
from msgspec.structs import asdict
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from photos.db import drops
from photos.db import photos as photo_rows
from photos.models import Shelf
from photos.services import dropbox, whole_files
from photos.services.promises import size_words
from photos.web import deps
from photos.web.words import count_words

blueprint = Blueprint("uploads", __name__, url_prefix="/uploads")

PAGE = 60
OUTCOME = "outcome"
"""The category of messages that say what became of one file."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one file of the plain form, in words. `href` leads to the photo, if there is one."""

    name: str
    status: str
    words: str
    href: str


@blueprint.get("")
def index() -> str:
    """The drop area, with counts of what is being worked on and the list of refused photos."""
    return _page()


@blueprint.post("")
def send() -> Response | tuple[str, int]:
    """The plain form: each file is stored, and the next page says what became of it. None at all is 400."""
    files = [file for file in request.files.getlist("files") if file.filename]
    if not files:
        return _page(error="Choose at least one photo."), 400
    for file in files:
        with closing(file):
            flash(json.dumps(asdict(_accept(file))), OUTCOME)
    return redirect(url_for("uploads.index"), 303)


@blueprint.post("/dropped/<drop_id>/retry")
def try_drop_again(drop_id: str) -> Response:
    """Have a file of one's dropbox that was refused tried again, as its line then says. Raises NotFound."""
    here = deps.backends()
    dropbox.try_again(drop_id, owner=deps.user(), database=here.database)
    return redirect(url_for("uploads.index", _anchor="dropped"), 303)


def _page(error: str = "") -> str:
    here, owner = deps.backends(), deps.user()
    with here.database.read() as connection:
        page = photo_rows.list_photos(
            connection,
            owner_id=owner.id,
            shelf=Shelf.REFUSED,
            limit=PAGE,
            cursor=request.args.get("cursor"),
        )
        unfinished = photo_rows.count_unfinished(connection, owner.id)
        dropped = drops.list_refused(connection, owner.id, limit=PAGE)
    told = cast(list[str], get_flashed_messages(category_filter=[OUTCOME]))
    return render_template(
        "uploads/index.html",
        outcomes=[json.loads(text) for text in told],
        error=error,
        refused=page.items,
        next_href=url_for("uploads.index", cursor=page.next) if page.next else "",
        under_way=count_words(unfinished, "photo is", "photos are") if unfinished else "",
        missing=here.recognition.missing(),
        dropped=[(drop, dropbox.is_due(drop)) for drop in dropped],
        max_size=size_words(here.settings.max_photo_bytes),
    )


def _accept(file: FileStorage) -> Outcome:
    here = deps.backends()
    name = file.filename or ""
    offer = whole_files.accept(
        cast(BinaryIO, file.stream),
        name=name,
        owner=deps.user(),
        settings=here.settings,
        database=here.database,
        storage=here.storage,
        jobs=here.jobs,
    )
    if offer.photo is None:
        return Outcome(name, "refused", offer.reason, "")
    href = url_for("photo.show", photo_id=offer.photo.id)
    if offer.status == "known":
        where = " It is in the trash." if offer.photo.shelf is Shelf.TRASH else ""
        return Outcome(name, "known", f"You have this photo already.{where}", href)
    return Outcome(name, "sent", "It has arrived and is being worked on.", href)
