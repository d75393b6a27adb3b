"""Files that people copy into the store themselves: photos in the end, or a reason; never lost or doubled."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from photos.backends.storage.folder import FolderStorage
from photos.db import drops
from photos.db import photos as photo_rows
from photos.db import users as user_rows
from photos.errors import Invalid, NotFound, StorageError
from photos.models import Identity, ObjectEvent, Photo, RefusedDrop, Shelf, User
from photos.services import dropbox, fsck
from photos.services.dropbox import SETTLED, TRIED_AGAIN
from tests import pictures
from tests.services.conftest import Library

PHOTO = pictures.jpeg(64, 48)
ADDRESS = "dropbox/owner@example.org/"


@dataclass
class Dropbox:
    """A library, with words for what tests of dropboxes do."""

    library: Library

    def put(self, name: str, body: bytes = PHOTO) -> str:
        """Copy a file in, as other programs do; its key."""
        self.library.backends.storage.put(ADDRESS + name, body, media_type="image/jpeg")
        return ADDRESS + name

    def take(self, key: str) -> None:
        parts = self.library.backends
        dropbox.take_drop(
            key, settings=parts.settings, database=parts.database, storage=parts.storage, jobs=parts.jobs
        )

    def tell(self, *events: ObjectEvent) -> None:
        parts = self.library.backends
        dropbox.take_events(
            events, settings=parts.settings, database=parts.database, storage=parts.storage, jobs=parts.jobs
        )

    def event(self, key: str, *, bucket: str | None = None, is_new: bool = True) -> ObjectEvent:
        return ObjectEvent(bucket or self.library.backends.settings.s3_bucket, key, is_new)

    def left(self) -> set[str]:
        return {item.key for item in self.library.backends.storage.list("dropbox/")}

    def photos(self, shelf: Shelf = Shelf.TIMELINE) -> list[Photo]:
        with self.library.backends.database.read() as connection:
            page = photo_rows.list_photos(connection, owner_id=self.library.owner.id, shelf=shelf)
        return list(page.items)

    def refused(self) -> list[RefusedDrop]:
        with self.library.backends.database.read() as connection:
            return drops.list_refused(connection, self.library.owner.id, limit=100)

    def send(self) -> int:
        """Look for what lies there, as the sweep does."""
        parts = self.library.backends
        return dropbox.send_drops(database=parts.database, storage=parts.storage, jobs=parts.jobs)


@pytest.fixture
def box(library: Library) -> Dropbox:
    return Dropbox(library)


@pytest.fixture
def any_box(library_anywhere: Library) -> Dropbox:
    return Dropbox(library_anywhere)


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropbox, "SETTLED", timedelta(seconds=-60))


@pytest.mark.parametrize(
    "name", ["2024/Zürich 東京.jpg", "100% a+b.jpg", 'it\'s "$(here)"; `id`.JPG', ".hidden/no suffix"]
)
def test_a_dropped_file_becomes_a_photo_and_is_removed(any_box: Dropbox, name: str) -> None:
    key = any_box.put(name)
    any_box.tell(any_box.event(key))
    any_box.library.work()
    (photo,) = any_box.photos()
    assert (photo.state, photo.name) == ("ready", name.rpartition("/")[2])
    assert any_box.left() == set()
    assert any_box.library.fsck().total() == 0
    original = b"".join(any_box.library.backends.storage.get(photo.storage_key))
    assert original == PHOTO


def test_an_event_twice_late_or_before_its_file_changes_nothing(any_box: Dropbox) -> None:
    key = any_box.put("a.jpg")
    early = any_box.event(ADDRESS + "not yet.jpg")
    any_box.tell(early, any_box.event(key), any_box.event(key))
    any_box.tell(any_box.event(key), any_box.event(key, is_new=False))
    any_box.library.work()
    any_box.tell(any_box.event(key))
    assert len(any_box.photos()) == 1
    assert any_box.refused() == []


def test_the_same_picture_twice_is_one_photo(any_box: Dropbox) -> None:
    for name in ("a.jpg", "b.jpg"):
        any_box.take(any_box.put(name))
    assert [photo.name for photo in any_box.photos()] == ["a.jpg"]
    assert any_box.left() == set()


def test_a_sweep_finds_what_no_event_told_of(any_box: Dropbox, no_waiting: None) -> None:
    any_box.put("a.jpg")
    any_box.put("deeper/b.jpg", pictures.jpeg(64, 48, seed=2))
    assert any_box.library.sweep().drops_found == 2
    any_box.library.work()
    assert {photo.name for photo in any_box.photos()} == {"a.jpg", "b.jpg"}
    assert any_box.library.sweep().drops_found == 0
    assert any_box.left() == set()


def test_what_is_just_being_copied_is_left_alone(box: Dropbox) -> None:
    box.put("growing.jpg", PHOTO[:1000])
    assert box.send() == 0
    storage = box.library.backends.storage
    assert isinstance(storage, FolderStorage)
    path = Path(storage.location(ADDRESS + "growing.jpg"))
    earlier = time.time() - SETTLED.total_seconds() - 1
    os.utime(path, (earlier, earlier))
    assert box.send() == 1


def test_people_copy_into_a_folder_that_stays(box: Dropbox) -> None:
    storage = box.library.backends.storage
    folder = Path(storage.location(ADDRESS))
    folder.mkdir(parents=True)
    (folder / "a.jpg").write_bytes(PHOTO)
    box.take(ADDRESS + "a.jpg")
    assert list(folder.iterdir()) == []
    (folder / "link.jpg").symlink_to("/etc/passwd")
    assert box.left() == set()
    with pytest.raises(StorageError):
        box.take(ADDRESS + "link.jpg")
    assert len(box.photos()) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b"MZ, not a picture at all" * 50, "not a picture"),
    ],
)
def test_a_file_that_is_no_photo_stays_with_a_reason(any_box: Dropbox, body: bytes, words: str) -> None:
    key = any_box.put("a.jpg", body)
    any_box.tell(any_box.event(key))
    assert any_box.left() == {key}
    (refused,) = any_box.refused()
    assert words in refused.reason.lower(), refused.reason
    assert refused.name == "a.jpg"
    assert any_box.library.fsck().total() == 0
    any_box.put("a.jpg")
    any_box.take(key)
    assert any_box.left() == set()
    assert any_box.refused() == []
    assert len(any_box.photos()) == 1


def test_a_refused_file_is_not_read_again_every_half_minute(box: Dropbox, no_waiting: None) -> None:
    key = box.put("a.jpg", b"not a photo")
    box.take(key)
    assert box.send() == 0
    box.put("a.jpg", b"not a photo either")
    assert box.send() == 1
    box.take(key)
    (refused,) = box.refused()
    long_ago = msgspec.structs.replace(refused, refused_at=datetime.now(UTC) - TRIED_AGAIN)
    with box.library.backends.database.write() as connection:
        drops.refuse_drop(connection, long_ago, owner_id=box.library.owner.id)
    assert box.send() == 1
    longer_ago = msgspec.structs.replace(refused, refused_at=datetime.now(UTC) - 2 * TRIED_AGAIN)
    with box.library.backends.database.write() as connection:
        drops.refuse_drop(connection, longer_ago, owner_id=box.library.owner.id)
    box.send()
    assert box.refused() == []


def test_a_refused_file_is_tried_again_when_its_owner_wants(
    box: Dropbox, stranger: User, no_waiting: None
) -> None:
    database, key = box.library.backends.database, box.put("a.jpg", b"not a photo")
    box.take(key)
    (refused,) = box.refused()
    with pytest.raises(NotFound):
        dropbox.try_again(refused.id, owner=stranger, database=database)
    assert box.refused() == [refused]
    for _ in range(2):
        dropbox.try_again(refused.id, owner=box.library.owner, database=database)
    assert dropbox.is_due(box.refused()[0]), "it is still told until it is taken"
    box.put("a.jpg")
    assert box.library.sweep().drops_found == 1
    box.library.work()
    assert (box.refused(), box.left(), len(box.photos())) == ([], set(), 1)
    with pytest.raises(NotFound):
        dropbox.try_again(refused.id, owner=box.library.owner, database=database)


def test_quota_and_size_leave_the_file_where_it_is(any_box: Dropbox) -> None:
    library = any_box.library
    with library.backends.database.write() as connection:
        user_rows.set_quota(connection, library.owner.id, len(PHOTO) - 1)
    key = any_box.put("a.jpg")
    any_box.take(key)
    (refused,) = any_box.refused()
    assert "space is used up" in refused.reason
    with library.backends.database.write() as connection:
        user_rows.set_quota(connection, library.owner.id, None)
    small = replace(library.backends.settings, max_photo_bytes=100)
    parts = library.backends
    dropbox.take_drop(key, settings=small, database=parts.database, storage=parts.storage, jobs=parts.jobs)
    (refused,) = any_box.refused()
    assert "larger than 100 bytes" in refused.reason
    assert any_box.left() == {key}
    any_box.take(key)
    assert any_box.left() == set()
    assert library.fsck().total() == 0


@pytest.mark.parametrize("name", ["", "2024/", ".DS_Store", "2024/.a.jpg.x7f3k2"])
def test_marks_of_folders_and_hidden_files_are_passed_over(box: Dropbox, name: str) -> None:
    if name and not name.endswith("/"):
        box.put(name, b"whatever")
    box.tell(box.event(ADDRESS + name), box.event("dropbox/"))
    assert (box.photos(), box.refused()) == ([], [])
    assert box.send() == 0


@pytest.mark.parametrize(
    "key",
    [
        "originals/ab/abc",
        "dropbox",
        "dropbox/a.jpg",
        "dropboxes/owner@example.org/a.jpg",
        "dropbox/nobody@example.org/a.jpg",
        "dropbox/%/a.jpg",
        "dropbox/../originals/a.jpg",
        "Dropbox/owner@example.org/a.jpg",
    ],
)
def test_a_place_that_is_nobodys_is_refused_and_the_rest_done(box: Dropbox, key: str) -> None:
    mine = box.put("a.jpg")
    with pytest.raises(Invalid):
        box.tell(box.event(key), box.event(mine))
    assert len(box.photos()) == 1
    assert box.left() == set()


def test_another_bucket_is_refused(box: Dropbox) -> None:
    key = box.put("a.jpg")
    with pytest.raises(Invalid, match="is not the bucket"):
        box.tell(box.event(key, bucket="somebody-elses"))
    assert box.photos() == []


def test_a_locked_person_gets_nothing(box: Dropbox) -> None:
    key = box.put("a.jpg")
    with box.library.backends.database.write() as connection:
        user_rows.set_disabled(connection, box.library.owner.id, True)
    with pytest.raises(Invalid, match="locked"):
        box.take(key)
    assert box.send() == 0
    assert box.left() == {key}


def test_the_address_is_found_however_it_is_written_and_never_guessed(box: Dropbox) -> None:
    storage = box.library.backends.storage
    storage.put("dropbox/OWNER@Example.org/a.jpg", PHOTO, media_type="image/jpeg")
    box.take("dropbox/OWNER@Example.org/a.jpg")
    assert len(box.photos()) == 1
    with box.library.backends.database.write() as connection:
        identity = Identity("https://elsewhere.example", "other", "Owner@example.org", True, "Somebody else")
        user_rows.ensure_user(connection, identity, now=datetime.now(UTC))
    with pytest.raises(Invalid, match="Several people"):
        box.take(box.put("b.jpg", pictures.jpeg(64, 48, seed=2)))


@pytest.mark.parametrize("name", ["a//b.jpg", "../a.jpg", "a\nb.jpg"])
def test_a_name_that_cannot_be_a_key_is_refused_once(box: Dropbox, name: str) -> None:
    box.take(ADDRESS + name)
    (refused,) = box.refused()
    assert refused.etag == ""


def test_a_name_that_is_no_text_is_refused_and_shown_as_far_as_it_can_be(
    box: Dropbox, no_waiting: None
) -> None:
    storage = box.library.backends.storage
    folder = Path(storage.location(ADDRESS))
    folder.mkdir(parents=True)
    (folder / os.fsdecode(b"caf\xe9.jpg")).write_bytes(PHOTO)
    assert box.send() == 1
    box.library.work()
    assert [refused.name for refused in box.refused()] == ["caf\ufffd.jpg"]
    assert box.send() == 0


def test_a_file_replaced_while_it_was_taken_stays_and_is_taken_next(
    box: Dropbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = box.put("a.jpg")
    accept = dropbox.whole_files.accept

    def replaced_meanwhile(*arguments: object, **more: object) -> object:
        answer = accept(*arguments, **more)
        box.put("a.jpg", pictures.jpeg(64, 48, seed=2))
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(dropbox.whole_files, "accept", replaced_meanwhile)
        box.take(key)
    assert box.left() == {key}
    box.take(key)
    assert box.left() == set()
    assert len(box.photos()) == 2


def test_a_twin_whose_original_is_gone_does_not_cost_the_file(box: Dropbox) -> None:
    box.take(box.put("a.jpg"))
    (photo,) = box.photos()
    box.library.backends.storage.delete(photo.storage_key)
    key = box.put("b.jpg")
    box.take(key)
    assert box.left() == {key}
    assert "missing" in box.refused()[0].reason


@dataclass
class Failing:
    """Lets the call of a given number to a store fail, whichever verb it is."""

    stop_at: int
    calls: int = 0

    def wrap(self, real: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **more: object) -> object:
            self.calls += 1
            if self.calls == self.stop_at:
                raise StorageError("do this", "by the test")
            return real(*arguments, **more)

        return call


def test_nothing_is_lost_or_doubled_wherever_it_stops(box: Dropbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each call to the store fails once; what follows sets everything right."""
    storage = box.library.backends.storage
    for stop_at in range(1, 20):
        key = box.put("a.jpg", pictures.jpeg(64, 48, seed=stop_at))
        failing, is_over = Failing(stop_at), True
        with monkeypatch.context() as patch:
            for verb in ("stat", "get", "put", "delete"):
                patch.setattr(storage, verb, failing.wrap(getattr(storage, verb)))
            try:
                box.take(key)
            except StorageError:
                is_over = False
        box.take(key)
        box.library.work()
        box.library.sweep()
        assert box.left() == set(), stop_at
        assert len(box.photos()) == stop_at
        assert box.library.fsck().total() == 0
        if is_over:
            break
    assert is_over
    assert stop_at > 5


def test_an_upload_that_goes_into_a_dropbox_is_not_taken_for_a_stray(bucket_library: Library) -> None:
    storage = bucket_library.backends.storage
    theirs = storage.start_multipart(ADDRESS + "large.jpg", media_type="image/jpeg")
    stray = storage.start_multipart("originals/aa/stray", media_type="image/jpeg")
    bucket_library.sweep()
    assert [multipart_id for _, multipart_id in storage.list_multiparts()] == [theirs]
    assert stray != theirs


def test_repair_leaves_dropboxes_alone(box: Dropbox) -> None:
    key = box.put("a.jpg", b"not a photo")
    parts = box.library.backends
    fsck.repair(
        database=parts.database, storage=parts.storage, search=parts.search, jobs=parts.jobs, report=print
    )
    assert box.left() == {key}
