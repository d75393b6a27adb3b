"""Forms of the photo page that correct when and where it was taken. They belong to the blueprint `photo`."""

from __future__ import annotations

from typing import Any

from flask import flash
from werkzeug.wrappers import Response

from photos.errors import Invalid
from photos.services import corrections
from photos.services.library import Edit
from photos.web import deps
from photos.web.photo import blueprint, edit, to_photo
from photos.web.positions import read_position


@blueprint.post("/date")
def date(photo_id: str) -> Response:
    """Set the clock there to `local` and its `offset` from UTC in minutes; `from_file` reverts both."""
    edit(photo_id, Edit(taken=_from_file() or _taken()))
    flash("The date is saved.", "done")
    return to_photo(photo_id, anchor="facts")


@blueprint.post("/place")
def place(photo_id: str) -> Response:
    """Set the place to `position` (latitude, longitude; empty for none); `from_file` reverts it."""
    edit(photo_id, Edit(place=_from_file() or _place()))
    flash("The place is saved.", "done")
    return to_photo(photo_id, anchor="facts")


def _from_file() -> dict[str, Any]:
    return {"from_file": True} if deps.form_text("from_file", required=False) else {}


def _taken() -> dict[str, Any]:
    taken: dict[str, Any] = {"local": deps.form_text("local", limit=32)}
    offset = deps.form_text("offset", limit=8, required=False)
    try:
        taken["offset_minutes"] = int(offset) if offset else None
    except ValueError:
        raise Invalid("Choose a time zone from the list.", field="offset") from None
    return taken


def _place() -> dict[str, Any]:
    text = deps.form_text("position", limit=100, required=False)
    return corrections.place_of(
        read_position(text, "position") if text else None,
        lambda there: deps.backends().gazetteer.nearest(there),
    )
