"""Do I have this? A picture that somebody holds in hand is looked at, compared, and not kept."""

from __future__ import annotations

from contextlib import closing
from typing import cast

from flask import Blueprint, render_template, request

from photos.backends.storage import Readable
from photos.errors import Invalid
from photos.services import lookup
from photos.services.promises import size_words
from photos.web import deps, present
from photos.web.words import whereabouts

blueprint = Blueprint("lookup", __name__, url_prefix="/lookup")

CERTAINTIES = {
    lookup.Certainty.SAME: "The same file",
    lookup.Certainty.SURE: "The same picture",
    lookup.Certainty.POSSIBLE: "Perhaps the same picture",
}


@blueprint.get("")
def index() -> str:
    """The form: choose or drop a picture."""
    return _page()


@blueprint.post("")
def ask() -> tuple[str, int]:
    """The photos that look like the picture sent as `picture`, or what is wrong with it."""
    files = [file for file in request.files.getlist("picture") if file.filename]
    sha256 = deps.form_text("sha256", limit=64, required=False)
    if not files:
        return _page(error="Choose a picture."), 400
    here, owner = deps.backends(), deps.user()
    try:
        found = lookup.find_file(sha256, owner=owner, database=here.database) if sha256 else ()
        with closing(files[0]) as file:
            found = found or lookup.look(
                cast(Readable, file.stream),
                owner=owner,
                settings=here.settings,
                database=here.database,
                open_magnifier=here.open_magnifier,
            )
    except Invalid as refusal:
        return _page(error=refusal.reason), 400
    return _page(found=found), 200


def _page(*, found: tuple[lookup.Copy, ...] | None = None, error: str = "") -> str:
    here = deps.backends()
    return render_template(
        "lookup/index.html",
        error=error,
        asked=found is not None,
        tiles=[
            (
                present.tile(copy.photo, here.storage),
                CERTAINTIES[copy.certainty],
                whereabouts(copy.photo),
            )
            for copy in found or ()
        ],
        max_size=size_words(here.settings.max_photo_bytes),
    )
