"""Sample photos for an empty library: one click brings them, one takes them away."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from werkzeug.wrappers import Response

from photos.services.samples import remove_samples
from photos.web import deps
from photos.web.words import count_words

blueprint = Blueprint("samples", __name__, url_prefix="/samples")


@blueprint.post("")
def add() -> Response:
    """Have them made; they appear as uploads do."""
    deps.backends().jobs.send("add_samples", {"user_id": str(deps.user().id)})
    flash("The sample photos are being made. They appear here in a few seconds.", "done")
    return redirect(url_for("timeline.index"), 303)


@blueprint.post("/remove")
def remove() -> Response:
    """Delete them for good."""
    here = deps.backends()
    count = remove_samples(owner=deps.user(), database=here.database, search=here.search)
    words = count_words(count, "sample photo is", "sample photos are")
    flash(f"{words} gone." if count else "There are no sample photos.", "done")
    return redirect(url_for("timeline.index"), 303)
