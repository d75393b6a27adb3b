"""Which photos are the same picture."""

from __future__ import annotations

from typing import cast

from flask import request

from photos.backends.storage import Readable
from photos.services import duplicates, twins
from photos.web import deps
from photos.web.api import twin_shapes as shapes
from photos.web.api.operations import operation
from photos.web.api.photo_shapes import PhotoShape, photo_shape


@operation("POST", "/photos/twins", query=shapes.TwinQuery, answer=shapes.TwinList, takes="image/*")
def find_twins(query: shapes.TwinQuery) -> shapes.TwinList:
    """Ask whether a picture is in the library. The body is the picture; it is looked at and not kept.
    With `sha256`, the hash of a file, that file is looked for first, and no body is needed if it is there.
    """
    here, owner = deps.backends(), deps.user()
    found: tuple[twins.Twin, ...] = ()
    if query.sha256:
        found = twins.find_file(query.sha256, owner=owner, database=here.database)
    if not found:
        # under gunicorn Werkzeug takes the read that finds the end for one beyond the limit
        request.max_content_length = here.settings.max_photo_bytes + 1
        found = twins.look(
            cast(Readable, request.stream),
            owner=owner,
            settings=here.settings,
            database=here.database,
            open_magnifier=here.open_magnifier,
        )
    return shapes.TwinList([shapes.twin_shape(twin, here.storage) for twin in found])


@operation("GET", "/duplicates", query=shapes.GroupQuery, answer=shapes.GroupPage)
def list_duplicates(query: shapes.GroupQuery) -> shapes.GroupPage:
    """List photos that are one picture, the groups with the newest arrival first.
    Found by the runner, a little after a photo is ready; the best of each group stands first.
    """
    here = deps.backends()
    page = duplicates.list_groups(
        owner=deps.user(), database=here.database, limit=query.limit, cursor=query.cursor
    )
    return shapes.GroupPage([shapes.group_shape(group, here.storage) for group in page.items], page.next)


@operation("POST", "/duplicates/merge", body=shapes.MergeRequest, answer=PhotoShape)
def merge_duplicates(body: shapes.MergeRequest) -> PhotoShape:
    """Move the others to the trash; the one that is kept takes over tags, marks, words and verdicts.
    Restoring the others undoes it, but for what the kept one took over.
    """
    here = deps.backends()
    kept = duplicates.merge(
        body.keep, body.others, owner=deps.user(), database=here.database, search=here.search
    )
    return photo_shape(kept, here.storage)


@operation("POST", "/duplicates/apart", body=shapes.ApartRequest)
def keep_apart(body: shapes.ApartRequest) -> None:
    """Say that these are not the same picture; they are not listed together again."""
    duplicates.keep_apart(body.photos, owner=deps.user(), database=deps.database())
