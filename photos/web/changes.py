"""Recent changes to many photos: what became of them, and the way back. Also how a page without scripts asks
for one."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from photos.db import changes as change_rows
from photos.db import photos as photo_rows
from photos.errors import Invalid
from photos.models import Change, ChangeState, Shelf
from photos.services import changes
from photos.web import deps
from photos.web.change_words import change_words
from photos.web.origins import safe_next
from photos.web.words import date_words, title

blueprint = Blueprint("changes", __name__, url_prefix="/changes")

PAGE = 30
FAILURES = 100


class Row(msgspec.Struct, frozen=True):
    """A change in the list."""

    id: str
    words: str
    when: str
    when_iso: str
    is_open: bool
    is_undone: bool
    can_undo: bool
    failed: int
    over: int
    total: int


@blueprint.get("")
def index() -> str:
    """The newest changes; `cursor` continues an earlier page."""
    cursor = request.args.get("cursor")
    with deps.database().read() as connection:
        page = change_rows.list_changes(connection, deps.user().id, limit=PAGE, cursor=cursor)
    return render_template(
        "changes/index.html",
        changes=[_row(change) for change in page.items],
        next_href=url_for("changes.index", cursor=page.next) if page.next else "",
    )


@blueprint.post("")
def make() -> Response:
    """Make a change: `action`, its values, and the chosen `photo` fields, or `q`, or `shelf`.

    What cannot be undone asks on a page of its own (`photo.confirm_purge`), never here.
    """
    here = deps.backends()
    action = deps.form_text("action", limit=32)
    if action == "purge":
        raise Invalid("Photos are deleted for good one by one, after a question.", field="action")
    change = changes.start(
        action,
        _values(),
        chosen(),
        owner=deps.user(),
        database=here.database,
        search=here.search,
        jobs=here.jobs,
    )
    if change.failed or change.state in change_rows.OPEN:
        return redirect(url_for("changes.show", change_id=change.id), 303)
    _tell(change)
    return redirect(safe_next(deps.form_text("back", required=False) or "/"), 303)


@blueprint.get("/<change_id>")
def show(change_id: str) -> str:
    """One change, with the photos that stayed as they were."""
    with deps.database().read() as connection:
        change = change_rows.get_change(connection, change_id, owner_id=deps.user().id)
        failures = change_rows.list_failures(
            connection, change_id, limit=FAILURES, cursor=request.args.get("cursor")
        )
        ids = [failure.photo_id for failure in failures.items]
        known = {photo.id: photo for photo in photo_rows.list_photos_by_ids(connection, deps.user().id, ids)}
    return render_template(
        "changes/show.html",
        change=_row(change),
        failures=[
            (failure, title(known[failure.photo_id]) if failure.photo_id in known else "")
            for failure in failures.items
        ],
        next_href=url_for("changes.show", change_id=change_id, cursor=failures.next) if failures.next else "",
    )


@blueprint.post("/<change_id>/undo")
def undo(change_id: str) -> Response:
    """Take a change back; back to where it was asked for, or to what could not be taken back."""
    here = deps.backends()
    change = changes.undo(
        change_id, owner=deps.user(), database=here.database, search=here.search, jobs=here.jobs
    )
    if change.failed or change.state in change_rows.OPEN:
        return redirect(url_for("changes.show", change_id=change.id), 303)
    _tell(change)
    return redirect(url_for("changes.index"), 303)


def chosen() -> changes.Chosen:
    """The photos that a form chooses. Raises Invalid for too many of them."""
    ids = request.form.getlist("photo") or [word for word in _listed().split(",") if word]
    if any(len(photo_id) > 22 for photo_id in ids):
        raise Invalid("Choose photos from the list.", field="photo")
    query = "" if ids else deps.form_text("q", limit=1000, required=False)
    shelf = "" if ids or query else deps.form_text("shelf", limit=16, required=False)
    if shelf and shelf not in set(Shelf):
        raise Invalid("There is no such list.", field="shelf")
    return changes.Chosen(ids, query, Shelf(shelf) if shelf else None)


def _listed() -> str:
    """The ids that a script sends in one field."""
    return deps.form_text("ids", limit=changes.MOST * 23, required=False)


def _values() -> dict[str, Any]:
    """The values of simple actions; dates and places of many photos are corrected with scripts."""
    values: dict[str, Any] = {}
    if "rating" in request.form:
        stars = deps.form_text("rating", limit=1)
        if stars not in set("012345"):
            raise Invalid("A rating is 1 to 5 stars, or none.", field="rating")
        values["rating"] = int(stars)
    if "tags" in request.form:
        values["tags"] = deps.form_text("tags", limit=12_000, required=False).split(",")
    return values


def _tell(change: Change) -> None:
    words = change_words(change)
    address = url_for("changes.undo", change_id=change.id)
    flash(f"{words[0].upper()}{words[1:]}.", f"undo {address}" if changes.can_undo(change) else "done")


def _row(change: Change) -> Row:
    created = change.created_at
    return Row(
        id=change.id,
        words=change_words(change),
        when=f"{date_words(created.date())}, {created:%H:%M} UTC",
        when_iso=created.isoformat(timespec="seconds"),
        is_open=change.state in change_rows.OPEN,
        is_undone=change.state is ChangeState.UNDONE,
        can_undo=changes.can_undo(change),
        failed=change.failed,
        over=change.done + change.failed,
        total=change.total,
    )
