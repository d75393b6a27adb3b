"""Photos as their owners see and change them."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from photos.db import chunks, edits, objects, photos, pipeline, users
from photos.db.engine import Database
from photos.db.schema import metadata, photo_hash
from photos.errors import NotFound
from photos.models import FileFacts, Label, PhotoState, Shelf, TakenSource, Verdict
from tests.db.making import (
    NOW,
    PLACE,
    add_photo,
    add_photo_taken,
    add_ready_photo,
    add_user,
    develop,
    renditions,
)

CHILDREN = ("rendition", "photo_hash", "label", "label_verdict", "text_line", "tag")


def test_a_new_photo_waits_with_its_upload_time_and_counts_for_its_owner(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_photo(connection, owner, size_bytes=4321)
        used = users.get_user(connection, owner.id).used_bytes
    assert (photo.state, photo.shelf, photo.revision, photo.attempts) == (
        PhotoState.NEW,
        Shelf.TIMELINE,
        1,
        0,
    )
    assert (photo.taken_local, photo.taken_source) == (NOW.replace(tzinfo=None), TakenSource.UPLOAD)
    assert (photo.taken_at, photo.created_at, photo.updated_at) == (None, NOW, NOW)
    assert len(photo.id) == 22
    assert used == 4321


def test_a_developed_photo_comes_back_with_everything(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        hashes = connection.scalar(select(func.count()).select_from(photo_hash))
    assert photo.state is PhotoState.READY
    assert photo.taken_local == datetime(2024, 6, 1, 23, 59, 59, 999999)
    assert photo.taken_at is not None and photo.taken_at.isoformat() == "2024-06-01T21:59:59.999999+00:00"
    assert (photo.camera.model, photo.camera.exposure_seconds, photo.camera.iso) == ("X-T5", 0.004, 400)
    assert photo.position is not None and photo.position.altitude_m == 278.0
    assert photo.place == PLACE
    assert photo.description == "Von der Datei 🌄"
    assert photo.colours == (("#336699", 0.512), ("#ffffff", 0.25))
    assert sorted(photo.renditions, key=lambda r: r.kind) == renditions(photo)
    assert [label.name for label in photo.labels] == ["dog", "cat", "person"]
    assert photo.labels[0].boxes[0].height == 0.4
    assert [line.text for line in photo.text] == ["Ausfahrt", "freihalten"]
    assert photo.tags == ("Berg", "Sommer")
    assert hashes == 1, "of those it is asked with, only the upright one is kept"


def test_a_strangers_photo_and_a_missing_one_look_the_same(database: Database) -> None:
    with database.write() as connection:
        owner, stranger = add_user(connection), add_user(connection)
        photo = add_photo(connection, owner)
        for photo_id, asking in ((photo.id, stranger), ("nothing", owner), (photo.id.swapcase(), owner)):
            with pytest.raises(NotFound):
                photos.get_photo(connection, photo_id, owner_id=asking.id)
        assert photos.find_photo_by_hash(connection, stranger.id, photo.sha256) is None
        assert photos.list_photos_by_keys(connection, stranger.id, [photo.key]) == []
        assert photos.list_photos_by_ids(connection, stranger.id, [photo.id]) == []
        assert photos.list_photos(connection, owner_id=stranger.id).items == ()


def test_the_same_bytes_are_one_photo_for_each_owner(database: Database) -> None:
    with database.write() as connection:
        owner, other = add_user(connection), add_user(connection)
        photo = add_photo(connection, owner)
    twin = {
        "sha256": photo.sha256,
        "size_bytes": 1,
        "name": "x",
        "media_type": "",
        "storage_key": "k",
        "now": NOW,
    }
    with pytest.raises(IntegrityError), database.write() as connection:
        photos.add_photo(connection, owner_id=owner.id, **twin)
    with database.write() as connection:
        photos.add_photo(connection, owner_id=other.id, **twin)
        found = photos.find_photo_by_hash(connection, owner.id, photo.sha256)
        assert found is not None and found.id == photo.id
        assert users.get_user(connection, owner.id).used_bytes == photo.size_bytes


def test_photos_by_keys_keep_the_order_that_was_asked_for(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        made = [add_photo(connection, owner) for _ in range(4)]
        keys = [made[2].key, 10**12, made[0].key, made[3].key]
        found = photos.list_photos_by_keys(connection, owner.id, keys)
        assert photos.list_photos_by_keys(connection, owner.id, []) == []
    assert [photo.key for photo in found] == [made[2].key, made[0].key, made[3].key]


def test_every_change_is_seen_by_the_index(database: Database) -> None:
    later = NOW + timedelta(hours=1)
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        for change in (
            lambda: edits.write(connection, photo.key, edits.description("x"), now=later),
            lambda: edits.write(connection, photo.key, edits.favourite(True), now=later),
            lambda: edits.write(connection, photo.key, edits.rating(2), now=later),
            lambda: photos.set_tags(connection, photo.key, ["a"], now=later),
            lambda: photos.set_verdict(connection, photo.key, "dog", Verdict.KEPT, now=later),
            lambda: photos.set_verdict(connection, photo.key, "dog", None, now=later),
            lambda: edits.write(connection, photo.key, edits.trashed(photo, now=later), now=later),
            lambda: edits.write(connection, photo.key, edits.restored(), now=later),
        ):
            before = photos.get_photo(connection, photo.id, owner_id=owner.id).revision
            change()
            after = photos.get_photo(connection, photo.id, owner_id=owner.id)
            assert (after.revision, after.updated_at) == (before + 1, later)
        assert (after.description, after.is_favourite, after.rating, after.tags) == ("x", True, 2, ("a",))


def test_what_a_person_wrote_outlives_developing_again(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        edits.write(connection, photo.key, edits.description(""), now=NOW)
        edits.write(connection, photo.key, edits.rating(None), now=NOW)
        photos.set_tags(connection, photo.key, ["Berg", "Familie"], now=NOW)
        photos.renew_photo(connection, photo.key, now=NOW)
        develop(connection, photo, recipe=2)
        again = photos.get_photo(connection, photo.id, owner_id=owner.id)
    assert (again.description, again.rating, again.tags) == ("", None, ("Berg", "Familie"))


def test_a_tag_that_a_person_removed_comes_back_when_they_add_it(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        for wanted in ([], ["Sommer"], [], ["Berg", "Sommer"]):
            photos.set_tags(connection, photo.key, wanted, now=NOW)
            assert photos.get_photo(connection, photo.id, owner_id=owner.id).tags == tuple(wanted)


def test_a_decision_on_a_label_outlives_another_recogniser(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        photos.set_verdict(connection, photo.key, "dog", Verdict.REJECTED, now=NOW)
        photos.set_verdict(connection, photo.key, "cat", Verdict.REJECTED, now=NOW)
        photos.set_verdict(connection, photo.key, "cat", Verdict.KEPT, now=NOW)
        labels = [Label("dog", 99.0), Label("boat", 70.0)]
        pipeline.save_labels(connection, photo.key, provider="coco 2", labels=labels, now=NOW)
        again = photos.get_photo(connection, photo.id, owner_id=owner.id)
    assert again.recogniser == "coco 2"
    assert [(label.name, label.verdict, label.provider) for label in again.labels] == [
        ("cat", Verdict.KEPT, ""),
        ("dog", Verdict.REJECTED, "coco 2"),
        ("boat", None, "coco 2"),
    ]


def test_fifty_labels_and_two_hundred_lines_fit(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        labels = [Label(f"label {number:03}" + "x" * 200, 50.0 + number / 2) for number in range(50)]
        pipeline.save_labels(connection, photo.key, provider="coco 1", labels=labels, now=NOW)
        lines = [line for line in photo.text for _ in range(100)]
        pipeline.save_text(connection, photo.key, provider="coco 1", lines=lines, now=NOW)
        again = photos.get_photo(connection, photo.id, owner_id=owner.id)
    assert [label.name[:9] for label in again.labels[:2]] == ["label 049", "label 048"]
    assert (len(again.labels), len(again.text)) == (50, 200)


def test_the_trash_keeps_the_first_time_and_gives_back_to_the_same_shelf(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        edits.write(connection, photo.key, edits.trashed(photo, now=NOW), now=NOW)
        later = NOW + timedelta(days=3)
        photo = photos.get_photo(connection, photo.id, owner_id=owner.id)
        edits.write(connection, photo.key, edits.trashed(photo, now=later), now=later)
        trashed = photos.get_photo(connection, photo.id, owner_id=owner.id)
        assert (trashed.shelf, trashed.trashed_at) == (Shelf.TRASH, NOW)
        assert photos.list_trashed_before(connection, NOW, 10) == []
        assert photos.list_trashed_before(connection, NOW + timedelta(seconds=1), 10) == [photo.key]
        assert chunks.count_shelves(connection, owner.id) == dict.fromkeys(Shelf, 0) | {Shelf.TRASH: 1}
        edits.write(connection, photo.key, edits.restored(), now=NOW)
        restored = photos.get_photo(connection, photo.id, owner_id=owner.id)
    assert (restored.shelf, restored.trashed_at) == (Shelf.TIMELINE, None)


def test_purging_leaves_no_row_and_hands_every_object_to_the_sweep(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        kept, photo = add_ready_photo(connection, owner), add_ready_photo(connection, owner)
        photos.set_verdict(connection, photo.key, "dog", Verdict.KEPT, now=NOW)
        photos.purge_photo(connection, photo.key, now=NOW)
        photos.purge_photo(connection, photo.key, now=NOW)
        discarded = objects.list_discarded(connection, before=NOW + timedelta(seconds=1), limit=None)
        for name in CHILDREN:
            table = metadata.tables[name]
            left = connection.scalar(
                select(func.count()).select_from(table).where(table.c.photo_key == photo.key)
            )
            assert left == 0, name
        with pytest.raises(NotFound):
            photos.get_photo(connection, photo.id, owner_id=owner.id)
        assert users.get_user(connection, owner.id).used_bytes == kept.size_bytes
        assert photos.list_wrong_usage(connection) == []
    assert set(discarded) == {photo.storage_key, *(each.key for each in photo.renditions)}


def test_the_key_of_a_purged_photo_never_comes_back(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        last = add_photo(connection, owner)
        photos.purge_photo(connection, last.key, now=NOW)
        assert add_photo(connection, owner).key > last.key


def test_wrong_usage_is_found_and_corrected(database: Database) -> None:
    with database.write() as connection:
        owner, other = add_user(connection), add_user(connection)
        photo = add_photo(connection, owner, size_bytes=70)
        connection.execute(metadata.tables["user"].update().values(used_bytes=5))
        assert photos.list_wrong_usage(connection) == [owner.id, other.id]
        photos.correct_usage(connection)
        assert photos.list_wrong_usage(connection) == []
        assert users.get_user(connection, photo.owner_id).used_bytes == 70


def test_neighbours_stay_on_the_shelf_and_break_ties_by_arrival(database: Database) -> None:
    same = datetime(2020, 1, 1)
    with database.write() as connection:
        owner = add_user(connection)
        first, second, third = (add_photo_taken(connection, owner, same) for _ in range(3))
        trashed = add_photo_taken(connection, owner, same)
        edits.write(connection, trashed.key, edits.trashed(trashed, now=NOW), now=NOW)
        older = add_photo_taken(connection, owner, same - timedelta(days=1))
        add_photo_taken(connection, add_user(connection), same)
        assert photos.neighbours(connection, second) == (third.id, first.id)
        assert photos.neighbours(connection, third) == (None, second.id)
        assert photos.neighbours(connection, older) == (first.id, None)


def test_fresh_bytes_take_the_place_of_damaged_ones(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_photo(connection, owner)
        pipeline.claim_photo(connection, photo.id, token="t", now=NOW, lease_until=NOW)
        pipeline.refuse_photo(connection, photo.key, token="t", reason="It arrived damaged.", now=NOW)
        refused = photos.get_photo(connection, photo.id, owner_id=owner.id)
        assert (refused.shelf, refused.reason) == (Shelf.REFUSED, "It arrived damaged.")
        fresh = photos.replace_original(
            connection, photo.key, storage_key="originals/fresh", media_type="image/png", now=NOW
        )
        gone = objects.list_discarded(connection, before=NOW + timedelta(seconds=1), limit=None)
    assert (fresh.state, fresh.reason, fresh.storage_key) == (PhotoState.NEW, "", "originals/fresh")
    assert (fresh.attempts, fresh.media_type) == (0, "image/png")
    assert gone == [photo.storage_key]


def test_states_are_counted_for_one_owner(database: Database) -> None:
    with database.write() as connection:
        owner, other = add_user(connection), add_user(connection)
        add_ready_photo(connection, owner)
        add_photo(connection, owner)
        add_photo(connection, other)
        assert photos.count_unfinished(connection, owner.id) == 1


def test_a_photo_without_date_keeps_its_time_of_upload(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner, FileFacts())
    assert (photo.taken_local, photo.taken_source) == (NOW.replace(tzinfo=None), TakenSource.UPLOAD)
    assert (photo.taken_at, photo.position, photo.rating, photo.tags) == (None, None, None, ())


def test_a_photo_without_offset_keeps_its_wall_clock_and_has_no_instant(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner, FileFacts(taken_local=datetime(1969, 7, 20, 20, 17)))
    assert (photo.taken_local, photo.taken_source) == (datetime(1969, 7, 20, 20, 17), TakenSource.FILE)
    assert photo.taken_at is None
