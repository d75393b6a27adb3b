"""Photos: lists, one photo, changes, trash and labels."""

from __future__ import annotations

from msgspec import UNSET

from photos.db import photos as photo_rows
from photos.models import Photo, Shelf, Verdict
from photos.services import library, search
from photos.web import deps
from photos.web.api import photo_shapes as shapes
from photos.web.api.correction_shapes import place_values, taken_values
from photos.web.api.operations import operation


@operation("GET", "/photos", query=shapes.PhotoListQuery, answer=shapes.PhotoPage)
def list_photos(query: shapes.PhotoListQuery) -> shapes.PhotoPage:
    """List photos, newest first by their own local day.
    With `q` only those that match it, as in search.
    """
    here, owner = deps.backends(), deps.user()
    if query.q:
        found = search.find(
            query.q,
            owner=owner,
            database=here.database,
            search=here.search,
            limit=query.limit,
            cursor=query.cursor,
        )
        return shapes.PhotoPage([_shape(match.photo) for match in found.items], found.next)
    with here.database.read() as connection:
        page = photo_rows.list_photos(
            connection, owner_id=owner.id, shelf=Shelf(query.shelf), limit=query.limit, cursor=query.cursor
        )
    return shapes.PhotoPage([_shape(photo) for photo in page.items], page.next)


@operation("GET", "/photos/states", query=shapes.StatesQuery, answer=shapes.StateList)
def list_states(query: shapes.StatesQuery) -> shapes.StateList:
    """Say how far photos are, for pages that wait."""
    ids = [word for word in query.ids.split(",") if word][:200]
    with deps.backends().database.read() as connection:
        found = photo_rows.list_photos_by_ids(connection, deps.user().id, ids)
    return shapes.StateList(
        [
            shapes.StateShape(photo.id, photo.state.value, photo.reason, bool(photo.recogniser))
            for photo in found
        ]
    )


@operation("GET", "/photos/<photo_id>", answer=shapes.PhotoShape)
def get_photo(photo_id: str) -> shapes.PhotoShape:
    """Show one photo."""
    with deps.backends().database.read() as connection:
        return _shape(photo_rows.get_photo(connection, photo_id, owner_id=deps.user().id))


@operation("PATCH", "/photos/<photo_id>", body=shapes.PhotoChange, answer=shapes.PhotoShape)
def change_photo(photo_id: str, body: shapes.PhotoChange) -> shapes.PhotoShape:
    """Change description, favourite, rating, tags, date or place, all or nothing; absent fields stay."""
    here = deps.backends()
    wanted = library.Edit(
        description=None if body.description is UNSET else body.description,
        is_favourite=None if body.is_favourite is UNSET else body.is_favourite,
        rating=None if body.rating is UNSET else body.rating or 0,
        tags=None if body.tags is UNSET else body.tags,
        taken=None if body.taken is UNSET else taken_values(body.taken),
        place=None if body.place is UNSET else place_values(body.place),
    )
    photo = library.edit(
        photo_id,
        wanted,
        owner=deps.user(),
        database=here.database,
        search=here.search,
        jobs=here.jobs,
    )
    return _shape(photo)


@operation("POST", "/photos/<photo_id>/trash", answer=shapes.PhotoShape)
def trash_photo(photo_id: str) -> shapes.PhotoShape:
    """Move a photo to the trash."""
    here = deps.backends()
    return _shape(library.trash(photo_id, owner=deps.user(), database=here.database, search=here.search))


@operation("POST", "/photos/<photo_id>/restore", answer=shapes.PhotoShape)
def restore_photo(photo_id: str) -> shapes.PhotoShape:
    """Take a photo back out of the trash."""
    here = deps.backends()
    return _shape(library.restore(photo_id, owner=deps.user(), database=here.database, search=here.search))


@operation("POST", "/photos/<photo_id>/reprocess", answer=shapes.PhotoShape)
def reprocess_photo(photo_id: str) -> shapes.PhotoShape:
    """Develop and label a photo again; what people decided and wrote stays."""
    here = deps.backends()
    return _shape(library.reprocess(photo_id, owner=deps.user(), database=here.database, jobs=here.jobs))


@operation("POST", "/photos/<photo_id>/turn", body=shapes.TurnChange, answer=shapes.PhotoShape)
def turn_photo(photo_id: str, body: shapes.TurnChange) -> shapes.PhotoShape:
    """Turn a photo; its original stays as it is, and the pictures of it are made anew."""
    here = deps.backends()
    return _shape(
        library.turn(photo_id, body.degrees, owner=deps.user(), database=here.database, jobs=here.jobs)
    )


@operation("DELETE", "/photos/<photo_id>")
def purge_photo(photo_id: str) -> None:
    """Delete a photo for good; it has to be in the trash."""
    here = deps.backends()
    library.purge(photo_id, owner=deps.user(), database=here.database, search=here.search)


@operation(
    "PUT", "/photos/<photo_id>/labels/<name>/verdict", body=shapes.VerdictChange, answer=shapes.PhotoShape
)
def decide_label(photo_id: str, name: str, body: shapes.VerdictChange) -> shapes.PhotoShape:
    """Keep or reject a label; the decision survives re-processing."""
    return _shape(_decide(photo_id, name, Verdict(body.verdict)))


@operation("DELETE", "/photos/<photo_id>/labels/<name>/verdict", answer=shapes.PhotoShape)
def undecide_label(photo_id: str, name: str) -> shapes.PhotoShape:
    """Take a decision on a label back."""
    return _shape(_decide(photo_id, name, None))


def _decide(photo_id: str, name: str, verdict: Verdict | None) -> Photo:
    here = deps.backends()
    return library.decide_label(
        photo_id, name, verdict, owner=deps.user(), database=here.database, search=here.search
    )


def _shape(photo: Photo) -> shapes.PhotoShape:
    return shapes.photo_shape(photo, deps.backends().storage)
