"""Processing: repeatable, also late (F7), and every file ends ready or refused with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from photos.backends.recognition.onnx import OnnxRecognition
from photos.backends.storage.folder import FolderStorage
from photos.db import pipeline
from photos.errors import BackendError, NotFound
from photos.models import Developed, PhotoState, TakenSource, Verdict
from photos.services import library as library_service
from photos.services import processing
from tests import pictures
from tests.recogniser import as_jpeg
from tests.recogniser import photo as real_photo
from tests.services.conftest import Library


def stored_file(library: Library, key: str) -> Path:
    assert isinstance(library.backends.storage, FolderStorage)
    with library.backends.storage.fetch(key) as path:
        return path


def test_a_photo_becomes_ready_with_everything_the_file_tells(library: Library) -> None:
    body = pictures.jpeg(
        1200,
        800,
        exif=pictures.exif(
            taken="2024:06:15 18:30:05",
            offset="+01:00",
            model="X100V",
            gps=(38.7169, -9.1399),
            description="Old harbour",
        ),
    )
    photo = library.upload(body, "lisbon.jpg")
    library.work()
    photo = library.photo(photo.id)
    assert (photo.state, photo.width, photo.height) == (PhotoState.READY, 1200, 800)
    assert (photo.media_type, photo.description) == ("image/jpeg", "Old harbour")
    assert photo.taken_local == datetime(2024, 6, 15, 18, 30, 5)
    assert photo.taken_source is TakenSource.FILE
    assert photo.taken_at == datetime(2024, 6, 15, 17, 30, 5, tzinfo=UTC)
    assert photo.camera.model == "X100V"
    assert photo.place is not None
    assert (photo.place.name, photo.place.country_code) == ("Lisbon", "PT")
    sizes = {rendition.kind: (rendition.width, rendition.height) for rendition in photo.renditions}
    assert sizes == {"large": (1200, 800), "medium": (512, 341), "square": (256, 256)}
    assert photo.thumbhash
    assert photo.colours
    assert library.find("place:lisbon camera:x100v taken:2024-06") == [photo.id]
    assert library.fsck().total() == 0


def test_a_photo_without_a_date_takes_its_time_of_upload_and_says_so(library: Library) -> None:
    photo = library.upload(pictures.png())
    library.work()
    photo = library.photo(photo.id)
    assert photo.taken_source is TakenSource.UPLOAD
    assert photo.taken_local == photo.created_at.replace(tzinfo=None)


def test_processing_twice_changes_nothing(library: Library) -> None:
    photo = library.upload(pictures.jpeg())
    library.work()
    before, objects = library.photo(photo.id), library.objects()
    library.process(photo)
    assert library.photo(photo.id) == before
    assert library.objects() == objects


def test_a_broken_file_is_refused_with_a_reason_and_harms_no_other(library: Library) -> None:
    broken = library.upload(pictures.truncated(pictures.jpeg(800, 600)), "broken.jpg")
    good = library.upload(pictures.jpeg(seed=2), "good.jpg")
    library.work()
    refused = library.photo(broken.id)
    assert refused.state is PhotoState.REFUSED
    assert refused.reason.endswith(".")
    assert library.photo(good.id).state is PhotoState.READY
    assert library.fsck().total() == 0


def test_an_original_that_is_gone_is_said_to_be_gone(library: Library) -> None:
    photo = library.upload(pictures.jpeg())
    library.backends.storage.delete(photo.storage_key)
    library.work()
    refused = library.photo(photo.id)
    assert (refused.state, refused.reason) == (PhotoState.REFUSED, processing.GONE)
    assert library.fsck().originals_missing == 1


def test_an_original_that_changed_is_refused_and_may_be_sent_again(library: Library) -> None:
    body = pictures.jpeg()
    photo = library.upload(body)
    stored_file(library, photo.storage_key).write_bytes(bytes(len(body)))
    library.work()
    assert "arrived damaged" in library.photo(photo.id).reason
    again = library.upload(body)
    assert again.id == photo.id
    library.work()
    library.sweep()
    assert library.photo(photo.id).state is PhotoState.READY
    assert library.fsck().total() == 0


def test_a_lost_job_is_sent_again_by_the_sweep(library: Library) -> None:
    photo = library.upload(pictures.jpeg())
    for job in library.backends.jobs.receive(limit=10, lease_seconds=60):
        library.backends.jobs.done(job)
    assert library.backends.jobs.count() == 0
    assert library.sweep().resent == 1
    library.work()
    assert library.photo(photo.id).state is PhotoState.READY


def test_a_holder_whose_lease_ran_out_changes_nothing_any_more(library: Library) -> None:
    photo = library.upload(pictures.jpeg())
    now = datetime.now(UTC)
    with library.backends.database.write() as connection:
        held = pipeline.claim_photo(
            connection,
            photo.id,
            token="slow",
            now=now - timedelta(hours=1),
            lease_until=now - timedelta(minutes=1),
        )
    assert held is not None
    library.work()
    ready = library.photo(photo.id)
    assert ready.state is PhotoState.READY
    with library.backends.database.write() as connection:
        assert not pipeline.refuse_photo(connection, photo.key, token="slow", reason="late", now=now)
    assert library.photo(photo.id) == ready


def test_a_photo_that_is_deleted_while_it_is_developed_stays_deleted(library: Library) -> None:
    photo = library.upload(pictures.jpeg())
    parts = library.backends

    class DeletingDarkroom:
        def develop(self, path: Path, *, turn: int = 0) -> Developed:
            developed = parts.darkroom.develop(path, turn=turn)
            library_service.trash(photo.id, owner=library.owner, database=parts.database, search=parts.search)
            library_service.purge(photo.id, owner=library.owner, database=parts.database, search=parts.search)
            return developed

    library.process(photo, darkroom=DeletingDarkroom())
    library.sweep()
    with pytest.raises(NotFound):
        library.photo(photo.id)
    assert library.objects() == set()
    assert library.fsck().total() == 0


def test_a_photo_is_refused_after_its_last_attempt(library: Library) -> None:
    photo = library.upload(pictures.jpeg())
    past = datetime.now(UTC) - timedelta(hours=1)
    for attempt in range(library.backends.settings.job_attempts):
        with library.backends.database.write() as connection:
            assert pipeline.claim_photo(
                connection, photo.id, token=f"t{attempt}", now=past, lease_until=past - timedelta(seconds=1)
            )
    library.work()
    assert library.photo(photo.id).reason == processing.EXHAUSTED


def test_storage_that_is_down_delays_and_does_not_refuse(library: Library) -> None:
    photo = library.upload(pictures.jpeg())
    assert isinstance(library.backends.storage, FolderStorage)
    root = library.backends.settings.data / "storage"
    root.rename(root.with_name("elsewhere"))
    with pytest.raises(BackendError):
        library.process(photo)
    assert library.photo(photo.id).state is PhotoState.NEW
    root.with_name("elsewhere").rename(root)
    library.process(photo)
    assert library.photo(photo.id).state is PhotoState.READY


def test_labels_come_with_boxes_and_provider_and_are_found(seeing_library: Library) -> None:
    library = seeing_library
    photo = library.upload(as_jpeg(real_photo("chelsea")), "chelsea.jpg")
    library.work()
    photo = library.photo(photo.id)
    cat = next(label for label in photo.labels if label.name == "cat")
    assert cat.confidence >= 70
    assert cat.boxes
    assert cat.provider == photo.recogniser == library.backends.recognition.provider
    assert library.find("label:cat>70") == [photo.id]


def test_a_rejected_label_stays_rejected_after_processing_again(seeing_library: Library) -> None:
    library, parts = seeing_library, seeing_library.backends
    photo = library.upload(as_jpeg(real_photo("chelsea")), "chelsea.jpg")
    library.work()
    acts = {"owner": library.owner, "database": parts.database, "search": parts.search}
    library_service.decide_label(photo.id, "cat", Verdict.REJECTED, **acts)
    assert library.find("label:cat") == []
    library_service.reprocess(photo.id, owner=library.owner, database=parts.database, jobs=parts.jobs)
    library.work()
    again = library.photo(photo.id)
    assert again.state is PhotoState.READY
    assert next(label for label in again.labels if label.name == "cat").verdict is Verdict.REJECTED
    assert library.find("label:cat") == []
    library_service.decide_label(photo.id, "cat", None, **acts)
    assert library.find("label:cat") == [photo.id]


def test_text_is_read_by_its_own_job_after_the_photo_is_ready(seeing_library: Library) -> None:
    library = seeing_library
    photo = library.upload(as_jpeg(real_photo("page")), "page.jpg")
    library.process(photo)
    assert library.photo(photo.id).state is PhotoState.READY
    assert library.photo(photo.id).text == ()
    library.work()
    lines = library.photo(photo.id).text
    assert lines
    word = max(" ".join(line.text for line in lines).split(), key=len).strip(".,;:-")
    assert library.find(f"text:{word.lower()}") == [photo.id]


def test_photos_of_a_library_that_had_no_recogniser_are_labelled_later(
    library: Library, recogniser: OnnxRecognition
) -> None:
    photo = library.upload(as_jpeg(real_photo("chelsea")), "chelsea.jpg")
    library.work()
    assert library.photo(photo.id).recogniser == ""
    library.backends = replace(library.backends, recognition=recogniser)
    assert library.sweep().resent == 2, "labels and text"
    library.work()
    assert library.find("label:cat") == [photo.id]
