"""F4: the row is committed, and the queue is down: nothing is refused, and the sweep sends what was lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from photos.backends.jobs.sqs import SqsJobs
from photos.errors import JobsError
from photos.models import PhotoState
from photos.services import library as acts
from tests import pictures
from tests.servers.moto import REGION, Moto
from tests.servers.ports import free_port
from tests.services.conftest import Library


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[SqsJobs]:
    """A queue that nobody answers for."""
    for name, value in Moto.environ().items():
        monkeypatch.setenv(name, value)
    jobs = SqsJobs(
        "jobs",
        "dead",
        signing_key=b"k" * 32,
        region=REGION,
        endpoint_url=f"http://127.0.0.1:{free_port()}",
        connect_timeout_seconds=1,
        attempts=1,
    )
    with pytest.raises(JobsError):
        jobs.ping()
    yield jobs
    jobs.close()


def test_photos_are_taken_and_turned_while_the_queue_is_down(library: Library, away: SqsJobs) -> None:
    local = library.backends
    library.backends = replace(local, jobs=away)
    photo = library.upload(pictures.jpeg(64, 48))
    assert photo.state is PhotoState.NEW
    acts.turn(photo.id, 90, owner=library.owner, database=local.database, jobs=away)
    with pytest.raises(JobsError):
        library.sweep()
    library.backends = local
    library.sweep()
    library.work()
    developed = library.photo(photo.id)
    assert (developed.state, developed.turn) == (PhotoState.READY, 90)
    assert library.fsck().total() == 0
