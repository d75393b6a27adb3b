"""What people do with their photos. Every act is one transaction; the index follows at once."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace
from sqlalchemy import Connection

from photos.backends.jobs import Jobs
from photos.backends.search import Search
from photos.db import edits, objects, turning
from photos.db import photos as photo_rows
from photos.db.engine import Database, repeated
from photos.errors import Conflict, Invalid
from photos.models import Photo, PhotoState, User, Verdict
from photos.services.corrections import Correction, clean_taken, place_columns, taken_columns
from photos.services.hints import hint
from photos.services.indexing import index_photos

MAX_DESCRIPTION = 5000
MAX_TAGS = 100
MAX_TAG = 100


class Edit(msgspec.Struct, frozen=True):
    """What a person wants to change; None leaves a field as it is. A rating of 0 takes the stars away.

    `taken` and `place` are corrections as `photos.services.corrections` knows them.
    """

    description: str | None = None
    is_favourite: bool | None = None
    rating: int | None = None
    tags: Sequence[str] | None = None
    taken: Correction | None = None
    place: Correction | None = None

    @property
    def asks_file(self) -> bool:
        """Whether the runner has to read the file again."""
        return any(each and each.get("from_file") for each in (self.taken, self.place))


def edit(
    photo_id: str, wanted: Edit, *, owner: User, database: Database, search: Search, jobs: Jobs
) -> Photo:
    """Change words, marks, date and place, all or nothing.

    Raises NotFound, Invalid for what cannot be kept, and Conflict where the file should speak while the photo
    is being worked on.
    """
    clean = _cleaned(wanted)

    def apply(connection: Connection, photo: Photo) -> None:
        if clean.asks_file:
            refuse_shared(photo)
            if photo.state is PhotoState.PROCESSING:
                raise Conflict("It is being worked on. Try again in a moment.")
        now = datetime.now(UTC)
        if columns := _columns(clean, photo):
            edits.write(connection, photo.key, columns, now=now)
        if clean.tags is not None:
            photo_rows.set_tags(connection, photo.key, clean.tags, now=now)
        if clean.asks_file:
            photo_rows.renew_photo(connection, photo.key, now=now)

    photo = change(photo_id, apply, owner=owner, database=database, search=search)
    if clean.asks_file:
        hint(jobs, "process_photo", {"photo_id": photo_id})
    return photo


def _cleaned(wanted: Edit) -> Edit:
    """As it is kept. Raises Invalid."""
    description, tags, taken = wanted.description, wanted.tags, wanted.taken
    return replace(
        wanted,
        description=None if description is None else clean_description(description),
        rating=None if wanted.rating is None else clean_rating(wanted.rating) or 0,
        tags=None if tags is None else clean_tags(tags),
        taken=None if taken is None else clean_taken(taken),
    )


def _columns(wanted: Edit, photo: Photo) -> edits.Columns:
    """What a clean edit makes of the photo's row."""
    parts: list[edits.Columns] = []
    if wanted.description is not None:
        parts.append(edits.description(wanted.description))
    if wanted.is_favourite is not None:
        parts.append(edits.favourite(wanted.is_favourite))
    if wanted.rating is not None:
        parts.append(edits.rating(wanted.rating or None))
    if wanted.taken is not None:
        parts.append(taken_columns(photo, wanted.taken))
    if wanted.place is not None:
        parts.append(place_columns(wanted.place))
    return {name: value for part in parts for name, value in part.items()}


def trash(photo_id: str, *, owner: User, database: Database, search: Search) -> Photo:
    """Move to the trash; one that is there already stays. Raises NotFound."""

    def put_away(connection: Connection, photo: Photo) -> None:
        now = datetime.now(UTC)
        edits.write(connection, photo.key, edits.trashed(photo, now=now), now=now)

    return change(photo_id, put_away, owner=owner, database=database, search=search)


def restore(photo_id: str, *, owner: User, database: Database, search: Search) -> Photo:
    """Take back out of the trash. Raises NotFound."""

    def take_back(connection: Connection, photo: Photo) -> None:
        edits.write(connection, photo.key, edits.restored(), now=datetime.now(UTC))

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
        photo_rows.set_verdict(connection, photo.key, name, verdict, now=datetime.now(UTC))

    return change(photo_id, decide, owner=owner, database=database, search=search)


@repeated
def reprocess(photo_id: str, *, owner: User, database: Database, jobs: Jobs) -> Photo:
    """Develop and label again; decisions and words of people stay.

    Raises NotFound, and Conflict for an invented photo.
    """
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        refuse_shared(photo)
        if photo.state is not PhotoState.PROCESSING:
            photo_rows.renew_photo(connection, photo.key, now=datetime.now(UTC))
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
    hint(jobs, "process_photo", {"photo_id": photo_id})
    return photo


@repeated
def turn(photo_id: str, degrees: int, *, owner: User, database: Database, jobs: Jobs) -> Photo:
    """Turn a photo by 0, 90, 180 or 270 degrees clockwise on top of what its file says; 0 reverts.

    The original stays as it is: what is shown is made anew, boxes and all. Can be repeated, and wins over
    whoever is developing the photo right now. Raises NotFound, and Conflict for a refused or invented photo.
    """
    with database.write() as connection:
        photo = photo_rows.get_photo(connection, photo_id, owner_id=owner.id)
        if photo.state is PhotoState.REFUSED:
            raise Conflict("This photo was refused, so there is nothing to turn.")
        refuse_shared(photo)
        if photo.turn % 360 != degrees:
            turning.set_turn(connection, photo.key, degrees, now=datetime.now(UTC))
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
        photo_rows.purge_photo(connection, photo.key, now=datetime.now(UTC))
    index_photos([photo.key], database=database, search=search)


def refuse_shared(photo: Photo) -> None:
    """Raise Conflict for an invented photo, whose facts are in its row alone."""
    if objects.is_shared(photo.storage_key):
        raise Conflict("This photo is invented: there is no file of it to be read again.", code="invented")


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
