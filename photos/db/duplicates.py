"""Pairs of photos that look like each other, and what their owner says of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from itertools import combinations
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, and_, delete, false, insert, or_, select, update

from photos.db.engine import to_micros
from photos.db.schema import duplicate, duplicate_verdict, photo, photo_hash
from photos.db.upsert import upsert
from photos.models import Shelf, TakenSource

SHOWN = (Shelf.TIMELINE, Shelf.ARCHIVE)
BATCH = 500
_ONE, _OTHER = photo.alias("one"), photo.alias("other")


class Unmatched(msgspec.Struct, frozen=True):
    """A hash that nothing has been compared with yet."""

    key: int
    owner_id: int
    bits: bytes
    quality: int


class Shot(msgspec.Struct, frozen=True):
    """What tells two frames of a burst from two copies of one picture."""

    key: int
    taken_local: int
    taken_source: TakenSource
    camera: str
    width: int
    height: int


class Pair(msgspec.Struct, frozen=True):
    """Two photos of one owner whose hashes differ in `distance` bits; `other` has the larger key."""

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
    owners = {each.key: each.owner_id for each in matched if bits.get(each.key) == each.bits}
    asked = sorted({other for _, other, _ in pairs})
    there = owners.keys() | set(connection.scalars(select(photo.c.key).where(photo.c.key.in_(asked))))
    for key, other, distance in pairs:
        if key in owners and other in there:
            smaller, larger = sorted((key, other))
            row = {"photo_key": smaller, "other_key": larger, "owner_id": owners[key], "distance": distance}
            upsert(connection, duplicate, row, on=("photo_key", "other_key"), update={"distance": distance})
    connection.execute(update(photo_hash).where(photo_hash.c.photo_key.in_(owners)).values(is_matched=True))


def add_pairs(connection: Connection, owner_id: int, pairs: Iterable[tuple[int, int, int]]) -> None:
    """Pairs of new photos as (key, larger key, distance), of which nothing is known yet."""
    rows = [
        {"photo_key": smaller, "other_key": larger, "owner_id": owner_id, "distance": distance}
        for smaller, larger, distance in pairs
    ]
    if rows:
        connection.execute(insert(duplicate), rows)


def forget_matches(connection: Connection, key: int) -> None:
    """The photo is about to get another hash: what the old one was near to counts no more."""
    touching = or_(duplicate.c.photo_key == key, duplicate.c.other_key == key)
    connection.execute(delete(duplicate).where(touching))


def list_newest(connection: Connection, owner_id: int, *, before: int, limit: int) -> list[Pair]:
    """The owner's pairs whose larger key is smaller than `before`, the newest first."""
    wanted = _shown().where(duplicate.c.owner_id == owner_id, duplicate.c.other_key < before)
    newest_first = (duplicate.c.other_key.desc(), duplicate.c.photo_key.desc())
    return _pairs(connection, wanted.order_by(*newest_first).limit(limit))


def list_pairs_of(connection: Connection, keys: Collection[int]) -> list[Pair]:
    """The pairs that one of these photos is in; some of them may come twice."""
    pairs, wanted = list[Pair](), sorted(keys)
    for side in (duplicate.c.photo_key, duplicate.c.other_key):
        for start in range(0, len(wanted), BATCH):
            pairs += _pairs(connection, _shown().where(side.in_(wanted[start : start + BATCH])))
    return pairs


def _shown() -> Select[Any]:
    """Pairs on timeline and archive, but for those kept apart."""
    verdict = and_(
        duplicate_verdict.c.photo_key == duplicate.c.photo_key,
        duplicate_verdict.c.other_key == duplicate.c.other_key,
    )
    facts = ("key", "taken_local", "taken_source", "camera_model", "width", "height")
    return (
        select(*(each.c[name] for each in (_ONE, _OTHER) for name in facts), duplicate.c.distance)
        .select_from(duplicate)
        .join(_ONE, _ONE.c.key == duplicate.c.photo_key)
        .join(_OTHER, _OTHER.c.key == duplicate.c.other_key)
        # of NOT EXISTS MariaDB makes a table of all verdicts first
        .outerjoin(duplicate_verdict, verdict)
        .where(_ONE.c.shelf.in_(SHOWN), _OTHER.c.shelf.in_(SHOWN), duplicate_verdict.c.photo_key.is_(None))
    )


def _pairs(connection: Connection, statement: Select[Any]) -> list[Pair]:
    rows = map(tuple, connection.execute(statement))
    return [Pair(Shot(*row[:6]), Shot(*row[6:12]), row[12]) for row in rows]


def keep_apart(connection: Connection, keys: Collection[int], *, now: datetime) -> None:
    """Their owner says that none of these is the same picture as another."""
    decided = {"decided_at": to_micros(now)}
    for smaller, larger in combinations(sorted(keys), 2):
        row = {"photo_key": smaller, "other_key": larger, **decided}
        upsert(connection, duplicate_verdict, row, on=("photo_key", "other_key"), update=decided)
