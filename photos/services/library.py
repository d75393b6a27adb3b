"""What people do with their photos. Every act is one transaction; the index follows at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from photos.backends.jobs import Jobs
from photos.backends.search import Search
from photos.db import photos as photo_rows
from photos.db import turning
from photos.db.engine import Database, repeated
from photos.errors import Conflict, Invalid
from photos.models import Photo, PhotoState, User, Verdict
from photos.services.hints import hint
from photos.services.processing import index_photos

MAX_DESCRIPTION = 5000
MAX_TAGS = 100
MAX_TAG = 100


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person wants to change; None leaves a field as it is. A rating of 0 takes the stars away."""

    description: str | None = None
    is_favourite: bool | None = None
    rating: int | None = None
    tags: Sequence[str] | None = None


def edit(photo_id: str, wanted: Edit, *, owner: User, database: Database, search: Search) -> Photo:
    """Change words and marks, all or nothing. Raises NotFound, and Invalid for what cannot be kept."""
    description, tags = wanted.description, wanted.tags
    if description is not None:
        description = clean_description(description)
    if tags is not None:
        tags = clean_tags(tags)
    rating = clean_rating(wanted.rating)

    def apply(connection: Connection, photo: Photo) -> None:
        now = _now()
        if description is not None:
            photo_rows.set_description(connection, photo.key, description, now=now)
        if wanted.is_favourite is not None:
            photo_rows.set_favourite(connection, photo.key, wanted.is_favourite, now=now)
        if wanted.rating is not None:
            photo_rows.set_rating(connection, photo.key, rating, now=now)
        if tags is not None:
            photo_rows.set_tags(connection, photo.key, tags, now=now)

    return change(photo_id, apply, owner=owner, database=database, search=search)


def trash(photo_id: str, *, owner: User, database: Database, search: Search) -> Photo:
    """Move to the trash; one that is there already stays. Raises NotFound."""

    def put_away(connection: Connection, photo: Photo) -> None:
        photo_rows.trash_photo(connection, photo.key, now=_now())

    return change(photo_id, put_away, owner=owner, database=database, search=search)


def restore(photo_id: str, *, owner: User, database: Database, search: Search) -> Photo:
    """Take back out of the trash. Raises NotFound."""

    def take_back(connection: Connection, photo: Photo) -> None:
        photo_rows.restore_photo(connection, photo.key, now=_now())

    return change(photo_id, take_back, owner=owner, database=database, search=search)


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

    return change(photo_id, decide, owner=owner, database=database, search=search)


@repeated
def reprocess(photo_id: str, *, owner: User, database: Database, jobs: Jobs) -> Photo:
    """Develop and label again; decisions and words of people stay. Raises NotFound."""
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        if photo.state is not PhotoState.PROCESSING:
            photo_rows.renew_photo(connection, photo.key, now=_now())
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
    hint(jobs, "process_photo", {"photo_id": photo_id})
    return photo


@repeated
def turn(photo_id: str, degrees: int, *, owner: User, database: Database, jobs: Jobs) -> Photo:
    """Turn a photo by 0, 90, 180 or 270 degrees clockwise on top of what its file says; 0 reverts.

    The original stays as it is: what is shown is made anew, boxes and all. Can be repeated, and wins over
    whoever is developing the photo right now. Raises NotFound, and Conflict for a refused photo.
    """
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        if photo.state is PhotoState.REFUSED:
            raise Conflict("This photo was refused, so there is nothing to turn.")
        if photo.turn % 360 != degrees:
            turning.set_turn(connection, photo.key, degrees, now=_now())
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
    if photo.state is PhotoState.NEW:
        hint(jobs, "process_photo", {"photo_id": photo_id})
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


def clean_description(text: str) -> str:
    """A description as it is kept. Raises Invalid."""
    return clean_text(text, limit=MAX_DESCRIPTION, field="description")


def clean_tags(names: Sequence[str]) -> list[str]:
    """Tags as they are kept, each once. Raises Invalid for too many and too long ones."""
    tags = sorted({name for raw in names if (name := clean_text(raw, limit=MAX_TAG, field="tags"))})
    if len(tags) > MAX_TAGS:
        raise Invalid(f"A photo has at most {MAX_TAGS} tags.", field="tags")
    return tags


def clean_rating(stars: int | None) -> int | None:
    """One to five stars; None and 0 are no rating. Raises Invalid."""
    if stars is not None and not 0 <= stars <= 5:
        raise Invalid("A rating is 1 to 5 stars, or none.", field="rating")
    return stars or None


def clean_text(text: str, *, limit: int, field: str) -> str:
    """What a person typed, without surrounding space.

    Line feeds and tabs stay. Raises Invalid for other control characters (NUL among them), lone
    surrogates and more than `limit` characters.
    """
    text = text.replace("\r\n", "\n").strip()
    if any(unicodedata.category(c) in {"Cc", "Cs"} and c not in "\n\t" for c in text):
        raise Invalid("It contains a character that cannot be stored.", code="character", field=field)
    if len(text) > limit:
        raise Invalid(f"It is longer than {limit:,} characters.", code="too_long", field=field)
    return text


def change(
    photo_id: str,
    act: Callable[[Connection, Photo], object],
    *,
    owner: User,
    database: Database,
    search: Search,
) -> Photo:
    """Do something to one photo in one transaction, and have it indexed. Raises NotFound, and as `act`."""
    photo = _write(photo_id, act, owner, database)
    index_photos([photo.key], database=database, search=search)
    return photo


@repeated
def _write(
    photo_id: str, act: Callable[[Connection, Photo], object], owner: User, database: Database
) -> Photo:
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        act(connection, photo)
        return photo_rows.get_photo(connection, photo_id, owner_id=owner.id)


def _now() -> datetime:
    return datetime.now(UTC)
