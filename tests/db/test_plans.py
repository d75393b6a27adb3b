"""Lists of pairs, hashes and changes are answered from an index, beside those of other people."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text

from photos.db import changes, duplicates, hashes, photos
from photos.db import map as photo_map
from photos.db.engine import Database, to_micros
from photos.db.keyset import LARGEST
from photos.db.schema import bulk_change, bulk_photo, duplicate, duplicate_verdict, photo, photo_hash
from photos.models import ChangeState, User
from tests.db.making import NOW, add_user
from tests.db.test_paging import _fill, plan

PEOPLE, PHOTOS, PAIRS, CHANGES, CHANGED = 3, 1500, 60, 40, 50

Read = Callable[[Connection, User, str], object]
READS_ALL = re.compile(r"^SCAN \w+$| ALL:", re.MULTILINE)
WALKS_ALL = re.compile(r"^SCAN| index:", re.MULTILINE)
"""What engines say of a table, and of an index, that is read from end to end, or until there is enough."""
SORTS = ("filesort", "TEMP B-TREE")
FEW = {"overdue changes"}
"""Lists that are sorted: those of all people have a handful of rows."""
LISTS: dict[str, tuple[str, Read]] = {
    "hashes not compared yet": ("ix_photo_hash_matched", lambda c, *_: duplicates.list_unmatched(c, 50)),
    "hashes of one person": ("photo_hash", lambda c, o, _: list(hashes.list_hashes(c, o.id))),
    "newest pairs of one person": (
        "ix_duplicate_owner",
        lambda c, o, _: duplicates.list_newest(c, o.id, before=LARGEST, limit=50),
    ),
    "older pairs of one person": (
        "ix_duplicate_owner",
        lambda c, o, _: duplicates.list_newest(c, o.id, before=_middle(c, o), limit=50),
    ),
    "what hangs on a few photos": (
        "duplicate",
        lambda c, o, _: duplicates.list_pairs_of(c, [_middle(c, o), _middle(c, o) + 1]),
    ),
    "changes of one person": (
        "ix_bulk_change_owner",
        lambda c, o, _: changes.list_changes(c, o.id, limit=30, cursor=None),
    ),
    "failures of a change": ("bulk_photo", lambda c, _, each: changes.list_failures(c, each, limit=50)),
    "what waits of a change": ("bulk_photo", lambda c, _, each: changes.list_waiting(c, each, 50)),
    "photos of a change": (
        "bulk_photo",
        lambda c, _, each: changes.list_ids_of(c, each, start=9, count=20),
    ),
    "open changes": ("ix_bulk_change", lambda c, o, _: changes.count_open(c, o.id)),
    "overdue changes": (
        "ix_bulk_change_state",
        lambda c, *_: changes.list_overdue(c, before=NOW, limit=50),
    ),
    "forgotten changes": (
        "ix_bulk_change_state",
        lambda c, *_: changes.forget_changes(c, before=NOW - timedelta(days=30), limit=10),
    ),
}


def furnish(connection: Connection) -> tuple[User, str]:
    """People with photos, hashes, pairs and changes; one of them, and one of their changes."""
    people = [add_user(connection) for _ in range(PEOPLE)]
    for owner in people:
        _fill(connection, owner, PHOTOS)
        keys = list(
            connection.scalars(select(photo.c.key).where(photo.c.owner_id == owner.id).order_by(photo.c.key))
        )
        hashed = {"variant": "upright", "bits": bytes(32), "quality": 100}
        connection.execute(
            insert(photo_hash), [{**hashed, "photo_key": key, "is_matched": key % 20 > 0} for key in keys]
        )
        pairs = [{"photo_key": one, "other_key": one + 1} for one in keys[: 2 * PAIRS : 2]]
        owned = {"owner_id": owner.id, "distance": 5}
        connection.execute(insert(duplicate), [{**pair, **owned} for pair in pairs])
        connection.execute(insert(duplicate_verdict), [{**pair, "decided_at": 1} for pair in pairs[::3]])
        _change_often(connection, owner)
    return people[1], f"{people[1].id}-7"


def _middle(connection: Connection, owner: User) -> int:
    """The key of one of the person's photos that have a copy, half of whose pairs are older."""
    keys = select(duplicate.c.photo_key).where(duplicate.c.owner_id == owner.id)
    return sorted(connection.scalars(keys))[PAIRS // 2]


def _change_often(connection: Connection, owner: User) -> None:
    """Changes of one person, one an hour; the newest is still open."""
    made = [
        {
            "id": f"{owner.id}-{number}",
            "owner_id": owner.id,
            "action": "trash",
            "content": "{}",
            "state": ChangeState.DONE if number else ChangeState.WORKING,
            "total": CHANGED,
            "created_at": to_micros(NOW - timedelta(days=number)),
            "updated_at": to_micros(NOW - timedelta(days=number, seconds=1)),
        }
        for number in range(CHANGES)
    ]
    connection.execute(insert(bulk_change), made)
    states = (changes.DONE, changes.DONE, changes.FAILED, changes.WAITING)
    rows = [
        {
            "bulk_id": change["id"],
            "position": position,
            "photo_id": f"{owner.id}-{position}",
            "state": states[position % len(states)],
            "reason": "",
            "before": "",
        }
        for change in made
        for position in range(CHANGED)
    ]
    connection.execute(insert(bulk_photo), rows)


@pytest.fixture
def furnished(database: Database) -> Iterator[tuple[Connection, User, str]]:
    with database.write() as connection:
        owner, change_id = furnish(connection)
        tables = "photo, photo_hash, duplicate, duplicate_verdict, bulk_change, bulk_photo"
        connection.execute(text("ANALYZE" if database.is_sqlite else f"ANALYZE TABLE {tables}"))
        yield connection, owner, change_id


@contextmanager
def listening(database: Database, sent: list[tuple[str, Any]]) -> Iterator[None]:
    """Note the statements that are sent, with their parameters."""

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        sent.append((statement, parameters))

    event.listen(database.engine, "before_cursor_execute", note)
    yield
    event.remove(database.engine, "before_cursor_execute", note)


def test_every_list_uses_its_index(database: Database, furnished: tuple[Connection, User, str]) -> None:
    connection, owner, change_id = furnished
    sent: list[tuple[str, Any]] = []
    wrong = []
    for name, (index, read) in LISTS.items():
        sent.clear()
        with listening(database, sent):
            read(connection, owner, change_id)
        plans = [plan(database, connection, *each) for each in sent]
        assert plans, name
        told = "\n".join(plans)
        is_sorted = name not in FEW and any(sign in told for sign in SORTS)
        if index not in told or READS_ALL.search(told) or WALKS_ALL.search(told) or is_sorted:
            wrong.append(f"{name}: {told}")
    assert not wrong, "\n\n".join(wrong)


NAMED: dict[str, Callable[[Connection, User, list[int], list[str]], object]] = {
    "photos by keys": lambda c, o, keys, _: photos.list_photos_by_keys(c, o.id, keys),
    "photos by ids": lambda c, o, _, ids: photos.list_photos_by_ids(c, o.id, ids),
    "ids by keys": lambda c, o, keys, _: changes.list_ids_by_keys(c, o.id, keys),
    "sizes by ids": lambda c, o, _, ids: changes.sizes_of(c, o.id, ids),
    "what a change is about": lambda c, o, _, ids: changes.load_for_change(c, o.id, ids),
    "cells by keys": lambda c, o, keys, _: photo_map.list_cells(c, o.id, keys),
}


def test_photos_that_are_named_are_looked_up_however_many_their_owner_has(database: Database) -> None:
    """Without statistics on SQLite, which has them only where somebody asked for them."""
    sent: list[tuple[str, Any]] = []
    with database.write() as connection:
        owner = add_user(connection)
        _fill(connection, owner, PHOTOS)
        if not database.is_sqlite:
            connection.execute(text("ANALYZE TABLE photo"))
        rows = connection.execute(select(photo.c.key, photo.c.id).order_by(photo.c.key).limit(60)).all()
        keys, ids = [row.key for row in rows], [row.id for row in rows]
        for name, read in NAMED.items():
            sent.clear()
            with listening(database, sent):
                read(connection, owner, keys, ids)
            told = plan(database, connection, *sent[0])
            assert "ix_photo" not in told and not READS_ALL.search(told), f"{name}: {told}"
