"""What people do with their photos. Every act is one transaction; the index follows at once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from sqlalchemy import Connection

from photos.backends.jobs import Jobs
from photos.backends.search import Search
from photos.db import photos as photo_rows
from photos.db.engine import Database
from photos.errors import Conflict, Invalid
from photos.models import Photo, PhotoState, User, Verdict
from photos.services.processing import index_photos

MAX_DESCRIPTION = 5000
MAX_TAGS = 100
MAX_TAG = 100


def describe(photo_id: str, text: str, *, owner: User, database: Database, search: Search) -> Photo:
    """Set the description; an empty one clears it. Raises NotFound and Invalid (too long)."""
    text = clean_text(text, limit=MAX_DESCRIPTION, field="description")
    return _change(
        photo_id, lambda c, p: photo_rows.set_description(c, p.key, text, now=_now()), owner, database, search
    )


def favour(photo_id: str, is_favourite: bool, *, owner: User, database: Database, search: Search) -> Photo:
    """Mark or unmark a favourite. Raises NotFound."""
    return _change(
        photo_id,
        lambda c, p: photo_rows.set_favourite(c, p.key, is_favourite, now=_now()),
        owner,
        database,
        search,
    )


def rate(photo_id: str, rating: int | None, *, owner: User, database: Database, search: Search) -> Photo:
    """Set one to five stars, or none. Raises NotFound and Invalid."""
    if rating is not None and not 1 <= rating <= 5:
        raise Invalid("A rating is 1 to 5 stars, or none.", field="rating")
    return _change(
        photo_id, lambda c, p: photo_rows.set_rating(c, p.key, rating, now=_now()), owner, database, search
    )


def tag(photo_id: str, names: list[str], *, owner: User, database: Database, search: Search) -> Photo:
    """Replace the tags. Raises NotFound and Invalid (too many, too long)."""
    cleaned = sorted({name for raw in names if (name := clean_text(raw, limit=MAX_TAG, field="tags"))})
    if len(cleaned) > MAX_TAGS:
        raise Invalid(f"A photo has at most {MAX_TAGS} tags.", field="tags")
    return _change(
        photo_id, lambda c, p: photo_rows.set_tags(c, p.key, cleaned, now=_now()), owner, database, search
    )


def trash(photo_id: str, *, owner: User, database: Database, search: Search) -> Photo:
    """Move to the trash; one that is there already stays. Raises NotFound."""
    return _change(
        photo_id, lambda c, p: photo_rows.trash_photo(c, p.key, now=_now()), owner, database, search
    )


def restore(photo_id: str, *, owner: User, database: Database, search: Search) -> Photo:
    """Take back out of the trash. Raises NotFound."""
    return _change(
        photo_id, lambda c, p: photo_rows.restore_photo(c, p.key, now=_now()), owner, database, search
    )


def decide_label(
    photo_id: str, name: str, verdict: Verdict | None, *, owner: User, database: Database, search: Search
) -> Photo:
    """Keep or reject one label, or take the decision back; it outlives re-processing.

    Raises NotFound for the photo, Invalid for a label the photo does not have.
    """

    def decide(connection: Connection, photo: Photo) -> None:
        if name not in {label.name for label in photo.labels}:
            raise Invalid(f"This photo has no label “{name[:100]}”.", code="no_label", field="name")
        photo_rows.set_verdict(connection, photo.key, name, verdict, now=_now())

    return _change(photo_id, decide, owner, database, search)


def reprocess(photo_id: str, *, owner: User, database: Database, jobs: Jobs) -> Photo:
    """Develop and label again; decisions and words of people stay. Raises NotFound."""
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        if photo.state is not PhotoState.PROCESSING:
            photo_rows.renew_photo(connection, photo.key, now=_now())
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
    jobs.send("process_photo", {"photo_id": photo_id})
    return photo


def purge(photo_id: str, *, owner: User, database: Database, search: Search) -> None:
    """Delete for good, from the trash only. Its objects go with the next sweep.

    Raises NotFound, and Conflict for a photo that is not in the trash.
    """
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        if photo.trashed_at is None:
            raise Conflict("Move the photo to the trash first.")
        photo_rows.purge_photo(connection, photo.key, now=_now())
    index_photos([photo.key], database=database, search=search)


def clean_text(text: str, *, limit: int, field: str) -> str:
    """What a person typed, without surrounding space.

    Raises Invalid for NUL, lone surrogates and more than `limit` characters.
    """
    text = text.replace("\r\n", "\n").strip()
    if "\0" in text or any(0xD800 <= ord(c) <= 0xDFFF for c in text):
        raise Invalid("It contains a character that cannot be stored.", code="character", field=field)
    if len(text) > limit:
        raise Invalid(f"It is longer than {limit:,} characters.", code="too_long", field=field)
    return text


def _change(
    photo_id: str,
    change: Callable[[Connection, Photo], object],
    owner: User,
    database: Database,
    search: Search,
) -> Photo:
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        change(connection, photo)
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
    index_photos([photo.key], database=database, search=search)
    return photo


def _now() -> datetime:
    return datetime.now(UTC)
