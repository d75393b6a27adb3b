"""Changes to many photos: every action, its undoing, and what fails alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from photos.db.cells import cell_of
from photos.db.schema import bulk_photo
from photos.db.schema import photo as photo_table
from photos.errors import Conflict, Invalid, NotFound
from photos.models import ChangeState, Photo, Place, Position, Shelf, TakenSource, User
from photos.services import changes, corrections
from photos.services.changes import Chosen
from photos.services.library import Edit
from tests import pictures
from tests.services.changes import change_one, failures, get, some, start, undo
from tests.services.conftest import Library

LISBON = {
    "position": {"latitude": 38.7, "longitude": -9.1, "altitude_m": None},
    "named": {"name": "Lisbon", "region": "Lisbon", "country": "Portugal", "country_code": "PT"},
}


@pytest.fixture
def photo_id(library: Library) -> str:
    return some(library, 1)[0]


WHAT_IS_CHANGED = [
    ("favourite", {}, lambda photo: photo.is_favourite),
    ("rate", {"rating": 4}, lambda photo: photo.rating == 4),
    ("add_tags", {"tags": ["sea", " sun "]}, lambda photo: photo.tags == ("sea", "sun")),
    ("archive", {}, lambda photo: photo.shelf is Shelf.ARCHIVE),
    ("trash", {}, lambda photo: photo.shelf is Shelf.TRASH),
    ("describe", {"description": "A day out"}, lambda photo: photo.description == "A day out"),
    (
        "set_taken",
        {"taken": {"local": "2019-05-04T10:20", "offset_minutes": 120}},
        lambda photo: photo.taken_at == datetime(2019, 5, 4, 8, 20, tzinfo=UTC),
    ),
    ("set_place", {"place": LISBON}, lambda photo: photo.place == Place(**LISBON["named"])),
]


@pytest.mark.parametrize(("action", "values", "is_so"), WHAT_IS_CHANGED)
def test_a_change_is_made_at_once_and_can_be_undone(
    library: Library, photo_id: str, action: str, values: Mapping[str, Any], is_so: Any
) -> None:
    before = library.photo(photo_id)
    change = start(library, action, [photo_id], values)
    assert (change.state, change.total, change.done, change.failed) == (ChangeState.DONE, 1, 1, 0)
    assert is_so(library.photo(photo_id))
    undone = undo(library, change)
    assert (undone.state, undone.done, undone.failed) == (ChangeState.DONE, 1, 0)
    assert get(library, change.id).state is ChangeState.UNDONE
    assert without_times(library.photo(photo_id)) == without_times(before)
    assert library.fsck().total() == 0


def without_times(photo: Photo) -> dict[str, object]:
    return {name: getattr(photo, name) for name in photo.__slots__ if name not in {"revision", "updated_at"}}


@pytest.mark.parametrize(
    ("first", "then"), [("favourite", "unfavourite"), ("archive", "unarchive"), ("trash", "restore")]
)
def test_what_turns_a_change_round_can_be_undone_too(
    library: Library, photo_id: str, first: str, then: str
) -> None:
    start(library, first, [photo_id])
    before = library.photo(photo_id)
    change = start(library, then, [photo_id])
    assert without_times(library.photo(photo_id)) != without_times(before)
    undo(library, change)
    assert without_times(library.photo(photo_id)) == without_times(before)


def test_tags_are_added_and_taken_away_beside_those_that_are_there(library: Library) -> None:
    one, two = some(library, 2)
    start(library, "add_tags", [one], {"tags": ["old", "sea"]})
    change = start(library, "add_tags", [one, two], {"tags": ["sea", "sun"]})
    assert library.photo(one).tags == ("old", "sea", "sun")
    start(library, "add_tags", [two], {"tags": ["later"]})
    undo(library, change)
    assert library.photo(one).tags == ("old", "sea")
    assert library.photo(two).tags == ("later",)
    away = start(library, "remove_tags", [one, two], {"tags": ["sea", "later"]})
    assert library.photo(one).tags == ("old",)
    undo(library, away)
    assert library.photo(one).tags == ("old", "sea")


def test_the_index_follows(library: Library, photo_id: str) -> None:
    change = start(library, "add_tags", [photo_id], {"tags": ["harbour"]})
    assert library.find("tag:harbour") == [photo_id]
    undo(library, change)
    assert library.find("tag:harbour") == []


def test_photos_of_others_and_unknown_ones_fail_alone(library: Library, stranger: User) -> None:
    mine = some(library, 1)[0]
    theirs = library.upload(pictures.jpeg(99, 30), by=stranger).id
    change = start(library, "favourite", [mine, theirs, "x" * 22, mine])
    assert (change.total, change.done, change.failed) == (3, 1, 2)
    assert failures(library, change) == dict.fromkeys([theirs, "x" * 22], changes.GONE)
    assert not library.photo(theirs, by=stranger).is_favourite
    with pytest.raises(NotFound):
        undo(library, change, by=stranger)


def test_only_what_is_in_the_trash_is_deleted_for_good(library: Library) -> None:
    kept, gone = some(library, 2)
    start(library, "trash", [gone])
    change = start(library, "purge", [kept, gone])
    assert failures(library, change) == {kept: "It is not in the trash."}
    with pytest.raises(NotFound):
        library.photo(gone)
    with pytest.raises(Conflict):
        undo(library, change)
    library.sweep()
    assert library.fsck().total() == 0


def test_the_whole_trash_and_what_a_query_finds_can_be_chosen(library: Library) -> None:
    one, two, three = some(library, 3)
    start(library, "trash", [one, two])
    assert start(library, "restore", Chosen(shelf=Shelf.TRASH)).total == 2
    start(library, "add_tags", [two, three], {"tags": ["boat"]})
    assert start(library, "favourite", Chosen(query="tag:boat")).total == 2
    assert [library.photo(each).is_favourite for each in (one, two, three)] == [False, True, True]
    with pytest.raises(Invalid):
        start(library, "favourite", Chosen(query="tag:nothing"))


def test_an_undo_leaves_what_a_person_changed_since(library: Library) -> None:
    one, two, three = some(library, 3)
    change = start(library, "describe", [one, two, three], {"description": "All of them"})
    change_one(library, two, Edit(description="My own"))
    start(library, "trash", [three])
    start(library, "purge", [three])
    undone = undo(library, change)
    assert failures(library, undone) == {two: "It has been changed since.", three: changes.GONE}
    assert library.photo(one).description == ""
    assert library.photo(two).description == "My own"


def test_undo_comes_once_and_only_after_the_change(library: Library, photo_id: str) -> None:
    change = start(library, "favourite", [photo_id])
    first = undo(library, change)
    start(library, "favourite", [photo_id])
    assert undo(library, change).id == first.id
    assert library.photo(photo_id).is_favourite
    with pytest.raises(Conflict):
        undo(library, first)


def test_photos_that_were_so_already_stay_so_when_a_change_is_undone(library: Library) -> None:
    one, two = some(library, 2)
    start(library, "favourite", [one])
    change = start(library, "favourite", [one, two])
    assert change.done == 2
    undo(library, change)
    assert library.photo(one).is_favourite
    assert not library.photo(two).is_favourite


def test_the_same_key_is_one_change(library: Library, photo_id: str) -> None:
    first = start(library, "rate", [photo_id], {"rating": 3}, key="k1")
    start(library, "rate", [photo_id], {"rating": 5})
    again = start(library, "rate", [photo_id], {"rating": 3}, key="k1")
    assert again.id == first.id
    assert library.photo(photo_id).rating == 5
    with pytest.raises(Conflict):
        start(library, "trash", [photo_id], key="k1")


def test_dates_are_shifted_and_moved_to_another_time_zone(library: Library) -> None:
    one, two = some(library, 2)
    start(library, "set_taken", [one], {"taken": {"local": "2020-01-01T00:10", "offset_minutes": 60}})
    start(library, "set_taken", [two], {"taken": {"local": "2020-01-01T00:20"}})
    start(library, "set_taken", [one, two], {"taken": {"shift_seconds": -1800}})
    assert library.photo(one).taken_local == datetime(2019, 12, 31, 23, 40)
    assert library.photo(one).taken_at == datetime(2019, 12, 31, 22, 40, tzinfo=UTC)
    assert library.photo(two).taken_at is None
    start(library, "set_taken", [one, two], {"taken": {"offset_minutes": -120}})
    assert library.photo(two).taken_local == datetime(2019, 12, 31, 23, 50)
    assert library.photo(two).taken_at == datetime(2020, 1, 1, 1, 50, tzinfo=UTC)
    far = start(library, "set_taken", [one], {"taken": {"shift_seconds": 190 * 365 * 86_400}})
    assert far.failed == 0
    for _ in range(45):
        far = start(library, "set_taken", [one], {"taken": {"shift_seconds": 199 * 365 * 86_400}})
    assert failures(library, far) == {one: "That date is not in the calendar."}


def test_a_persons_date_and_place_outlive_processing_until_the_file_may_speak(library: Library) -> None:
    photo_id = library.upload(pictures.jpeg(64, 48), "a.jpg").id
    library.work()
    start(library, "set_taken", [photo_id], {"taken": {"local": "2001-02-03T04:05"}})
    start(library, "set_place", [photo_id], {"place": LISBON})
    assert start(library, "reprocess", [photo_id]).done == 1
    library.work()
    photo = library.photo(photo_id)
    assert photo.taken_local == datetime(2001, 2, 3, 4, 5)
    assert photo.taken_source is TakenSource.PERSON
    assert photo.position == Position(38.7, -9.1)
    reverted = start(library, "set_taken", [photo_id], {"taken": {"from_file": True}})
    start(library, "set_place", [photo_id], {"place": {"from_file": True}})
    library.work()
    photo = library.photo(photo_id)
    assert photo.taken_source is TakenSource.UPLOAD
    assert photo.position is None
    assert photo.place is None
    with pytest.raises(Conflict):
        undo(library, reverted)


def test_one_photo_is_corrected_the_same_way(library: Library, photo_id: str) -> None:
    nearest = library.backends.gazetteer.nearest
    photo = change_one(library, photo_id, Edit(taken={"local": "2010-10-10T10:10", "offset_minutes": None}))
    assert (photo.taken_local, photo.taken_at) == (datetime(2010, 10, 10, 10, 10), None)
    paris = corrections.place_of(Position(48.8566, 2.3522), nearest)
    photo = change_one(library, photo_id, Edit(place=paris))
    assert photo.place is not None and photo.place.country_code == "FR"
    assert library.find("place:paris") == [photo_id]
    photo = change_one(library, photo_id, Edit(place=corrections.place_of(None, nearest)))
    assert (photo.place, photo.position) == (None, None)
    change_one(library, photo_id, Edit(taken={"from_file": True}))
    library.work()
    assert library.photo(photo_id).taken_source is TakenSource.UPLOAD


def test_words_date_and_place_of_one_photo_are_changed_together_or_not_at_all(
    library: Library, photo_id: str
) -> None:
    before = change_one(library, photo_id, Edit(taken={"local": "0001-02-01T00:00"}))
    with pytest.raises(Invalid, match="calendar"):
        change_one(library, photo_id, Edit(description="Early", taken={"shift_seconds": -60 * 86_400}))
    assert library.photo(photo_id) == before
    wanted = Edit("Noon", taken={"local": "2011-11-11T12:00"}, place=LISBON, tags=["sea"], rating=0)
    photo = change_one(library, photo_id, wanted)
    assert (photo.description, photo.taken_local, photo.tags, photo.rating) == (
        "Noon",
        datetime(2011, 11, 11, 12),
        ("sea",),
        None,
    )
    assert photo.position == Position(38.7, -9.1)
    assert photo.revision == before.revision + 2, "the row once, and the tags"


def test_undoing_a_place_from_before_the_map_puts_the_photo_back_on_it(
    library: Library, photo_id: str
) -> None:
    start(library, "set_place", [photo_id], {"place": LISBON})
    moved = start(library, "set_place", [photo_id], {"place": corrections.place_of(None, lambda _: None)})
    with library.backends.database.write() as connection:
        # as a release without the map kept it
        for row in connection.execute(select(bulk_photo).where(bulk_photo.c.bulk_id == moved.id)).all():
            record = json.loads(row.before)
            del record["was"]["cell"], record["now"]["cell"]
            connection.execute(
                update(bulk_photo).where(bulk_photo.c.bulk_id == moved.id).values(before=json.dumps(record))
            )
    undo(library, moved)
    with library.backends.database.read() as connection:
        cell = connection.scalar(select(photo_table.c.cell).where(photo_table.c.id == photo_id))
    assert cell == cell_of(38.7, -9.1)


@pytest.mark.parametrize(
    ("action", "values"),
    [
        ("fly", {}),
        ("rate", {}),
        ("rate", {"rating": 6}),
        ("add_tags", {"tags": []}),
        ("add_tags", {"tags": ["x" * 101]}),
        ("describe", {"description": "x" * 5001}),
        ("set_taken", {"taken": {}}),
        ("set_taken", {"taken": {"local": "yesterday"}}),
        ("set_taken", {"taken": {"local": "2020-01-01T00:00+02:00"}}),
        ("set_taken", {"taken": {"local": "0001-01-01T00:00"}}),
        ("set_taken", {"taken": {"offset_minutes": 15 * 60}}),
        ("set_taken", {"taken": {"shift_seconds": 10**12}}),
        ("set_place", {}),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_done(
    library: Library, action: str, values: Mapping[str, Any]
) -> None:
    with pytest.raises(Invalid):
        start(library, action, ["x" * 22], values)
