"""Changes to many photos: make one, see how far it is, undo it."""

from __future__ import annotations

from flask import request

from photos.db import changes as change_rows
from photos.errors import Invalid
from photos.models import Change, Shelf
from photos.services import changes
from photos.web import deps
from photos.web.api import change_shapes as shapes
from photos.web.api.correction_shapes import PlaceChange, place_values
from photos.web.api.operations import operation
from photos.web.api.shapes import PageQuery

FAILURES = 100
"""Failures that are shown with a change; the rest has a list of its own."""
LONGEST_KEY = 200


@operation("POST", "/changes", body=shapes.ChangeRequest, answer=shapes.ChangeShape)
def change_photos(body: shapes.ChangeRequest) -> shapes.ChangeShape:
    """Change many photos at once.
    Up to 200 are done when this answers; more go on afterwards. A request that is repeated with the same
    `Idempotency-Key` header is one change.
    """
    here = deps.backends()
    values = shapes.values_of(body)
    if isinstance(body.place, PlaceChange):
        values["place"] = place_values(body.place)
    change = changes.start(
        body.action,
        values,
        _chosen(body.photos),
        owner=deps.user(),
        database=here.database,
        search=here.search,
        jobs=here.jobs,
        key=_idempotency_key(),
    )
    return _shape(change)


@operation("GET", "/changes", query=PageQuery, answer=shapes.ChangePage)
def list_changes(query: PageQuery) -> shapes.ChangePage:
    """List recent changes to many photos, newest first; they are kept for 30 days."""
    with deps.database().read() as connection:
        page = change_rows.list_changes(connection, deps.user().id, limit=query.limit, cursor=query.cursor)
    return shapes.ChangePage([shapes.change_shape(change) for change in page.items], page.next)


@operation("GET", "/changes/<change_id>", answer=shapes.ChangeShape)
def get_change(change_id: str) -> shapes.ChangeShape:
    """Show how far a change is, with the first 100 photos that stayed as they were."""
    with deps.database().read() as connection:
        return _shape(change_rows.get_change(connection, change_id, owner_id=deps.user().id))


@operation("GET", "/changes/<change_id>/failures", query=PageQuery, answer=shapes.FailurePage)
def list_failures(change_id: str, query: PageQuery) -> shapes.FailurePage:
    """List the photos that stayed as they were, and why."""
    with deps.database().read() as connection:
        change = change_rows.get_change(connection, change_id, owner_id=deps.user().id)
        page = change_rows.list_failures(connection, change.id, limit=query.limit, cursor=query.cursor)
    return shapes.FailurePage(shapes.failure_shapes(page), page.next)


@operation("POST", "/changes/<change_id>/undo", answer=shapes.ChangeShape)
def undo_change(change_id: str) -> shapes.ChangeShape:
    """Take a change back, by another one; what was changed again since stays, and is among its failures."""
    here = deps.backends()
    undone = changes.undo(
        change_id, owner=deps.user(), database=here.database, search=here.search, jobs=here.jobs
    )
    return _shape(undone)


def _chosen(chosen: shapes.ChosenShape) -> changes.Chosen:
    if sum(map(bool, (chosen.ids, chosen.q, chosen.shelf))) > 1:
        raise Invalid("Choose by ids, by a query, or by a shelf.", code="choice", field="photos")
    return changes.Chosen(chosen.ids, chosen.q, Shelf(chosen.shelf) if chosen.shelf else None)


def _idempotency_key() -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY:
        raise Invalid("This key is too long.", code="key", field="Idempotency-Key")
    return key


def _shape(change: Change) -> shapes.ChangeShape:
    if not change.failed:
        return shapes.change_shape(change)
    with deps.database().read() as connection:
        return shapes.change_shape(change, change_rows.list_failures(connection, change.id, limit=FAILURES))
