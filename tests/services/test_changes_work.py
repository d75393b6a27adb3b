"""Large changes to many photos: the runner's turn, going on after a sudden end, and being forgotten."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from photos.db import changes as change_rows
from photos.db.schema import bulk_change
from photos.errors import Conflict, Invalid, NotFound, TooMany
from photos.models import Change, ChangeState, Shelf
from photos.services import changes
from tests.services.changes import get, some, start, undo
from tests.services.conftest import Library


def test_a_change_of_nothing_and_of_too_much_is_refused(library: Library) -> None:
    for ids in ([], [f"{number:022}" for number in range(changes.MOST + 1)]):
        with pytest.raises(Invalid):
            start(library, "favourite", ids)


def test_a_large_change_is_the_runners_and_too_many_of_them_wait_their_turn(library: Library) -> None:
    ids = [*some(library, 2), *(f"{number:022}" for number in range(changes.INSTANT))]
    started = [start(library, "favourite", ids) for _ in range(changes.MOST_OPEN)]
    assert {change.state for change in started} == {ChangeState.WAITING}
    assert not library.photo(ids[0]).is_favourite
    with pytest.raises(TooMany):
        start(library, "favourite", ids)
    with pytest.raises(Conflict):
        undo(library, started[0])
    library.work()
    assert library.photo(ids[0]).is_favourite
    change = get(library, started[0].id)
    assert (change.state, change.done, change.failed) == (ChangeState.DONE, 2, changes.INSTANT)


def test_a_change_goes_on_where_it_was(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "INSTANT", 1)
    monkeypatch.setattr(changes, "SLICE", 2)
    monkeypatch.setattr(changes, "WORK_SECONDS", -1.0)
    ids = some(library, 5)
    change = start(library, "favourite", ids)
    parts = library.backends
    changes.make(change.id, database=parts.database, search=parts.search, jobs=parts.jobs)
    halfway = get(library, change.id)
    assert (halfway.state, halfway.done) == (ChangeState.WORKING, 2)
    revisions = [library.photo(photo_id).revision for photo_id in ids[:2]]
    library.work()
    assert get(library, change.id).state is ChangeState.DONE
    assert [library.photo(photo_id).revision for photo_id in ids[:2]] == revisions
    assert all(library.photo(photo_id).is_favourite for photo_id in ids)


def test_a_lost_job_is_sent_again_by_the_sweep(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "INSTANT", 0)
    (photo_id,) = some(library, 1)
    change = start(library, "favourite", [photo_id])
    for job in library.backends.jobs.receive(limit=10, lease_seconds=60):
        library.backends.jobs.done(job)
    _make_older(library, change, timedelta(minutes=5))
    library.sweep()
    library.work()
    assert library.photo(photo_id).is_favourite


def test_a_change_is_forgotten_after_a_while(library: Library) -> None:
    (photo_id,) = some(library, 1)
    change = start(library, "favourite", [photo_id])
    _make_older(library, change, changes.KEPT)
    assert library.sweep().changes_forgotten == 1
    with pytest.raises(NotFound):
        get(library, change.id)


def _make_older(library: Library, change: Change, by: timedelta) -> None:
    with library.backends.database.write() as connection:
        connection.execute(
            update(bulk_change)
            .where(bulk_change.c.id == change.id)
            .values(updated_at=bulk_change.c.updated_at - by // timedelta(microseconds=1))
        )


def test_two_runners_do_nothing_twice(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "INSTANT", 0)
    monkeypatch.setattr(changes, "SLICE", 3)
    ids = some(library, 12)
    revisions = [library.photo(photo_id).revision for photo_id in ids]
    change = start(library, "favourite", ids)
    parts = library.backends

    def run() -> None:
        changes.make(change.id, database=parts.database, search=parts.search, jobs=parts.jobs)

    runners = [threading.Thread(target=run) for _ in range(3)]
    for runner in runners:
        runner.start()
    for runner in runners:
        runner.join()
    assert get(library, change.id).done == 12
    assert [library.photo(photo_id).revision for photo_id in ids] == [each + 1 for each in revisions]


def test_killed_in_the_middle_it_is_finished_by_the_next(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "INSTANT", 0)
    monkeypatch.setattr(changes, "SLICE", 1)
    ids = some(library, 8)
    change = start(library, "trash", ids)
    parts = library.backends
    parts.database.close()

    def die_after_three() -> None:
        import os

        for _ in range(3):
            changes._write_slice(change.id, parts.database)
        with parts.database.write() as connection:
            change_rows.lock_change(connection, change.id)
            os._exit(9)

    child = multiprocessing.get_context("fork").Process(target=die_after_three)
    child.start()
    child.join()
    parts.database.engine.dispose(close=False)
    assert child.exitcode == 9
    assert get(library, change.id).done == 3
    library.work()
    assert get(library, change.id).state is ChangeState.DONE
    assert {library.photo(photo_id).shelf for photo_id in ids} == {Shelf.TRASH}
    library.sweep()
    assert library.fsck().total() == 0
