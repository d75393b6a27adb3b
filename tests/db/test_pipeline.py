"""What processing writes, and who may write it."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from photos.db import objects, photos, pipeline
from photos.db.engine import Database
from photos.errors import DatabaseError
from photos.models import FileFacts, Label, PhotoState
from tests.db.making import (
    FACTS,
    NOW,
    PLACE,
    add_photo,
    add_ready_photo,
    add_user,
    develop,
    developed,
    renditions,
)

LATER = NOW + timedelta(minutes=2)


def test_a_photo_is_claimed_once_until_its_lease_runs_out(database: Database) -> None:
    with database.write() as connection:
        photo = add_photo(connection, add_user(connection))
        first = pipeline.claim_photo(connection, photo.id, token="a", now=NOW, lease_until=LATER)
        assert first is not None and (first.state, first.attempts) == (PhotoState.PROCESSING, 1)
        assert pipeline.claim_photo(connection, photo.id, token="b", now=NOW, lease_until=LATER) is None
        assert pipeline.list_overdue(connection, now=NOW, limit=9) == []
        assert pipeline.list_overdue(connection, now=LATER, limit=9) == [photo.id]
        assert pipeline.list_stuck(connection, now=LATER) == [photo.id]
        second = pipeline.claim_photo(
            connection, photo.id, token="b", now=LATER, lease_until=LATER + timedelta(minutes=2)
        )
        assert second is not None and second.attempts == 2
        assert pipeline.claim_photo(connection, "nothing", token="c", now=NOW, lease_until=LATER) is None


def test_of_two_processes_one_claims(database: Database) -> None:
    with database.write() as connection:
        photo = add_photo(connection, add_user(connection))
    barrier, won = Barrier(4), []

    def claim(token: str) -> None:
        barrier.wait()
        with database.write() as connection:
            if pipeline.claim_photo(connection, photo.id, token=token, now=NOW, lease_until=LATER):
                won.append(token)

    threads = [Thread(target=claim, args=(f"token {number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_who_lost_the_lease_writes_nothing(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_photo(connection, owner)
        pipeline.claim_photo(connection, photo.id, token="slow", now=NOW, lease_until=NOW)
        pipeline.claim_photo(connection, photo.id, token="quick", now=NOW, lease_until=LATER)
        before = photos.get_photo(connection, photo.id, owner_id=owner.id)
        assert not pipeline.save_developed(
            connection, photo.key, token="slow", developed=developed(), developed_with=1, place=PLACE,
            renditions=renditions(photo), now=LATER,
        )  # fmt: skip
        assert not pipeline.refuse_photo(connection, photo.key, token="slow", reason="no", now=LATER)
        assert not pipeline.finish_photo(connection, photo.key, token="slow", now=LATER)
        assert not pipeline.release_photo(connection, photo.key, token="slow")
        assert photos.get_photo(connection, photo.id, owner_id=owner.id) == before
        assert pipeline.finish_photo(connection, photo.key, token="quick", now=LATER)
        assert not pipeline.finish_photo(connection, photo.key, token="quick", now=LATER)


def test_a_released_photo_waits_again_and_keeps_its_attempts(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_photo(connection, owner)
        pipeline.claim_photo(connection, photo.id, token="a", now=NOW, lease_until=LATER)
        assert pipeline.release_photo(connection, photo.key, token="a", reason="storage is down" * 100)
        waiting = photos.get_photo(connection, photo.id, owner_id=owner.id)
        assert (waiting.state, waiting.attempts, waiting.reason) == (PhotoState.NEW, 1, "")
        assert pipeline.claim_photo(connection, photo.id, token="b", now=NOW, lease_until=LATER) is not None


def test_developing_again_hands_only_unused_renditions_to_the_sweep(database: Database) -> None:
    with database.write() as connection:
        photo = add_ready_photo(connection, add_user(connection))
        soon = NOW + timedelta(seconds=1)
        photos.renew_photo(connection, photo.key, now=NOW)
        develop(connection, photo, recipe=1)
        assert objects.list_discarded(connection, before=soon, limit=9) == []
        photos.renew_photo(connection, photo.key, now=NOW)
        develop(connection, photo, recipe=2)
        old = {each.key for each in renditions(photo, 1)}
        assert set(objects.list_discarded(connection, before=soon, limit=9)) == old
        photos.renew_photo(connection, photo.key, now=NOW)
        develop(connection, photo, recipe=1)
        assert set(objects.list_discarded(connection, before=soon, limit=9)) == {
            each.key for each in renditions(photo, 2)
        }
        objects.forget_discarded(connection, objects.list_discarded(connection, before=soon, limit=9))
        assert objects.list_discarded(connection, before=soon, limit=9) == []
        assert objects.is_wanted(connection, photo.storage_key)
        assert objects.is_wanted(connection, renditions(photo, 1)[0].key)
        assert not objects.is_wanted(connection, renditions(photo, 2)[0].key)


def test_the_files_words_follow_the_file_until_a_person_writes(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_ready_photo(connection, owner)
        photos.renew_photo(connection, photo.key, now=NOW)
        develop(connection, photo, FileFacts(description="neu", rating=1, keywords=("See", " See ", "")))
        again = photos.get_photo(connection, photo.id, owner_id=owner.id)
    assert (again.description, again.tags) == ("neu", ("See",))
    assert again.rating == FACTS.rating, "a rating may be a person's by now"


def test_texts_longer_than_their_columns_are_cut_on_every_engine(database: Database) -> None:
    from photos.models import Camera

    long = "ü😀" * 2000
    facts = FileFacts(camera=Camera(long, long, long), description=long, keywords=(long,))
    with database.write() as connection:
        photo = add_ready_photo(connection, add_user(connection), facts)
        pipeline.save_labels(
            connection, photo.key, provider="p", labels=[Label(long, 90.0), Label(long, 70.0)], now=NOW
        )
        again = photos.get_photo(connection, photo.id, owner_id=photo.owner_id)
    assert (len(photo.camera.make), len(photo.camera.lens)) == (100, 150)
    assert (photo.description, photo.tags) == (long, (long[:100],))
    assert [(label.name, label.confidence) for label in again.labels] == [(long[:100], 90.0)]


def test_what_the_current_recogniser_has_not_seen_is_listed(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        old, new, middle = (add_ready_photo(connection, owner) for _ in range(3))
        add_photo(connection, owner)
        for photo, provider in ((old, "coco 0"), (new, "coco 2"), (middle, "coco 1")):
            pipeline.save_labels(connection, photo.key, provider=provider, labels=[], now=NOW)
            pipeline.save_text(connection, photo.key, provider=provider, lines=[], now=NOW)
        assert pipeline.list_unlabelled(connection, provider="coco 1", limit=9) == [old.id, new.id]
        assert pipeline.list_unread(connection, provider="coco 1", limit=9) == [old.id, new.id]
        assert pipeline.list_unlabelled(connection, provider="coco 1", limit=1) == [old.id]


def test_photos_of_an_older_recipe_wait_again(database: Database) -> None:
    with database.write() as connection:
        photo = add_ready_photo(connection, add_user(connection))
        assert pipeline.renew_outdated(connection, developed_with=1, limit=9, now=NOW) == 0
        assert pipeline.renew_outdated(connection, developed_with=2, limit=9, now=NOW) == 1
        assert pipeline.find_ready(connection, photo.id) is None
        assert pipeline.list_overdue(connection, now=NOW, limit=9) == [photo.id]


def test_labels_for_a_purged_photo_are_dropped(database: Database) -> None:
    with database.write() as connection:
        photo = add_ready_photo(connection, add_user(connection))
        photos.purge_photo(connection, photo.key, now=NOW)
        pipeline.save_labels(connection, photo.key, provider="p", labels=[Label("dog", 90.0)], now=NOW)
        pipeline.save_text(connection, photo.key, provider="p", lines=photo.text, now=NOW)
        assert pipeline.find_ready(connection, photo.id) is None


def test_a_transaction_that_fails_half_way_leaves_nothing(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        photo = add_photo(connection, owner)
    with pytest.raises(DatabaseError), database.write() as connection:
        develop(connection, photo)
        raise DatabaseError("lose", "the connection")
    with database.read() as connection:
        assert photos.get_photo(connection, photo.id, owner_id=owner.id) == photo
