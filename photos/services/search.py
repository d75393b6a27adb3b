"""Search: one query of one person, answered with photos and the reason of each hit."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from photos.backends.search import FACETS, Facets, Search
from photos.db import changes as change_rows
from photos.db import photos as photo_rows
from photos.db.engine import Database
from photos.models import Photo, Reason, User
from photos.query import unparse
from photos.query.tree import And
from photos.query.vocabulary import Kind
from photos.services.likeness import understand

ORDERS = ("newest", "oldest", "relevance")
MOST_IDS, IDS_AT_ONCE = 10_000, 500
"""As many photos as one change takes, and as many hits as one question of the index."""
MOST_PARTS = 8
"""Of a query without hits, this many parts are tried without."""


class Match(msgspec.Struct, frozen=True):
    """A photo and why it matched."""

    photo: Photo
    reasons: tuple[Reason, ...]


class Matches(msgspec.Struct, frozen=True):
    """One page of matches; `next` is the cursor of the following page, None at the end."""

    items: tuple[Match, ...]
    next: str | None


class Obstacle(msgspec.Struct, frozen=True):
    """A part of a query, and the query without it, which finds something."""

    part: str
    rest: str


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
    found = search.find(
        understand(text, owner=owner, database=database),
        owner_id=owner.id,
        order=order,
        limit=limit,
        cursor=cursor,
    )
    with database.read() as connection:
        photos = photo_rows.list_photos_by_keys(connection, owner.id, [hit.key for hit in found.hits])
    by_key = {photo.key: photo for photo in photos}
    # a photo deleted a moment ago may still be in the index; it is simply not shown
    items = tuple(Match(by_key[hit.key], hit.reasons) for hit in found.hits if hit.key in by_key)
    return Matches(items, found.next)


def list_ids(text: str, *, owner: User, database: Database, search: Search) -> tuple[list[str], bool]:
    """Ids of all hits, newest first, up to `MOST_IDS`, and whether these are all.

    Raises QueryError, Invalid if it takes too long, and SearchError while the index is down.
    """
    tree = understand(text, owner=owner, database=database)
    keys, is_whole = search.list_keys(tree, owner_id=owner.id, limit=MOST_IDS)
    with database.read() as connection:
        ids = [
            photo_id
            for start in range(0, len(keys), IDS_AT_ONCE)
            for photo_id in change_rows.list_ids_by_keys(
                connection, owner.id, keys[start : start + IDS_AT_ONCE]
            )
        ]
    return ids, is_whole


def facets(
    text: str, *, owner: User, database: Database, search: Search, kinds: Sequence[Kind] = FACETS
) -> Facets:
    """What the hits have in common; no kinds, and they are only counted.

    Raises QueryError, Invalid if it takes too long, and SearchError.
    """
    return search.facets(understand(text, owner=owner, database=database), owner_id=owner.id, kinds=kinds)


def obstacles(text: str, *, owner: User, database: Database, search: Search) -> tuple[Obstacle, ...]:
    """Parts of a query without hits that each alone keep it from having one.

    Empty if leaving out a single part is not enough. Raises QueryError, and SearchError while the index is
    down.
    """
    tree = understand(text, owner=owner, database=database)
    if not isinstance(tree, And):
        return ()
    found = []
    for part in tree.children[:MOST_PARTS]:
        rest = And(tuple(child for child in tree.children if child is not part))
        if search.find(rest, owner_id=owner.id, limit=1).hits:
            found.append(Obstacle(unparse(And((part,))), unparse(rest)))
    return tuple(found)


def neighbours(
    text: str, photo: Photo, *, owner: User, database: Database, search: Search, order: str = "newest"
) -> tuple[str | None, str | None]:
    """Ids of the photos before and after this one among the hits; None at an end. Raises QueryError,
    Invalid for an unknown order, and SearchError while the index is down."""
    tree = understand(text, owner=owner, database=database)
    keys = search.neighbours(tree, photo.key, owner_id=owner.id, order=order)
    with database.read() as connection:
        found = photo_rows.list_photos_by_keys(connection, owner.id, [key for key in keys if key])
    ids = {neighbour.key: neighbour.id for neighbour in found}
    before, after = (ids.get(key) if key else None for key in keys)
    return before, after
