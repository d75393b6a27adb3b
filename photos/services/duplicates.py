"""The same picture twice: found by the runner, shown to their owner, merged by nobody else.

Copies are what was made of one shot: saved again, made smaller, edited. Frames of a burst are different
shots, however alike. The clock of the camera tells them apart: copies keep its time to the second.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec
from sqlalchemy import Connection

from photos.backends.search import Search
from photos.db import duplicates as duplicate_rows
from photos.db import edits, hashes, keyset
from photos.db import photos as photo_rows
from photos.db.duplicates import Pair, Unmatched
from photos.db.engine import Database, repeated
from photos.errors import Invalid
from photos.models import Page, Photo, Shelf, TakenSource, User
from photos.services.indexing import index_photos
from photos.services.lookup import SURE

if TYPE_CHECKING:
    from photos.perceptual.index import HashIndex


BATCH = 200
MOST_A_SWEEP = 5000
"""Some seconds in a library of a million."""
MOST_NEAR = 20
"""Pairs kept of one photo, the nearest: a thousand pictures of one white wall would make half a million."""
SAME_FRAME = 10
"""Bits. Within one second a burst has several frames of one size; only what is nearer than this is a copy."""
PAIRS_A_STEP, MOST_STEPS = 200, 50
"""What one page walks: 10,000 pairs at most."""
MOST_PAIRS = 20_000
"""Looked at of what hangs together: a thousand pictures of one white wall are one group anyway."""
MOST_TOGETHER = 50


class Group(msgspec.Struct, frozen=True):
    """Photos that are one picture, best first: most pixels, then most bytes, then the one that came first."""

    photos: tuple[Photo, ...]


def match_new(*, database: Database) -> int:
    """Compare hashes that have not been compared yet, up to 5,000 at a call; returns how many."""
    # numpy: not before there is something to compare
    from photos.perceptual.index import HashIndex

    total, indexes = 0, dict[int, HashIndex]()
    while total < MOST_A_SWEEP:
        with database.read() as connection:
            waiting = duplicate_rows.list_unmatched(connection, BATCH)
            for owner_id in {each.owner_id for each in waiting} - indexes.keys():
                indexes[owner_id] = HashIndex()
                for keys, joined in hashes.list_hashes(connection, owner_id):
                    indexes[owner_id].add(keys, joined)
        if not waiting:
            break
        pairs = [pair for each in waiting for pair in _near(each, indexes[each.owner_id])]
        _save(waiting, pairs, database)
        total += len(waiting)
    return total


def _near(asked: Unmatched, index: HashIndex) -> list[tuple[int, int, int]]:
    if asked.quality == 0:
        return []
    near = [hit for hit in index.search(asked.bits, SURE) if hit[0] != asked.key]
    return [(asked.key, other, distance) for other, distance in near[:MOST_NEAR]]


@repeated
def _save(waiting: Sequence[Unmatched], pairs: Sequence[tuple[int, int, int]], database: Database) -> None:
    with database.write() as connection:
        duplicate_rows.save_matches(connection, waiting, pairs)


def list_groups(*, owner: User, database: Database, limit: int, cursor: str | None = None) -> Page[Group]:
    """Groups of copies, the one with the newest arrival first. Raises Invalid for a cursor not from here.

    A page may have fewer groups than `limit`, or none, and yet be followed by more: where thousands of pairs
    in a row are frames of bursts.
    """
    (last,) = keyset.read_cursor(cursor, 1) if cursor else (keyset.LARGEST,)
    with database.read() as connection:
        shown, end = _walk(connection, owner.id, last, limit)
        photos = {
            photo.key: photo
            for photo in photo_rows.list_photos_by_keys(
                connection, owner.id, [key for keys in shown for key in keys]
            )
        }
    items = tuple(Group(_best_first(photos[key] for key in keys if key in photos)) for keys in shown)
    return Page(items, keyset.write_cursor(end) if end else None)


def _walk(
    connection: Connection, owner_id: int, before: int, limit: int
) -> tuple[list[tuple[int, ...]], int | None]:
    """Keys of up to `limit` groups whose largest key is smaller than `before`, and where those that follow
    begin; None after the last."""
    found: list[tuple[int, ...]] = []
    for _ in range(MOST_STEPS):
        newest = duplicate_rows.list_newest(connection, owner_id, before=before, limit=PAIRS_A_STEP)
        if not newest:
            return found, None
        smallest = newest[-1].other.key
        groups = _groups(_hanging_on(newest, connection))
        # a group stands where its largest key does: some that were met here stand on an earlier page
        found += [keys for keys in groups if smallest <= keys[0] < before]
        if len(found) > limit:
            return found[:limit], found[limit - 1][0]
        before = smallest
    return found, before


def _hanging_on(pairs: Iterable[Pair], connection: Connection) -> set[Pair]:
    """The copies among these pairs, and all others that hang together with them."""
    found, asked = set(filter(is_copy, pairs)), set[int]()
    while len(found) < MOST_PAIRS and (unasked := _keys_of(found) - asked):
        found.update(filter(is_copy, duplicate_rows.list_pairs_of(connection, unasked)))
        asked |= unasked
    return found


def _keys_of(pairs: Iterable[Pair]) -> set[int]:
    return {shot.key for pair in pairs for shot in (pair.one, pair.other)}


def is_copy(pair: Pair) -> bool:
    """Whether two photos that look alike are one shot, as far as their clocks and sizes tell."""
    one, other = pair.one, pair.other
    has_clocks = one.taken_source == other.taken_source == TakenSource.FILE and one.camera == other.camera
    if not has_clocks:
        return True
    if one.taken_local // 1_000_000 != other.taken_local // 1_000_000:
        return False
    is_one_size = (one.width, one.height) == (other.width, other.height)
    return pair.distance <= SAME_FRAME or not is_one_size


def merge(
    keep_id: str, other_ids: Sequence[str], *, owner: User, database: Database, search: Search
) -> Photo:
    """Move the others to the trash; the one that is kept takes over what people made of them.

    Tags, favourite, the best rating, a description if it has none, and verdicts on labels it has. What it
    took over stays when the others are restored. Raises NotFound, and Invalid for nothing to merge.
    """
    kept, others = _merge(keep_id, _checked(other_ids, keep_id), owner, database)
    index_photos([kept.key, *(other.key for other in others)], database=database, search=search)
    return kept


def restore(ids: Sequence[str], *, owner: User, database: Database, search: Search) -> None:
    """Take photos back out of the trash. Raises NotFound."""

    @repeated
    def apply() -> list[int]:
        with database.write() as connection:
            photos = [photo_rows.get_photo(connection, each, owner_id=owner.id) for each in _checked(ids)]
            for photo in photos:
                edits.write(connection, photo.key, edits.restored(), now=datetime.now(UTC))
        return [photo.key for photo in photos]

    index_photos(apply(), database=database, search=search)


@repeated
def keep_apart(ids: Sequence[str], *, owner: User, database: Database) -> None:
    """Never again show these as one picture. Raises NotFound."""
    with database.write() as connection:
        keys = [photo_rows.get_photo(connection, each, owner_id=owner.id).key for each in _checked(ids)]
        duplicate_rows.keep_apart(connection, keys, now=datetime.now(UTC))


@repeated
def _merge(
    keep_id: str, other_ids: Sequence[str], owner: User, database: Database
) -> tuple[Photo, list[Photo]]:
    with database.write() as connection:
        kept = photo_rows.get_photo(connection, keep_id, owner_id=owner.id)
        others = [photo_rows.get_photo(connection, each, owner_id=owner.id) for each in other_ids]
        if Shelf.TRASH in {kept.shelf, *(other.shelf for other in others)}:
            raise Invalid("One of these photos is in the trash already.", code="trashed")
        _take_over(connection, kept, others)
        now = datetime.now(UTC)
        for other in others:
            edits.write(connection, other.key, edits.trashed(other, now=now), now=now)
        return photo_rows.get_photo(connection, keep_id, owner_id=owner.id), others


def _take_over(connection: Connection, kept: Photo, others: Sequence[Photo]) -> None:
    now, every = datetime.now(UTC), (kept, *others)
    tags = {name for photo in every for name in photo.tags}
    if tags != set(kept.tags):
        photo_rows.set_tags(connection, kept.key, sorted(tags), now=now)
    columns: dict[str, edits.Value] = {}
    if any(photo.is_favourite for photo in others):
        columns.update(edits.favourite(True))
    best = max(photo.rating or 0 for photo in every)
    if best != (kept.rating or 0):
        columns.update(edits.rating(best))
    words = next((photo.description for photo in others if photo.description), "")
    if words and not kept.description:
        columns.update(edits.description(words))
    if columns:
        edits.write(connection, kept.key, columns, now=now)
    decided = {label.name: label.verdict for photo in others for label in photo.labels if label.verdict}
    for label in kept.labels:
        if label.verdict is None and label.name in decided:
            photo_rows.set_verdict(connection, kept.key, label.name, decided[label.name], now=now)


def _groups(pairs: Iterable[Pair]) -> list[tuple[int, ...]]:
    """Keys of what hangs together, largest first in each and among them (union-find)."""
    parent: dict[int, int] = {}

    def root(key: int) -> int:
        while parent.setdefault(key, key) != key:
            parent[key] = parent[parent[key]]
            key = parent[key]
        return key

    for pair in pairs:
        parent[root(pair.one.key)] = root(pair.other.key)
    members = defaultdict[int, list[int]](list)
    for key in parent:
        members[root(key)].append(key)
    return sorted(
        (tuple(sorted(keys, reverse=True)[:MOST_TOGETHER]) for keys in members.values()), reverse=True
    )


def _best_first(photos: Iterable[Photo]) -> tuple[Photo, ...]:
    return tuple(
        sorted(photos, key=lambda photo: (-photo.width * photo.height, -photo.size_bytes, photo.key))
    )


def _checked(ids: Sequence[str], *excluded: str) -> Sequence[str]:
    wanted = list(dict.fromkeys(each for each in ids if each not in excluded))
    if not 0 < len(wanted) <= MOST_TOGETHER:
        raise Invalid(f"Choose one to {MOST_TOGETHER} photos.", field="photo")
    return wanted
