"""The runner as a whole, in a thread: what cannot be done is dropped and harms nothing beside it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from photos.models import Photo, PhotoState
from photos.runner import Runner
from photos.services import library as acts
from tests import pictures
from tests.services.conftest import Library


@contextmanager
def running(library: Library) -> Iterator[None]:
    # a runner closes what it was given; the shared decoders are not its own
    library.backends.__dict__.pop("darkroom")
    runner = Runner(library.backends)
    thread = threading.Thread(target=runner.run)
    thread.start()
    try:
        yield
    finally:
        runner.stop()
        thread.join(60)
    assert not thread.is_alive()


def wait(library: Library, *photos: Photo) -> None:
    """Until no job is left and nobody works on these photos; a job done twice may end before the photo."""
    deadline = time.monotonic() + 60
    under_way = {PhotoState.NEW, PhotoState.PROCESSING}
    while library.backends.jobs.count() or under_way & {library.photo(photo.id).state for photo in photos}:
        assert time.monotonic() < deadline, "work is left"
        time.sleep(0.05)


def test_one_bad_file_and_odd_jobs_do_not_harm_the_others(library: Library) -> None:
    good = [library.upload(pictures.jpeg(64, 48, seed=seed)) for seed in range(3)]
    bad = library.upload(pictures.truncated(pictures.jpeg(800, 600)))
    gone = library.upload(pictures.jpeg(64, 48, seed=9))
    library.backends.storage.delete(gone.storage_key)
    jobs = library.backends.jobs
    jobs.send("walk_every_bucket", {"photo_id": good[0].id})
    jobs.send("process_photo", {"path": "/etc/passwd"})
    jobs.send("process_photo", {"photo_id": "A" * 22})
    jobs.send("process_photo", {"photo_id": good[0].id})
    with running(library):
        wait(library, *good, bad, gone)
    assert [library.photo(photo.id).state for photo in good] == [PhotoState.READY] * 3
    assert library.photo(bad.id).state is PhotoState.REFUSED
    refused = library.photo(gone.id)
    assert (refused.state, refused.renditions) == (PhotoState.REFUSED, ())
    assert "missing from storage" in refused.reason


def test_the_same_job_twice_is_one_result(library: Library) -> None:
    photo = library.upload(pictures.jpeg(64, 48))
    with running(library):
        wait(library, photo)
        stored = library.objects()
        library.backends.jobs.send("process_photo", {"photo_id": photo.id})
        wait(library, photo)
        assert library.objects() == stored
        parts = library.backends
        acts.reprocess(photo.id, owner=library.owner, database=parts.database, jobs=parts.jobs)
        wait(library, photo)
        assert library.objects() == stored
    assert library.photo(photo.id).state is PhotoState.READY
