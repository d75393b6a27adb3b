"""Uploads: known files are not sent, cuts cost a part (F2, F3), and nothing becomes a photo unverified."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from photos.db import uploads as upload_rows
from photos.db import users as user_rows
from photos.errors import Conflict, Invalid, NotFound, StorageError, TooMany
from photos.models import Photo, PhotoState, User
from photos.services import arrival, promises, uploads, whole_files
from photos.services import library as library_service
from tests import pictures
from tests.db.making import counted
from tests.services.conftest import Library

PHOTO = pictures.jpeg(320, 240)
PART = 5 * 1024 * 1024


def large_photo() -> bytes:
    """A picture of more than two parts: the rest hangs behind its end, as makers' notes do."""
    return pictures.jpeg(64, 48) + bytes(2 * PART + 1000)


def test_a_new_file_is_wanted_and_becomes_a_photo(library: Library) -> None:
    offer = library.offer(PHOTO, "beach.jpg")
    assert (offer.status, len(offer.parts)) == ("send", 1)
    assert offer.upload is not None
    library.send(offer, PHOTO)
    photo = library.complete(offer.upload.id)
    assert (photo.name, photo.sha256) == ("beach.jpg", hashlib.sha256(PHOTO).hexdigest())
    assert photo.media_type == "image/jpeg"
    assert photo.state is PhotoState.NEW
    assert library.backends.jobs.count() == 1
    assert b"".join(library.backends.storage.get(photo.storage_key)) == PHOTO


def test_a_known_file_is_not_sent_and_a_twin_in_the_trash_is_named(library: Library) -> None:
    photo = library.upload(PHOTO)
    offer = library.offer(PHOTO, "copy.jpg")
    assert (offer.status, offer.parts) == ("known", ())
    assert offer.photo is not None
    assert (offer.photo.id, offer.photo.trashed_at) == (photo.id, None)
    parts = library.backends
    library_service.trash(photo.id, owner=library.owner, database=parts.database, search=parts.search)
    again = library.offer(PHOTO)
    assert again.photo is not None
    assert again.photo.trashed_at is not None


def test_a_hundred_known_files_cost_as_many_questions_as_one(library: Library) -> None:
    library.upload(PHOTO)
    digest = hashlib.sha256(PHOTO).hexdigest()
    parts = library.backends
    asked = []
    for count in (1, uploads.MAX_OFFERED):
        files = [promises.OfferedFile(f"{number}.jpg", len(PHOTO), digest) for number in range(count)]
        with counted(parts.database) as statements:
            offers = uploads.offer(
                files,
                owner=library.owner,
                settings=parts.settings,
                database=parts.database,
                storage=parts.storage,
            )
        assert [offer.status for offer in offers] == ["known"] * count
        asked.append(len(statements))
    assert asked[0] == asked[1]


def test_files_known_new_and_refused_are_answered_in_their_order(library: Library) -> None:
    known, other = library.upload(PHOTO), pictures.jpeg(64, 48, seed=9)
    parts = library.backends
    digests = [hashlib.sha256(body).hexdigest() for body in (other, PHOTO, PHOTO, other)]
    names = ("new.jpg", "known.jpg", "", "twice.jpg")
    offers = uploads.offer(
        [promises.OfferedFile(name, 1000, digest) for name, digest in zip(names, digests, strict=True)],
        owner=library.owner,
        settings=parts.settings,
        database=parts.database,
        storage=parts.storage,
    )
    assert [offer.status for offer in offers] == ["send", "known", "refused", "send"]
    assert offers[1].photo is not None
    assert offers[1].photo.id == known.id
    assert offers[0].upload is not None
    assert offers[3].upload is not None
    assert offers[0].upload.id == offers[3].upload.id, "the same new file is wanted once"


def test_another_person_s_file_tells_nothing(library: Library, stranger: User) -> None:
    library.upload(PHOTO)
    assert library.offer(PHOTO, by=stranger).status == "send"


def test_only_missing_parts_are_sent_after_a_cut(library: Library) -> None:
    library.backends = replace(library.backends, settings=replace(library.backends.settings, part_bytes=PART))
    body = large_photo()
    offer = library.offer(body)
    assert offer.upload is not None
    assert [part.size_bytes for part in offer.parts] == [PART, PART, len(body) - 2 * PART]
    library.send(offer, body, only=lambda number: number == 2)
    again = library.offer(body)
    assert again.upload is not None
    assert again.upload.id == offer.upload.id
    assert [part.number for part in again.parts] == [1, 3]
    with pytest.raises(Conflict, match="Parts are missing"):
        library.complete(offer.upload.id)
    library.send(again, body)
    photo = library.complete(offer.upload.id)
    assert b"".join(library.backends.storage.get(photo.storage_key)) == body


def test_complete_can_be_repeated(library: Library) -> None:
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    library.send(offer, PHOTO)
    first = library.complete(offer.upload.id)
    assert library.complete(offer.upload.id).id == first.id
    assert library.backends.jobs.count() == 1


def test_twenty_completes_at_once_make_one_photo(library: Library) -> None:
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    upload_id = offer.upload.id
    library.send(offer, PHOTO)
    with ThreadPoolExecutor(20) as pool:
        photos = list(pool.map(lambda _: library.complete(upload_id), range(20)))
    assert len({photo.id for photo in photos}) == 1
    with library.backends.database.read() as connection:
        assert user_rows.get_user(connection, library.owner.id).used_bytes == len(PHOTO)
    library.work()
    library.sweep()
    assert library.fsck().total() == 0


def test_complete_goes_on_where_a_lost_answer_left_off(library: Library) -> None:
    """The parts were joined, and the process died before the row."""
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    library.send(offer, PHOTO)
    storage, upload = library.backends.storage, offer.upload
    parts = storage.list_parts(upload.storage_key, upload.multipart_id)
    storage.complete_multipart(upload.storage_key, upload.multipart_id, parts)
    assert library.offer(PHOTO).parts == (), "nothing is left to send"
    assert library.complete(upload.id).storage_key == upload.storage_key


def test_wrong_bytes_of_the_right_size_are_refused_and_can_be_sent_again(library: Library) -> None:
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    library.send(offer, pictures.jpeg(320, 240, seed=2).ljust(len(PHOTO), b"\0")[: len(PHOTO)])
    with pytest.raises(Invalid, match="arrived damaged"):
        library.complete(offer.upload.id)
    with pytest.raises(Invalid, match="arrived damaged"):
        library.complete(offer.upload.id)
    again = library.offer(PHOTO)
    assert again.status == "send"
    library.send(again, PHOTO)
    assert again.upload is not None
    assert library.complete(again.upload.id).state is PhotoState.NEW
    library.work()
    library.sweep()
    assert library.fsck().total() == 0


def test_what_is_no_picture_is_refused_in_words_and_not_asked_for_again(library: Library) -> None:
    body = b"%PDF-1.7\n" + bytes(500)
    offer = library.offer(body, "scan.jpg")
    assert offer.upload is not None
    library.send(offer, body)
    with pytest.raises(Invalid, match="PDF"):
        library.complete(offer.upload.id)
    again = library.offer(body, "scan.jpg")
    assert again.status == "refused"
    assert "PDF" in again.reason


@pytest.mark.parametrize(
    ("name", "size", "sha256", "media_type", "words"),
    [
        ("a.jpg", 0, "0" * 64, "", "empty"),
        ("a.jpg", 2**50, "0" * 64, "", "larger than"),
        ("a.jpg", 10, "xyz", "", "hexadecimal"),
        ("a.jpg", 10, "A" * 64, "", "hexadecimal"),
        ("a.mp4", 10, "0" * 64, "video/mp4", "video"),
        ("a.txt", 10, "0" * 64, "text/plain", "not a photo"),
        ("", 10, "0" * 64, "", "no name"),
        ("\x00\x01", 10, "0" * 64, "", "no name"),
    ],
)
def test_a_promise_that_cannot_be_kept_is_refused_before_the_bytes(
    library: Library, name: str, size: int, sha256: str, media_type: str, words: str
) -> None:
    parts = library.backends
    offer = uploads.offer(
        [promises.OfferedFile(name, size, sha256, media_type)],
        owner=library.owner,
        settings=parts.settings,
        database=parts.database,
        storage=parts.storage,
    )[0]
    assert offer.status == "refused"
    assert words in offer.reason


def test_quota_is_refused_before_the_bytes_and_counts_what_is_on_its_way(library: Library) -> None:
    other = pictures.jpeg(320, 240, seed=3)
    quota = len(PHOTO) + len(other) // 2
    library.backends = replace(
        library.backends, settings=replace(library.backends.settings, quota_bytes=quota)
    )
    assert library.offer(PHOTO).status == "send"
    refused = library.offer(other)
    assert (refused.status, refused.code) == ("refused", "quota")
    assert "are left" in refused.reason
    assert library.accept(other).code == "quota"


def test_parallel_offers_never_exceed_the_quota(library: Library) -> None:
    bodies = [pictures.jpeg(64, 48, seed=seed) for seed in range(10)]
    quota = sum(map(len, bodies)) // 2
    library.backends = replace(
        library.backends, settings=replace(library.backends.settings, quota_bytes=quota)
    )
    with ThreadPoolExecutor(10) as pool:
        offers = list(pool.map(library.offer, bodies))
    promised = sum(offer.upload.size_bytes for offer in offers if offer.upload)
    assert promised <= quota
    assert {offer.status for offer in offers} == {"send", "refused"}


def _early_in_a_minute() -> None:
    """The count begins anew with every minute of the clock: wait where that would be in the middle."""
    second = time.time() % 60
    if second > 50:
        time.sleep(60.1 - second)


def test_a_minute_brings_so_many_new_files_and_known_ones_do_not_count(
    library: Library, stranger: User
) -> None:
    settings = replace(library.backends.settings, uploads_per_minute=3)
    library.backends = replace(library.backends, settings=settings)
    bodies = [pictures.jpeg(64, 48, seed=seed) for seed in range(4)]
    _early_in_a_minute()
    assert library.accept(bodies[0]).status == "send"
    assert [library.offer(body).status for body in bodies[1:3]] == ["send", "send"]
    with pytest.raises(TooMany, match="More than 3 new files in a minute") as refused:
        library.offer(bodies[3])
    assert 0 < refused.value.retry_after_seconds <= 61
    with pytest.raises(TooMany):
        library.accept(bodies[3])
    assert [library.offer(body).status for body in bodies[:3]] == ["known", "send", "send"]
    assert library.offer(bodies[3], by=stranger).status == "send"


def test_parallel_offers_never_exceed_the_share_of_a_minute(library: Library) -> None:
    settings = replace(library.backends.settings, uploads_per_minute=4)
    library.backends = replace(library.backends, settings=settings)
    bodies = [pictures.jpeg(64, 48, seed=seed) for seed in range(12)]

    def is_taken(body: bytes) -> bool:
        try:
            return library.offer(body).status == "send"
        except TooMany:
            return False

    _early_in_a_minute()
    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(is_taken, bodies)) == 4


def test_an_upload_is_nobody_else_s(library: Library, stranger: User) -> None:
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    parts = library.backends
    with pytest.raises(NotFound):
        library.complete(offer.upload.id, by=stranger)
    with pytest.raises(NotFound):
        uploads.status(offer.upload.id, owner=stranger, database=parts.database, storage=parts.storage)
    with pytest.raises(NotFound):
        uploads.abandon(offer.upload.id, owner=stranger, database=parts.database, storage=parts.storage)


def test_an_abandoned_upload_leaves_nothing(library: Library) -> None:
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    library.send(offer, PHOTO)
    parts = library.backends
    uploads.abandon(offer.upload.id, owner=library.owner, database=parts.database, storage=parts.storage)
    assert list(parts.storage.list_multiparts()) == []
    assert library.objects() == set()
    with pytest.raises(NotFound):
        library.complete(offer.upload.id)


def test_giving_up_what_has_become_a_photo_meanwhile_keeps_its_bytes(library: Library) -> None:
    """The sweep, or a second window, read the upload while it was open; then it was completed."""
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    library.send(offer, PHOTO)
    photo = library.complete(offer.upload.id)
    parts = library.backends
    assert not arrival.forget(offer.upload, database=parts.database, storage=parts.storage)
    assert b"".join(parts.storage.get(photo.storage_key)) == PHOTO
    library.work()
    assert library.photo(photo.id).state is PhotoState.READY


def test_completing_and_giving_up_at_once_ends_as_one_of_both(library: Library) -> None:
    parts = library.backends

    def give_up(upload_id: str) -> None:
        uploads.abandon(upload_id, owner=library.owner, database=parts.database, storage=parts.storage)

    def tried(act: Callable[[str], object], upload_id: str) -> bool:
        try:
            act(upload_id)
        except (Conflict, NotFound):
            return False
        return True

    for seed in range(12):
        body = pictures.jpeg(64, 48, seed=seed)
        offer = library.offer(body)
        assert offer.upload is not None
        library.send(offer, body)
        with ThreadPoolExecutor(2) as pool:
            made = pool.submit(tried, library.complete, offer.upload.id)
            given_up = pool.submit(tried, give_up, offer.upload.id)
            assert made.result() != given_up.result()
    library.work()
    library.sweep()
    assert library.fsck().total() == 0
    assert list(parts.storage.list_multiparts()) == []


def test_parts_of_an_upload_that_nobody_knows_are_swept_away(library: Library) -> None:
    """A process died after the row was gone, or before the row named its multipart upload."""
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    storage = library.backends.storage
    storage.start_multipart("originals/aa/nobodys", media_type="application/octet-stream")
    library.sweep()
    assert list(storage.list_multiparts()) == [(offer.upload.storage_key, offer.upload.multipart_id)]


def test_an_unfinished_upload_is_thrown_away_after_its_time(library: Library) -> None:
    offer = library.offer(PHOTO)
    assert offer.upload is not None
    library.send(offer, PHOTO)
    assert library.sweep().uploads_dropped == 0
    with library.backends.database.write() as connection:
        upload_rows.delete_upload(connection, offer.upload.id)
        past = datetime.now(UTC) - timedelta(days=8)
        kept = {
            name: getattr(offer.upload, name)
            for name in ("id", "owner_id", "name", "size_bytes", "sha256", "storage_key", "part_size")
        }
        upload_rows.add_upload(
            connection,
            **kept,
            multipart_id=offer.upload.multipart_id,
            now=past,
            expires_at=past + timedelta(days=7),
        )
    assert library.sweep().uploads_dropped == 1
    assert list(library.backends.storage.list_multiparts()) == []
    assert library.fsck().total() == 0


@pytest.mark.parametrize("way", [Library.upload, lambda library, *sent: library.accept(*sent).photo])
def test_what_a_file_is_stays_known_also_where_it_cannot_be_developed(
    library: Library, way: Callable[[Library, bytes, str], Photo]
) -> None:
    photo = way(library, pictures.truncated(pictures.png(64, 48)), "called.jpg")
    assert photo.media_type == "image/png"
    library.work()
    refused = library.photo(photo.id)
    assert (refused.state, refused.media_type) == (PhotoState.REFUSED, "image/png")


def test_the_plain_form_takes_refuses_and_knows(library: Library) -> None:
    taken = library.accept(PHOTO, "C:\\photos\\beach.jpg")
    assert (taken.status, taken.photo and taken.photo.name) == ("send", "beach.jpg")
    assert library.accept(PHOTO).status == "known"
    assert library.accept(b"", "empty.jpg").code == "empty"
    assert "ZIP" in library.accept(b"PK\x03\x04" + bytes(100), "album.jpg").reason
    library.work()
    library.sweep()
    assert library.fsck().total() == 0
    assert len([key for key in library.objects() if key.startswith("originals/")]) == 1


def test_a_form_that_breaks_off_leaves_nothing(library: Library) -> None:
    class Broken:
        def read(self, size: int = -1, /) -> bytes:
            raise ConnectionResetError

    parts = library.backends
    with pytest.raises(StorageError):
        whole_files.accept(
            Broken(),
            name="a.jpg",
            owner=library.owner,
            settings=parts.settings,
            database=parts.database,
            storage=parts.storage,
            jobs=parts.jobs,
        )
    assert library.objects() == set()
    assert library.fsck().total() == 0


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("a/b/c.jpg", "c.jpg"),
        ("..\\..\\x.jpg", "x.jpg"),
        ("ü\u202egpj.exe", "ügpj.exe"),
        ("a\r\nb.jpg", "ab.jpg"),
        ("x" * 300 + ".jpg", "x" * 251 + ".jpg"),
        ("📷.jpg", "📷.jpg"),
        ("صورة.jpg", "صورة.jpg"),
    ],
)
def test_names_are_for_showing_only(raw: str, cleaned: str) -> None:
    assert promises.clean_name(raw) == cleaned


def test_part_sizes_keep_within_ten_thousand_parts() -> None:
    assert promises.part_size_for(100, PART) == PART
    size = promises.part_size_for(2**40, PART)
    assert -(-(2**40) // size) <= 10_000
