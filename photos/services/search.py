"""Search: one query of one person, answered with photos and the reason of each hit."""

from __future__ import annotations

from dataclasses import dataclass

from photos.backends.search import Search
from photos.db import photos as photo_rows
from photos.db.engine import Database
from photos.models import Photo, Reason, User
from photos.query import parse

ORDERS = ("newest", "oldest", "relevance")


@dataclass(frozen=True, slots=True)
class Match:
    """A photo and why it matched."""

    photo: Photo
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Matches:
    """One page of matches; `next` is the cursor of the following page, None at the end."""

    items: tuple[Match, ...]
    next: str | None


def find(
    text: str,
    *,
    owner: User,
    database: Database,
    search: Search,
    order: str = "newest",
    limit: int = 60,
    cursor: str | None = None,
) -> Matches:
    """Photos of the owner that match. Raises QueryError (with its position), Invalid for a bad cursor,
    and SearchError while the index is down."""
    found = search.find(parse(text), owner_id=owner.id, order=order, limit=limit, cursor=cursor)
    with database.read() as connection:
        photos = photo_rows.list_photos_by_keys(connection, owner.id, [hit.key for hit in found.hits])
    by_key = {photo.key: photo for photo in photos}
    # a photo deleted a moment ago may still be in the index; it is simply not shown
    items = tuple(Match(by_key[hit.key], hit.reasons) for hit in found.hits if hit.key in by_key)
    return Matches(items, found.next)
