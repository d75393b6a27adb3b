"""Pairs of photos that look like each other, and what their owner says of them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from sqlalchemy import Connection, and_, delete, exists, false, or_, select, update

from photos.db.engine import to_micros
from photos.db.schema import photo, photo_hash, twin, twin_verdict
from photos.db.upsert import upsert
from photos.models import Shelf, TakenSource

SHOWN = (Shelf.TIMELINE, Shelf.ARCHIVE)


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A hash that nothing has been compared with yet."""

    key: int
    owner_id: int
    bits: bytes
    quality: int


@dataclass(frozen=True, slots=True)
class Shot:
    """What tells two frames of a burst from two copies of one picture."""

    key: int
    taken_local: int
    taken_source: TakenSource
    camera: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Pair:
    """Two photos whose hashes differ in `distance` bits."""

    one: Shot
    other: Shot
    distance: int


def list_unmatched(connection: Connection, limit: int) -> list[Unmatched]:
    """Hashes of all owners that came or changed since the last comparison, oldest photo first."""
    statement = (
        select(photo_hash.c.photo_key, photo.c.owner_id, photo_hash.c.bits, photo_hash.c.quality)
        .join(photo, photo.c.key == photo_hash.c.photo_key)
        .where(photo_hash.c.is_matched == false())
        .order_by(photo_hash.c.photo_key)
        .limit(limit)
    )
    return [Unmatched(*row) for row in connection.execute(statement)]


def save_matches(
    connection: Connection, matched: Collection[Unmatched], pairs: Collection[tuple[int, int, int]]
) -> None:
    """Keep pairs as (key, other key, distance), a few thousand at once, and that these hashes were compared.

    A photo that was deleted or hashed anew meanwhile is left for the next time.
    """
    keys = [each.key for each in matched]
    current = select(photo_hash.c.photo_key, photo_hash.c.bits).where(photo_hash.c.photo_key.in_(keys))
    bits = {row.photo_key: row.bits for row in connection.execute(current.with_for_update())}
    settled = {each.key for each in matched if bits.get(each.key) == each.bits}
    asked = sorted({other for _, other, _ in pairs})
    there = settled | set(connection.scalars(select(photo.c.key).where(photo.c.key.in_(asked))))
    for key, other, distance in pairs:
        if key in settled and other in there:
            smaller, larger = sorted((key, other))
            row = {"photo_key": smaller, "other_key": larger, "distance": distance}
            upsert(connection, twin, row, on=("photo_key", "other_key"), update={"distance": distance})
    connection.execute(update(photo_hash).where(photo_hash.c.photo_key.in_(settled)).values(is_matched=True))


def forget_matches(connection: Connection, key: int) -> None:
    """The photo is about to get another hash: what the old one was near to counts no more."""
    connection.execute(delete(twin).where(or_(twin.c.photo_key == key, twin.c.other_key == key)))


def list_pairs(connection: Connection, owner_id: int, *, within: int, limit: int) -> list[Pair]:
    """The owner's pairs of at most this distance on timeline and archive, but for those kept apart."""
    one, other = photo.alias("one"), photo.alias("other")
    is_apart = exists().where(
        twin_verdict.c.photo_key == twin.c.photo_key, twin_verdict.c.other_key == twin.c.other_key
    )
    facts = ("key", "taken_local", "taken_source", "camera_model", "width", "height")
    statement = (
        select(*(each.c[name] for each in (one, other) for name in facts), twin.c.distance)
        .select_from(one)
        .join(twin, twin.c.photo_key == one.c.key)
        .join(other, other.c.key == twin.c.other_key)
        .where(
            and_(one.c.owner_id == owner_id, one.c.shelf.in_(SHOWN), other.c.shelf.in_(SHOWN)),
            twin.c.distance <= within,
            ~is_apart,
        )
        .order_by(twin.c.photo_key.desc(), twin.c.other_key.desc())
        .limit(limit)
    )
    rows = map(tuple, connection.execute(statement))
    return [Pair(Shot(*row[:6]), Shot(*row[6:12]), row[12]) for row in rows]


def keep_apart(connection: Connection, keys: Collection[int], *, now: datetime) -> None:
    """Their owner says that none of these is the same picture as another."""
    decided = {"decided_at": to_micros(now)}
    for smaller, larger in combinations(sorted(keys), 2):
        row = {"photo_key": smaller, "other_key": larger, **decided}
        upsert(connection, twin_verdict, row, on=("photo_key", "other_key"), update=decided)
