"""Counts of the timeline: exact after everything that moves photos, also while many do it at once."""

from __future__ import annotations

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Connection, delete, event, insert, select, text, update

from photos.db import chunks, edits, keyset, photos, pipeline, recount, timeline
from photos.db.engine import Database, repeated, wall_to_micros
from photos.db.schema import photo as photo_table
from photos.db.schema import timeline_chunk
from photos.errors import RolledBack
from photos.models import Photo, Shelf, User
from tests.db.making import NOW, add_photo, add_photo_taken, add_user, counted, develop
from tests.db.test_paging import plan

JUNE = 2024 * 12 + 5


@pytest.fixture
def owner(database: Database) -> User:
    with database.write() as connection:
        return add_user(connection)


def add_many(connection: Connection, owner: User, taken: Sequence[datetime]) -> list[int]:
    """Rows of photos taken at these wall clocks, without the rest of the way; their keys."""
    template = add_photo(connection, owner)
    chunks.settle(connection)
    row = dict(
        connection.execute(select(photo_table).where(photo_table.c.key == template.key)).mappings().one()
    )
    del row["shelf"]
    keys = range(template.key + 1, template.key + 1 + len(taken))
    rows = [
        row | {"key": key, "id": f"{key:022}", "sha256": f"f{key:063}", "taken_local": wall_to_micros(wall)}
        for key, wall in zip(keys, taken, strict=True)
    ]
    connection.execute(insert(photo_table), rows)
    for key in keys:
        chunks.note_arrival(connection, key)
    photos.purge_photo(connection, template.key, now=NOW)
    return list(keys)


def sizes(connection: Connection, owner: User, month: int, shelf: Shelf = Shelf.TIMELINE) -> list[int]:
    return [chunk.count for chunk in chunks.list_chunks(connection, owner.id, shelf, month)]


def check(connection: Connection, owner: User) -> None:
    """Every chunk counts what is there, none is too large, none is empty."""
    assert recount.list_wrong(connection) == []
    rows = connection.execute(select(timeline_chunk)).all()
    assert all(0 < row.count <= chunks.LARGEST for row in rows)
    real = Counter(connection.scalars(select(photo_table.c.shelf).where(photo_table.c.owner_id == owner.id)))
    assert chunks.count_shelves(connection, owner.id) == {shelf: real[shelf] for shelf in Shelf}


def test_a_new_photo_counts_at_once_and_moves_with_its_date(database: Database, owner: User) -> None:
    with database.write() as connection:
        photo = add_photo(connection, owner)
        assert chunks.count_months(connection, owner.id, Shelf.TIMELINE) == [(2026 * 12 + 4, 1)]
        develop(connection, photo)
    with database.read() as connection:
        assert chunks.count_months(connection, owner.id, Shelf.TIMELINE) == [(JUNE, 1)]
        check(connection, owner)


def test_trash_restore_archive_and_purge_take_the_count_along(database: Database, owner: User) -> None:
    with database.write() as connection:
        photo = add_photo(connection, owner)
        for columns, shelf in (
            (edits.trashed(photo, now=NOW), Shelf.TRASH),
            (edits.restored(), Shelf.TIMELINE),
            (edits.archived(photo, now=NOW), Shelf.ARCHIVE),
        ):
            edits.write(connection, photo.key, columns, now=NOW)
            assert {name for name, n in chunks.count_shelves(connection, owner.id).items() if n} == {shelf}
        photos.purge_photo(connection, photo.key, now=NOW)
        assert sum(chunks.count_shelves(connection, owner.id).values()) == 0
    with database.read() as connection:
        assert connection.execute(select(timeline_chunk)).all() == []


def test_a_refused_photo_leaves_the_timeline(database: Database, owner: User) -> None:
    with database.write() as connection:
        photo = add_photo(connection, owner)
        pipeline.claim_photo(connection, photo.id, token="t", now=NOW, lease_until=NOW + timedelta(minutes=1))
        pipeline.refuse_photo(connection, photo.key, token="t", reason="no", now=NOW)
        assert chunks.count_shelf(connection, owner.id, Shelf.REFUSED) == 1
        photos.renew_photo(connection, photo.key, now=NOW)
        assert chunks.count_shelf(connection, owner.id, Shelf.TIMELINE) == 1
        check(connection, owner)


def test_what_is_rolled_back_was_never_counted(database: Database, owner: User) -> None:
    with pytest.raises(RuntimeError), database.write() as connection:
        add_photo(connection, owner)
        raise RuntimeError
    with database.write() as connection:
        check(connection, owner)
        assert chunks.count_shelf(connection, owner.id, Shelf.TIMELINE) == 0


def test_a_chunk_is_split_where_it_grows_too_large(database: Database, owner: User) -> None:
    with database.write() as connection:
        add_many(connection, owner, [datetime(2024, 6, 1, 12)] * chunks.LARGEST)
        assert sizes(connection, owner, JUNE) == [chunks.LARGEST]
        add_many(connection, owner, [datetime(2024, 6, 2, 12)])
        assert sizes(connection, owner, JUNE) == [250, 251]
    with database.read() as connection:
        check(connection, owner)


def test_chunks_end_with_their_month(database: Database, owner: User) -> None:
    edge = datetime(2024, 7, 1)
    around = [edge + timedelta(microseconds=offset) for offset in range(-300, 300)]
    with database.write() as connection:
        add_many(connection, owner, around)
        assert chunks.count_months(connection, owner.id, Shelf.TIMELINE) == [(JUNE + 1, 300), (JUNE, 300)]
        check(connection, owner)


@pytest.mark.parametrize("wall", [datetime.min, datetime.max, datetime(1969, 12, 31, 23, 59, 59, 999999)])
def test_the_first_and_the_last_month_there_are(database: Database, owner: User, wall: datetime) -> None:
    with database.write() as connection:
        add_photo_taken(connection, owner, wall)
        month = wall.year * 12 + wall.month - 1
        assert chunks.count_months(connection, owner.id, Shelf.TIMELINE) == [(month, 1)]
        check(connection, owner)


def test_wrong_chunks_are_found_and_mended(database: Database, owner: User) -> None:
    with database.write() as connection:
        add_many(connection, owner, [datetime(2024, 6, 1) + timedelta(minutes=n) for n in range(900)])
        add_many(connection, owner, [datetime(2024, 7, 1)])
    with database.write() as connection:
        connection.execute(
            update(timeline_chunk)
            .where(timeline_chunk.c.month == JUNE)
            .values(count=timeline_chunk.c["count"] + 1)
        )
        connection.execute(
            insert(timeline_chunk).values(
                owner_id=owner.id, shelf="archive", month=24_000, first_local=0, first_key=0, count=1
            )
        )
    with database.write() as connection:
        wrong = recount.list_wrong(connection)
        assert [(month.shelf, month.number) for month in wrong] == [("archive", 24_000), ("timeline", JUNE)]
        for month in wrong:
            assert recount.is_wrong(connection, month)
            recount.recount(connection, month)
            assert not recount.is_wrong(connection, month)
        check(connection, owner)


def steps(owner: User, chance: random.Random) -> Iterator[Callable[[Connection], object]]:
    """Changes of all kinds, at random."""
    known: list[int] = []

    def wall() -> datetime:
        return datetime(2024, 6, 30, 23) + timedelta(minutes=chance.randrange(180))

    def add(connection: Connection) -> None:
        known.extend(add_many(connection, owner, [wall() for _ in range(chance.choice([1, 5, 60]))]))

    def purge(connection: Connection) -> None:
        for _ in range(min(len(known), chance.choice([1, 30]))):
            photos.purge_photo(connection, known.pop(chance.randrange(len(known))), now=NOW)

    def edit(connection: Connection) -> None:
        for key in chance.sample(known, min(len(known), 20)):
            columns = chance.choice(
                [
                    {"trashed_at": 1}, {"trashed_at": None}, {"archived_at": 1}, {"archived_at": None},
                    {"state": "refused"}, {"state": "ready"}, edits.taken(wall(), None), {"rating": 3},
                ]
            )  # fmt: skip
            edits.write(connection, key, columns, now=NOW)

    while True:
        yield chance.choice([add, add, purge, edit, edit])


def test_a_random_walk_keeps_every_count(
    database: Database, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "LARGEST", 20)
    monkeypatch.setattr(chunks, "SPLIT", 16)
    walk = steps(owner, random.Random(7))
    for _ in range(40):
        with database.write() as connection:
            next(walk)(connection)
        with database.read() as connection:
            check(connection, owner)


def test_paging_while_photos_come_and_go_has_no_gap_and_no_double(
    database: Database, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "LARGEST", 20)
    monkeypatch.setattr(chunks, "SPLIT", 16)
    walk = steps(owner, random.Random(11))
    for round_number in range(8):
        with database.write() as connection:
            stays = add_many(
                connection, owner, [datetime(2024, 6, 30, 23, minute) for minute in range(0, 60, 3)]
            )
        seen = list[int]()
        with database.read() as connection:
            start = [chunk.newest for chunk in chunks.list_chunks(connection, owner.id, Shelf.TIMELINE, JUNE)]
        chunk_places = [*start, (chunks.month_start(JUNE), 0)]
        for newest, oldest in pairwise(chunk_places):
            while True:
                with database.read() as connection:
                    page = timeline.list_range(
                        connection,
                        owner_id=owner.id,
                        shelf=Shelf.TIMELINE,
                        newest=newest,
                        oldest=oldest,
                        limit=7,
                    )
                seen += [photo.key for photo in page.items]
                with database.write() as connection:
                    next(walk)(connection)
                if page.next is None:
                    break
                taken_local, key = keyset.read_cursor(page.next, 2)
                newest = (taken_local, key)
        # others may be given another date between two pages, and be met again there
        assert sorted(set(stays) & set(seen)) == stays, round_number
        assert max(Counter(seen)[key] for key in stays) == 1, round_number


def test_many_at_once_are_counted_exactly(database: Database, owner: User) -> None:
    """Threads add, trash and purge in the same month; deadlocks are repeated, and are few."""
    overtaken = Counter[str]()

    @repeated
    def once(change: Callable[[Connection], object]) -> None:
        try:
            with database.write() as connection:
                change(connection)
        except RolledBack:
            overtaken["times"] += 1
            raise

    def work(seed: int) -> None:
        chance, mine = random.Random(seed), list[Photo]()
        for _ in range(12):
            once(lambda connection: mine.append(add_photo(connection, owner)))
            photo = chance.choice(mine)
            once(partial(edits.write, key=photo.key, columns=edits.trashed(photo, now=NOW), now=NOW))
            if chance.random() < 0.3:
                once(partial(photos.purge_photo, key=photo.key, now=NOW))
                mine.remove(photo)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        check(connection, owner)
    assert overtaken["times"] <= 3


def test_five_hundred_that_move_together_cost_a_few_statements(database: Database, owner: User) -> None:
    with database.write() as connection:
        keys = add_many(connection, owner, [datetime(2024, 6, 1)] * 300)
    with database.write() as connection, counted(database) as statements:
        chunks.note_move(connection, keys)
        connection.execute(update(photo_table).where(photo_table.c.key.in_(keys)).values(trashed_at=1))
        chunks.settle(connection)
        assert len(statements) < 12
        assert sizes(connection, owner, JUNE, Shelf.TRASH) == [300]


def test_a_range_costs_four_statements_however_long_it_is(database: Database, owner: User) -> None:
    with database.write() as connection:
        add_many(connection, owner, [datetime(2024, 6, 1) + timedelta(minutes=n) for n in range(600)])
    costs = []
    for limit in (1, 500):
        with database.read() as connection, counted(database) as statements:
            page = timeline.list_range(
                connection,
                owner_id=owner.id,
                shelf=Shelf.TIMELINE,
                newest=(chunks.month_start(JUNE + 1), 0),
                oldest=(chunks.month_start(JUNE), 0),
                limit=limit,
            )
        assert len(page.items) == limit
        costs.append(len(statements))
    assert costs == [4, 4]


COUNTS: dict[str, Callable[[Connection, User], object]] = {
    "months": lambda c, o: chunks.count_months(c, o.id, Shelf.TIMELINE),
    "one shelf": lambda c, o: chunks.count_shelf(c, o.id, Shelf.REFUSED),
    "all shelves": lambda c, o: chunks.count_shelves(c, o.id),
    "a month": lambda c, o: chunks.list_chunks(c, o.id, Shelf.TIMELINE, JUNE),
}


@pytest.mark.parametrize("name", COUNTS)
def test_every_count_is_one_statement_over_the_key_of_the_chunks(database: Database, name: str) -> None:
    with database.write() as connection:
        people = [add_user(connection) for _ in range(20)]
        rows = [
            {"owner_id": each.id, "shelf": shelf, "month": month, "first_local": place}
            | {"first_key": 0, "count": 9}
            for each in people
            for shelf in ("timeline", "trash")
            for month in range(JUNE - 20, JUNE + 1)
            for place in range(5)
        ]
        connection.execute(insert(timeline_chunk), rows)
        connection.execute(text("ANALYZE" if database.is_sqlite else "ANALYZE TABLE timeline_chunk"))
    with database.write() as connection:
        sent: list[tuple[str, Any]] = []

        def note(_c: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
            sent.append((statement, parameters))

        event.listen(database.engine, "before_cursor_execute", note)
        COUNTS[name](connection, people[0])
        event.remove(database.engine, "before_cursor_execute", note)
        ((statement, parameters),) = sent
        told = plan(database, connection, statement, parameters)
        connection.execute(delete(timeline_chunk))
    assert ("PRIMARY" in told) or ("sqlite_autoindex_timeline_chunk" in told), told
    assert not any(word in told for word in ("filesort", "TEMP B-TREE", "SCAN", "temporary")), told
