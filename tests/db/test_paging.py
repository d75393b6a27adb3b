"""Lists that are paged by key: complete, stable, and as cheap on the last page as on the first."""

from __future__ import annotations

import base64
import json
import random
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text, update

from photos.db import changes, chunks, documents, edits, objects, photos, pipeline, samples, timeline, uploads
from photos.db.engine import Database, wall_to_micros
from photos.db.keyset import LARGEST, read_cursor, write_cursor
from photos.db.schema import photo as photo_table
from photos.errors import Invalid
from photos.models import Page, Photo, Shelf, User
from tests.db.making import NOW, add_photo_taken, add_ready_photo, add_user, counted

DAY = datetime(2021, 3, 4)


def _all_pages(connection: Connection, owner: User, limit: int) -> list[Photo]:
    found: list[Photo] = []
    cursor: str | None = None
    while True:
        page: Page[Photo] = photos.list_photos(connection, owner_id=owner.id, limit=limit, cursor=cursor)
        found += page.items
        cursor = page.next
        if cursor is None:
            return found
        assert len(page.items) == limit


def _fill(connection: Connection, owner: User, count: int, *, ties: int = 10) -> None:
    """Many photos in one statement, `ties` of them at each instant, in random order of arrival."""
    template = add_photo_taken(connection, owner, DAY)
    row = dict(
        connection.execute(select(photo_table).where(photo_table.c.key == template.key)).mappings().one()
    )
    del row["key"], row["shelf"]
    minutes = [number // ties for number in range(count)]
    random.Random(7).shuffle(minutes)
    rows = [
        row
        | {
            "id": f"{owner.id}-{number}",
            "sha256": f"filled {number}",
            "taken_local": wall_to_micros(DAY + timedelta(minutes=minute)),
        }
        for number, minute in enumerate(minutes)
    ]
    photos.purge_photo(connection, template.key, now=NOW)
    connection.execute(insert(photo_table), rows)


@pytest.mark.parametrize("limit", [1, 7, 60, 500])
def test_pages_together_are_the_naive_sort_with_ties(database: Database, limit: int) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        _fill(connection, owner, 83)
        _fill(connection, add_user(connection), 20)
        found = [(photo.taken_local, photo.key) for photo in _all_pages(connection, owner, limit)]
    assert len(found) == 83
    assert found == sorted(found, reverse=True)


def test_two_thousand_five_hundred_photos_are_all_reached(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        _fill(connection, owner, 2500, ties=300)
        keys = [photo.key for photo in _all_pages(connection, owner, 200)]
    assert len(keys) == len(set(keys)) == 2500


def test_photos_that_arrive_or_go_between_pages_neither_double_nor_hide_others(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        _fill(connection, owner, 60)
        before = {photo.key for photo in _all_pages(connection, owner, 100)}
        first = photos.list_photos(connection, owner_id=owner.id, limit=20)
        newer = add_photo_taken(connection, owner, DAY + timedelta(days=9))
        older = add_photo_taken(connection, owner, DAY - timedelta(days=9))
        named = first.items[-1]  # by the cursor
        edits.write(connection, named.key, edits.trashed(named, now=NOW), now=NOW)
        seen = list(first.items)
        cursor = first.next
        while cursor:
            page = photos.list_photos(connection, owner_id=owner.id, limit=20, cursor=cursor)
            seen += page.items
            cursor = page.next
    keys = [photo.key for photo in seen]
    assert len(keys) == len(set(keys))
    assert set(keys) == before | {older.key}
    assert newer.key not in keys


def _coded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ä",
        "=",
        "\0",
        "%00",
        "a" * 100_000,
        _coded([1]),
        _coded([1, 2, 3]),
        _coded({"a": 1}),
        _coded("12"),
        _coded([1, "2"]),
        _coded([1.5, 2]),
        _coded([True, 2]),
        _coded([None, 2]),
        _coded([2**63, 1]),
        _coded([-(2**63) - 1, 1]),
        _coded([10**30, 1]),
        _coded([float("nan"), 1]),
        _coded([float("inf"), 1]),
        _coded([[1], 2]),
        base64.urlsafe_b64encode(b"[" * 140).decode(),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        "1' OR '1'='1",
        "WzEsMl0 ",
        "WzEsMl0\n",
    ],
)
def test_a_cursor_that_is_not_ours_is_refused(database: Database, cursor: str) -> None:
    with database.read() as connection, pytest.raises(Invalid) as refused:
        photos.list_photos(connection, owner_id=1, cursor=cursor)
    assert refused.value.code == "cursor"


def test_the_largest_numbers_of_a_cursor_are_no_trouble(database: Database) -> None:
    with database.read() as connection:
        for values in ((LARGEST, LARGEST), (-LARGEST, -LARGEST), (0, 0)):
            assert read_cursor(write_cursor(*values), 2) == values
            assert photos.list_photos(connection, owner_id=1, cursor=write_cursor(*values)).items == ()


def test_a_page_costs_the_same_number_of_statements_however_long(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        keys = [add_ready_photo(connection, owner).key for _ in range(12)]
        costs = []
        for limit in (1, 12):
            with counted(database) as statements:
                photos.list_photos(connection, owner_id=owner.id, limit=limit)
            with counted(database) as by_keys:
                photos.list_photos_by_keys(connection, owner.id, keys[:limit])
            with counted(database) as indexed:
                list(documents.search_documents(connection, keys[:limit]))
            costs.append((len(statements), len(by_keys), len(indexed)))
    assert costs == [(5, 5, 5), (5, 5, 5)]


def _rows_read(connection: Connection) -> int:
    rows = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'"))
    return sum(int(row[1]) for row in rows)


@pytest.mark.parametrize("ties", [1, 10, 1000])
def test_a_deep_page_reads_as_few_rows_as_the_first(mariadb_database: Database, ties: int) -> None:
    with mariadb_database.write() as connection:
        owner = add_user(connection)
        _fill(connection, owner, 3000, ties=ties)
        connection.execute(text("ANALYZE TABLE photo"))
        cursor, costs = None, []
        while True:
            before = _rows_read(connection)
            page = photos.list_photos(connection, owner_id=owner.id, limit=60, cursor=cursor)
            costs.append(_rows_read(connection) - before)
            cursor = page.next
            if cursor is None:
                break
    assert len(costs) == 50
    # 61 rows of photos and one step into each table of what hangs on them
    assert max(costs) <= 61 + 60 * 4 * 2 + 20, costs
    assert max(costs) <= costs[0] * 1.2, costs


def plan(database: Database, connection: Connection, statement: str, parameters: object) -> str:
    """How the engine means to answer a statement."""
    if database.is_sqlite:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        return "\n".join(row[3] for row in rows)
    rows = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
    return "\n".join(f"{row.table} uses {row.key} {row.type}: {row.Extra}" for row in rows)


LISTS: dict[str, tuple[str, Any]] = {
    "timeline": ("ix_photo_shelf", lambda c, o: photos.list_photos(c, owner_id=o.id)),
    "deep timeline": (
        "ix_photo_shelf",
        lambda c, o: photos.list_photos(c, owner_id=o.id, cursor=write_cursor(wall_to_micros(DAY), 500)),
    ),
    "trash": ("ix_photo_shelf", lambda c, o: photos.list_photos(c, owner_id=o.id, shelf=Shelf.TRASH)),
    "marks of the timeline": (
        "ix_photo_shelf",
        lambda c, o: photos.list_marks(c, owner_id=o.id, shelf=Shelf.TIMELINE, limit=60),
    ),
    "all of a shelf": (
        "ix_photo_shelf",
        lambda c, o: changes.list_ids_on_shelf(c, o.id, Shelf.TRASH, limit=50),
    ),
    "range of the grid": (
        "ix_photo_shelf",
        lambda c, o: timeline.list_range(
            c,
            owner_id=o.id,
            shelf=Shelf.TIMELINE,
            newest=(wall_to_micros(DAY), 900),
            oldest=(wall_to_micros(DAY), 100),
            limit=500,
        ),
    ),
    "a chunk that is split": (
        "ix_photo_shelf",
        lambda c, o: chunks.places(
            c, chunks.Month(o.id, Shelf.TIMELINE, 0), (wall_to_micros(DAY), 100), (wall_to_micros(DAY), 900)
        ),
    ),
    "long trashed": ("ix_photo_trashed", lambda c, _: photos.list_trashed_before(c, NOW, 50)),
    "overdue": ("ix_photo_state", lambda c, _: pipeline.list_overdue(c, now=NOW, limit=50)),
    "unfinished": ("state", lambda c, o: photos.count_unfinished(c, o.id)),
    "unlabelled": (
        "ix_photo_recogniser",
        lambda c, _: pipeline.list_unlabelled(c, provider="coco 1", limit=50),
    ),
    "unread": ("ix_photo_text_reader", lambda c, _: pipeline.list_unread(c, provider="coco 1", limit=50)),
    "outdated": (
        "ix_photo_developed_with",
        lambda c, _: pipeline.renew_outdated(c, developed_with=0, limit=50, now=NOW),
    ),
    "sample photos": ("ix_tag_source", lambda c, o: samples.list_samples(c, o.id)),
    "unindexed": ("ix_photo_indexed", lambda c, _: documents.list_unindexed(c, 50)),
    "expired uploads": ("ix_upload_state_expires", lambda c, _: uploads.list_expired_uploads(c, NOW, 50)),
    "twin": ("uq_photo_owner_hash", lambda c, o: photos.find_photo_by_hash(c, o.id, "filled 7")),
    "twins of many files": (
        "uq_photo_owner_hash",
        lambda c, o: photos.list_photos_by_hashes(c, o.id, [f"filled {number}" for number in range(50)]),
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_every_list_is_answered_in_order_from_its_index(database: Database, name: str) -> None:
    index, read = LISTS[name]
    sent: list[tuple[str, Any]] = []
    with database.write() as connection:
        owner = add_user(connection)
        _fill(connection, owner, 1500)
        quarter = photo_table.c.key % 4
        labelled = {"state": "ready", "recogniser": "coco 1", "text_reader": "coco 1"}
        connection.execute(update(photo_table).where(quarter == 0).values(labelled))
        connection.execute(
            update(photo_table).where(quarter == 1).values(is_indexed=True, state="processing")
        )
        connection.execute(update(photo_table).where(photo_table.c.key % 50 == 2).values(trashed_at=1))
        connection.execute(text("ANALYZE" if database.is_sqlite else "ANALYZE TABLE photo, upload"))

        def note(_c: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
            listed = ("FROM photo ", "FROM upload", "FROM tag JOIN", "FROM tag INNER JOIN")
            if statement.startswith("SELECT") and any(words in statement for words in listed):
                sent.append((statement, parameters))

        event.listen(database.engine, "before_cursor_execute", note)
        read(connection, owner)
        event.remove(database.engine, "before_cursor_execute", note)
        assert sent
        plans = [plan(database, connection, *each) for each in sent]
    for told in plans:
        assert index in told or "sqlite_autoindex_photo" in told, told
        assert "filesort" not in told and "TEMP B-TREE" not in told and "SCAN photo" not in told, told


def test_all_documents_and_objects_come_in_batches_and_in_key_order(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "BATCH", 7)
    monkeypatch.setattr(objects, "BATCH", 7)
    with database.write() as connection:
        owner = add_user(connection)
        _fill(connection, owner, 20)
        ready = add_ready_photo(connection, owner)
        keys = [document.key for document in documents.search_documents(connection)]
        rows = list(objects.iterate_objects(connection))
        revisions = list(documents.list_revisions(connection))
    assert len(keys) == 21 and keys == sorted(keys)
    assert [row.photo_key for row in rows] == keys == [key for key, _ in revisions]
    assert sorted(rows[-1].rendition_keys) == sorted(each.key for each in ready.renditions)
    assert rows[0].rendition_keys == ()
