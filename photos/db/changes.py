"""Changes to many photos: what was asked, how far it is, and of each photo what undoing needs."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Connection,
    Row,
    bindparam,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from photos.db import chunks, keyset
from photos.db.belonging import belongs_to
from photos.db.engine import from_micros, to_micros
from photos.db.photos import list_photos_by_ids
from photos.db.rows import load_photos
from photos.db.schema import bulk_change, bulk_photo, photo
from photos.errors import NotFound
from photos.models import Change, ChangeFailure, ChangeState, Page, Photo, Shelf

WAITING, DONE, FAILED = "waiting", "done", "failed"
"""States of one photo in a change."""
OPEN = (ChangeState.WAITING, ChangeState.WORKING)
MOST_IDS = 1000
KEPT_DAYS = 30
"""How long a change can be looked at and undone, and a list downloaded."""
DOWNLOAD = "download"
"""A list of photos that is kept in the same tables and changes nothing."""


@dataclass(frozen=True, slots=True)
class ChangeItem:
    """One photo in a change. `before` is what undoing needs, empty where nothing was changed."""

    position: int
    photo_id: str
    before: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ChangeOutcome:
    """What became of one photo: a reason makes it a failure."""

    position: int
    reason: str = ""
    before: Mapping[str, Any] | None = None


def add_change(
    connection: Connection,
    change_id: str,
    *,
    owner_id: int,
    action: str,
    content: Mapping[str, Any],
    photo_ids: Sequence[str],
    now: datetime,
) -> None:
    """A change that waits to be made. Raises SQLAlchemy's IntegrityError if there is one of this id."""
    _insert(connection, change_id, owner_id, action, content, ChangeState.WAITING, len(photo_ids), now)
    _insert_photos(connection, change_id, photo_ids, WAITING)


def add_list(
    connection: Connection,
    list_id: str,
    *,
    owner_id: int,
    content: Mapping[str, Any],
    photo_ids: Sequence[str],
    now: datetime,
) -> None:
    """Keep a list of photos to download: there is nothing left to do to them."""
    _insert(connection, list_id, owner_id, DOWNLOAD, content, ChangeState.DONE, len(photo_ids), now)
    _insert_photos(connection, list_id, photo_ids, DONE)


def add_undo(connection: Connection, undo_id: str, undone: Change, *, now: datetime) -> bool:
    """A change that takes `undone` back, over the photos that it changed; False if that has been asked for.

    Each photo begins with what the first change knows of it.
    """
    taken = connection.execute(
        update(bulk_change)
        .where(bulk_change.c.id == undone.id, bulk_change.c.state == ChangeState.DONE)
        .values(state=ChangeState.UNDONE, updated_at=to_micros(now))
    )
    if taken.rowcount == 0:
        return False
    content = {"undoes": undone.id, "action": undone.action}
    _insert(connection, undo_id, undone.owner_id, "undo", content, ChangeState.WAITING, 0, now)
    changed = select(
        literal(undo_id),
        bulk_photo.c.position,
        bulk_photo.c.photo_id,
        literal(WAITING),
        literal(""),
        bulk_photo.c.before,
    ).where(bulk_photo.c.bulk_id == undone.id, bulk_photo.c.state == DONE, bulk_photo.c.before != "")
    columns = ["bulk_id", "position", "photo_id", "state", "reason", "before"]
    total = connection.execute(insert(bulk_photo).from_select(columns, changed)).rowcount
    connection.execute(update(bulk_change).where(bulk_change.c.id == undo_id).values(total=total))
    return True


def get_change(connection: Connection, change_id: str, *, owner_id: int) -> Change:
    """One change with its counts. Raises NotFound if it does not exist or is not theirs."""
    statement = select(bulk_change).where(bulk_change.c.id == change_id, bulk_change.c.owner_id == owner_id)
    rows = connection.execute(statement).all()
    if not rows:
        raise NotFound("change", change_id)
    return _changes(connection, rows)[0]


def list_changes(connection: Connection, owner_id: int, *, limit: int, cursor: str | None) -> Page[Change]:
    """Changes of one person, newest first; lists to download are none. Raises Invalid for a bad cursor."""
    statement = select(bulk_change).where(
        bulk_change.c.owner_id == owner_id, bulk_change.c.action != DOWNLOAD
    )
    if cursor is not None:
        (created_at,) = keyset.read_cursor(cursor, 1)
        statement = statement.where(bulk_change.c.created_at < created_at)
    rows = connection.execute(statement.order_by(bulk_change.c.created_at.desc()).limit(limit + 1)).all()
    shown = rows[:limit]
    following = keyset.write_cursor(shown[-1].created_at) if len(rows) > limit else None
    return Page(_changes(connection, shown), following)


def list_failures(
    connection: Connection, change_id: str, *, limit: int, cursor: str | None = None
) -> Page[ChangeFailure]:
    """Photos of a change that stayed as they were, and why. Raises Invalid for a bad cursor."""
    after = keyset.read_cursor(cursor, 1)[0] if cursor is not None else -1
    statement = (
        select(bulk_photo.c.position, bulk_photo.c.photo_id, bulk_photo.c.reason)
        .where(bulk_photo.c.bulk_id == change_id, bulk_photo.c.state == FAILED, bulk_photo.c.position > after)
        .order_by(bulk_photo.c.position)
        .limit(limit + 1)
    )
    rows = connection.execute(statement).all()
    shown = rows[:limit]
    following = keyset.write_cursor(shown[-1].position) if len(rows) > limit else None
    return Page(tuple(ChangeFailure(row.photo_id, row.reason) for row in shown), following)


def count_open(connection: Connection, owner_id: int) -> int:
    """How many changes of a person wait or are being made."""
    statement = select(func.count()).where(bulk_change.c.owner_id == owner_id, bulk_change.c.state.in_(OPEN))
    return connection.scalar(statement) or 0


def lock_change(connection: Connection, change_id: str) -> Change | None:
    """An open change, to be worked on by nobody else until this transaction ends; None if it is over."""
    statement = select(bulk_change).where(bulk_change.c.id == change_id, bulk_change.c.state.in_(OPEN))
    row = connection.execute(statement.with_for_update()).first()
    return None if row is None else _change(row, done=0, failed=0)


def list_ids_on_shelf(connection: Connection, owner_id: int, shelf: Shelf, *, limit: int) -> list[str]:
    """Ids of a person's photos on one shelf, newest first."""
    statement = select(photo.c.id).where(photo.c.owner_id == owner_id, photo.c.shelf == shelf)
    newest_first = (photo.c.taken_local.desc(), photo.c.key.desc())
    return list(connection.scalars(statement.order_by(*newest_first).limit(limit)))


def list_ids_by_keys(connection: Connection, owner_id: int, keys: Sequence[int]) -> list[str]:
    """Ids of the owner's photos among `keys`, in that order."""
    statement = select(photo.c.key, photo.c.id).where(photo.c.key.in_(keys), belongs_to(owner_id))
    ids = {row.key: row.id for row in connection.execute(statement)}
    return [ids[key] for key in keys if key in ids]


def list_ids_of(connection: Connection, change_id: str, *, start: int, count: int) -> list[str]:
    """Ids of the photos of a change or list, `count` of them from a position on."""
    statement = select(bulk_photo.c.photo_id).where(
        bulk_photo.c.bulk_id == change_id, bulk_photo.c.position.between(start, start + count - 1)
    )
    return list(connection.scalars(statement.order_by(bulk_photo.c.position)))


def sizes_of(connection: Connection, owner_id: int, ids: Sequence[str]) -> dict[str, int]:
    """Bytes of the originals of the owner's photos among `ids`, however many these are."""
    sizes: dict[str, int] = {}
    for start in range(0, len(ids), MOST_IDS):
        some = ids[start : start + MOST_IDS]
        statement = select(photo.c.id, photo.c.size_bytes).where(photo.c.id.in_(some), belongs_to(owner_id))
        sizes |= {row.id: row.size_bytes for row in connection.execute(statement)}
    return sizes


def load_by_id(connection: Connection, owner_id: int, ids: Sequence[str]) -> dict[str, Photo]:
    """The owner's photos among `ids` (at most MOST_IDS) by id, without text lines."""
    return {each.id: each for each in list_photos_by_ids(connection, owner_id, ids)}


def list_waiting(connection: Connection, change_id: str, limit: int) -> list[ChangeItem]:
    """Photos of a change that nothing has been done to yet, in order."""
    statement = (
        select(bulk_photo.c.position, bulk_photo.c.photo_id, bulk_photo.c.before)
        .where(bulk_photo.c.bulk_id == change_id, bulk_photo.c.state == WAITING)
        .order_by(bulk_photo.c.position)
        .limit(limit)
    )
    return [
        ChangeItem(row.position, row.photo_id, json.loads(row.before) if row.before else {})
        for row in connection.execute(statement)
    ]


def load_for_change(
    connection: Connection, owner_id: int, ids: Collection[str]
) -> dict[str, tuple[Photo, Row[Any]]]:
    """The owner's photos among `ids` by id, each with its row, locked where the engine can."""
    statement = select(photo).where(photo.c.id.in_(ids), belongs_to(owner_id))
    # in one order, or two changes of the same photos could wait for each other
    rows = connection.execute(statement.order_by(photo.c.key).with_for_update()).all()
    # all at once, for those changes that move photos
    chunks.note_move(connection, [row.key for row in rows])
    return {
        each.id: (each, row)
        for each, row in zip(load_photos(connection, rows, with_text=False), rows, strict=True)
    }


def save_outcomes(
    connection: Connection, change_id: str, outcomes: Sequence[ChangeOutcome], *, now: datetime
) -> None:
    """What became of a slice of a change."""
    statement = (
        update(bulk_photo)
        .where(bulk_photo.c.bulk_id == change_id, bulk_photo.c.position == bindparam("at"))
        .values(state=bindparam("now_state"), reason=bindparam("why"), before=bindparam("was"))
    )
    rows = [
        {
            "at": each.position,
            "now_state": FAILED if each.reason else DONE,
            "why": each.reason,
            "was": json.dumps(each.before, separators=(",", ":")) if each.before else "",
        }
        for each in outcomes
    ]
    if rows:
        connection.execute(statement, rows)
    waits = exists().where(bulk_photo.c.bulk_id == change_id, bulk_photo.c.state == WAITING)
    connection.execute(
        update(bulk_change)
        .where(bulk_change.c.id == change_id)
        .values(state=case((waits, ChangeState.WORKING), else_=ChangeState.DONE), updated_at=to_micros(now))
    )


def list_overdue(connection: Connection, *, before: datetime, limit: int) -> list[str]:
    """Ids of open changes at which nobody has worked since an instant."""
    statement = select(bulk_change.c.id).where(
        bulk_change.c.state.in_(OPEN), bulk_change.c.updated_at < to_micros(before)
    )
    return list(connection.scalars(statement.order_by(bulk_change.c.updated_at).limit(limit)))


def forget_changes(connection: Connection, *, before: datetime, limit: int) -> int:
    """Forget what was over before an instant, with its photos; returns how many changes that were."""
    statement = select(bulk_change.c.id).where(
        bulk_change.c.state.in_((ChangeState.DONE, ChangeState.UNDONE)),
        bulk_change.c.updated_at < to_micros(before),
    )
    ids = connection.scalars(statement.limit(limit)).all()
    if ids:
        connection.execute(delete(bulk_photo).where(bulk_photo.c.bulk_id.in_(ids)))
        connection.execute(delete(bulk_change).where(bulk_change.c.id.in_(ids)))
    return len(ids)


def _insert(
    connection: Connection,
    change_id: str,
    owner_id: int,
    action: str,
    content: Mapping[str, Any],
    state: ChangeState,
    total: int,
    now: datetime,
) -> None:
    connection.execute(
        insert(bulk_change).values(
            id=change_id,
            owner_id=owner_id,
            action=action,
            content=json.dumps(content, separators=(",", ":")),
            state=state,
            total=total,
            created_at=to_micros(now),
            updated_at=to_micros(now),
        )
    )


def _insert_photos(connection: Connection, change_id: str, photo_ids: Sequence[str], state: str) -> None:
    rest = {"bulk_id": change_id, "state": state, "reason": "", "before": ""}
    rows = [
        {**rest, "position": position, "photo_id": photo_id} for position, photo_id in enumerate(photo_ids)
    ]
    if rows:
        connection.execute(insert(bulk_photo), rows)


def _changes(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[Change, ...]:
    counted = (
        select(bulk_photo.c.bulk_id, bulk_photo.c.state, func.count().label("photos"))
        .where(bulk_photo.c.bulk_id.in_([row.id for row in rows]))
        .group_by(bulk_photo.c.bulk_id, bulk_photo.c.state)
    )
    counts = {(row.bulk_id, row.state): row.photos for row in connection.execute(counted)} if rows else {}
    return tuple(
        _change(row, done=counts.get((row.id, DONE), 0), failed=counts.get((row.id, FAILED), 0))
        for row in rows
    )


def _change(row: Row[Any], *, done: int, failed: int) -> Change:
    return Change(
        id=row.id,
        owner_id=row.owner_id,
        action=row.action,
        content=json.loads(row.content),
        state=ChangeState(row.state),
        total=row.total,
        done=done,
        failed=failed,
        created_at=from_micros(row.created_at),
        updated_at=from_micros(row.updated_at),
    )
