"""The page of one photo, and what a person can do to it there."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photos.db import photos as photo_rows
from photos.errors import Invalid, SearchError
from photos.models import Photo, PhotoState, Shelf, Verdict
from photos.query import QueryError
from photos.services import library, search
from photos.services.library import Edit
from photos.web import deps, photo_panel
from photos.web.words import STATE_WORDS, days_left, title

blueprint = Blueprint("photo", __name__, url_prefix="/photos/<photo_id>")

TURNS = frozenset({"0", "90", "180", "270"})
VERDICTS = {"keep": Verdict.KEPT, "reject": Verdict.REJECTED, "undo": None}


@blueprint.get("")
def show(photo_id: str) -> str:
    """The photo with everything known of it. `q` and `order` are the search it was opened from."""
    with deps.database().read() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=deps.user().id)
        beside = photo_rows.neighbours(connection, photo)
    origin = _origin()
    if origin:
        beside = _neighbours_in_search(photo, **origin)
    return _page(photo, beside, origin)


def _origin() -> dict[str, Any]:
    """The search this page was opened from, as arguments of addresses; empty if from none."""
    given = {name: request.args.get(name, "") for name in ("q", "order")}
    return {name: value for name, value in given.items() if value} if given["q"] else {}


def _neighbours_in_search(photo: Photo, q: str, order: str = "newest") -> tuple[str | None, str | None]:
    here = deps.backends()
    try:
        return search.neighbours(
            q, photo, owner=deps.user(), database=here.database, search=here.search, order=order
        )
    except (QueryError, SearchError):
        # the photo can be seen without the search it came from
        return None, None


def _page(photo: Photo, beside: tuple[str | None, str | None], origin: dict[str, Any]) -> str:
    here = deps.backends()
    before_href, after_href = (
        url_for("photo.show", photo_id=photo_id, **origin) if photo_id else "" for photo_id in beside
    )
    original_href = here.storage.url(photo.storage_key, media_type=photo.media_type, download_name=photo.name)
    missing = here.recognition.missing() if photo.state is PhotoState.READY and not photo.recogniser else ""
    return render_template(
        "photo/show.html",
        photo=photo,
        title=title(photo),
        picture=photo_panel.picture(photo, here.storage),
        facts=photo_panel.photo_facts(photo),
        labels=photo_panel.label_rows(photo, suggestion_below=here.settings.suggestion_below),
        text=photo_panel.text_rows(photo),
        state_words=STATE_WORDS[photo.state],
        original_href=original_href,
        close_href=original_href if photo_panel.is_shown_by_browsers(photo) else "",
        before_href=before_href,
        after_href=after_href,
        back=_back(photo, origin),
        origin=origin,
        query_text=origin.get("q", ""),
        missing=missing,
        is_looked_at=photo.state is PhotoState.READY and not photo.recogniser and not missing,
        days_left=days_left(photo, trash_days=here.settings.trash_days),
    )


def _back(photo: Photo, origin: dict[str, Any]) -> tuple[str, str]:
    """Where Escape and the cross lead, and its name."""
    if origin:
        return url_for("search.index", **origin), "Back to the results"
    if photo.shelf is Shelf.TRASH:
        return url_for("trash.index"), "Back to the trash"
    if photo.shelf is Shelf.REFUSED:
        return url_for("uploads.index"), "Back to uploads"
    return url_for("timeline.index", _anchor=f"photo-{photo.id}"), "Back to photos"


@blueprint.post("/description")
def describe(photo_id: str) -> Response:
    """Replace the description; an empty one takes it away."""
    text = deps.form_secret("description", limit=library.MAX_DESCRIPTION * 2)
    edit(photo_id, Edit(description=text))
    flash("The description is saved.", "done")
    return to_photo(photo_id)


@blueprint.post("/favourite")
def favour(photo_id: str) -> Response:
    """`favourite` yes or no."""
    edit(photo_id, Edit(is_favourite=deps.form_text("favourite") == "yes"))
    return to_photo(photo_id)


@blueprint.post("/rating")
def rate(photo_id: str) -> Response:
    """`rating` 1 to 5, or 0 for none."""
    rating = deps.form_text("rating")
    if rating not in set("012345"):
        raise Invalid("A rating is 1 to 5 stars, or none.", field="rating")
    edit(photo_id, Edit(rating=int(rating)))
    return to_photo(photo_id)


@blueprint.post("/tags")
def tag(photo_id: str) -> Response:
    """Replace the tags by the comma-separated ones of `tags`."""
    edit(photo_id, Edit(tags=deps.form_text("tags", limit=12_000, required=False).split(",")))
    flash("The tags are saved.", "done")
    return to_photo(photo_id)


@blueprint.post("/label")
def decide_label(photo_id: str) -> Response:
    """`verdict` keep, reject or undo for the label `name`."""
    here = deps.backends()
    name, word = deps.form_text("name"), deps.form_text("verdict")
    if word not in VERDICTS:
        raise Invalid("Say keep, reject or undo.", field="verdict")
    library.decide_label(
        photo_id, name, VERDICTS[word], owner=deps.user(), database=here.database, search=here.search
    )
    return to_photo(photo_id, anchor="labels")


@blueprint.post("/trash")
def trash(photo_id: str) -> Response:
    """Into the trash; the next older photo follows, or the search it was opened from."""
    here = deps.backends()
    with here.database.read() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=deps.user().id)
        newer, older = photo_rows.neighbours(connection, photo)
    library.trash(photo_id, owner=deps.user(), database=here.database, search=here.search)
    flash("The photo is in the trash.", f"undo {url_for('photo.restore', photo_id=photo_id)}")
    following = older or newer
    if origin := _origin():
        return redirect(url_for("search.index", **origin), 303)
    if following is None:
        return redirect(url_for("timeline.index"), 303)
    return to_photo(following)


@blueprint.post("/restore")
def restore(photo_id: str) -> Response:
    """Back out of the trash, to where it was."""
    here = deps.backends()
    library.restore(photo_id, owner=deps.user(), database=here.database, search=here.search)
    flash("The photo is back.", "done")
    return to_photo(photo_id)


@blueprint.post("/reprocess")
def reprocess(photo_id: str) -> Response:
    """Try again, from the stored original."""
    here = deps.backends()
    library.reprocess(photo_id, owner=deps.user(), database=here.database, jobs=here.jobs)
    return to_photo(photo_id)


@blueprint.post("/turn")
def turn(photo_id: str) -> Response:
    """Show it turned by `degrees` (0, 90, 180, 270) clockwise; 0 is as the file says."""
    here = deps.backends()
    degrees = deps.form_text("degrees")
    if degrees not in TURNS:
        raise Invalid("A photo is turned by 0, 90, 180 or 270 degrees.", field="degrees")
    library.turn(photo_id, int(degrees), owner=deps.user(), database=here.database, jobs=here.jobs)
    return to_photo(photo_id)


@blueprint.get("/delete")
def confirm_purge(photo_id: str) -> str:
    """Ask before what cannot be undone."""
    with deps.database().read() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=deps.user().id)
    return _confirmation(photo)


@blueprint.post("/delete")
def purge(photo_id: str) -> Response | tuple[str, int]:
    """Delete for good, from the trash only, if the word `delete` was typed."""
    here = deps.backends()
    if deps.form_text("word", required=False).lower() != "delete":
        with here.database.read() as connection:
            photo = photo_rows.get_photo(connection, photo_id, owner_id=deps.user().id)
        return _confirmation(photo, error="Type the word delete."), 400
    library.purge(photo_id, owner=deps.user(), database=here.database, search=here.search)
    flash("The photo is deleted for good.", "done")
    return redirect(url_for("trash.index"), 303)


def _confirmation(photo: Photo, error: str = "") -> str:
    return render_template(
        "photo/delete.html",
        photo=photo,
        picture=photo_panel.picture(photo, deps.backends().storage),
        error=error,
    )


def edit(photo_id: str, wanted: Edit) -> None:
    """Change the photo of whoever is asking."""
    here = deps.backends()
    library.edit(
        photo_id, wanted, owner=deps.user(), database=here.database, search=here.search, jobs=here.jobs
    )


def to_photo(photo_id: str, anchor: str | None = None) -> Response:
    """Back to its page, after a change."""
    return redirect(url_for("photo.show", photo_id=photo_id, _anchor=anchor), 303)
