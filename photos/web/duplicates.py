"""The same picture twice: copies side by side, and the one to keep."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photos.errors import Invalid
from photos.models import Photo
from photos.services import duplicates
from photos.web import deps, photo_panel, present
from photos.web.words import count_words

blueprint = Blueprint("duplicates", __name__, url_prefix="/duplicates")

PAGE = 20


@blueprint.get("")
def index() -> str:
    """Groups of copies. `cursor` continues an earlier page; a bad one raises Invalid."""
    here, cursor = deps.backends(), request.args.get("cursor")
    page = duplicates.list_groups(owner=deps.user(), database=here.database, limit=PAGE, cursor=cursor)
    groups = [
        [(present.tile(photo, here.storage), _facts(photo)) for photo in group.photos] for group in page.items
    ]
    return render_template(
        "duplicates/index.html",
        groups=groups,
        next_href=url_for("duplicates.index", cursor=page.next) if page.next else "",
    )


@blueprint.post("/merge")
def merge() -> Response:
    """Keep the photo `keep`; the other ones of `photo` go to the trash."""
    here = deps.backends()
    keep, ids = deps.form_text("keep", limit=22), _ids()
    duplicates.merge(keep, ids, owner=deps.user(), database=here.database, search=here.search)
    others = [each for each in ids if each != keep]
    words = count_words(len(others), "copy is", "copies are")
    flash(f"{words} in the trash.", f"undo {url_for('duplicates.restore', photo=others)}")
    return redirect(url_for("duplicates.index"), 303)


@blueprint.post("/restore")
def restore() -> Response:
    """Undo a merge: take the photos of the address's `photo` back out of the trash."""
    here = deps.backends()
    ids = request.args.getlist("photo")
    duplicates.restore(ids, owner=deps.user(), database=here.database, search=here.search)
    flash(f"{count_words(len(ids), 'photo is', 'photos are')} back.", "done")
    return redirect(url_for("duplicates.index"), 303)


@blueprint.post("/apart")
def keep_apart() -> Response:
    """Say that those of `photo` are not the same picture."""
    here = deps.backends()
    duplicates.keep_apart(_ids(), owner=deps.user(), database=here.database)
    flash("They are not shown as the same picture any more.", "done")
    return redirect(url_for("duplicates.index"), 303)


def _ids() -> list[str]:
    ids = request.form.getlist("photo")
    if len(ids) < 2 or len(ids) > duplicates.MOST_TOGETHER:
        raise Invalid("A group has at least two photos.", field="photo")
    return ids


def _facts(photo: Photo) -> tuple[str, ...]:
    """What helps to choose, in words."""
    facts = photo_panel.photo_facts(photo)
    return tuple(word for word in (facts.dimensions, facts.size, facts.kind, facts.taken, photo.name) if word)
