"""Photos that are one picture."""

from __future__ import annotations

from photos.services import duplicates
from photos.web import deps
from photos.web.api import duplicate_shapes as shapes
from photos.web.api.operations import operation
from photos.web.api.photo_shapes import PhotoShape, photo_shape


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
