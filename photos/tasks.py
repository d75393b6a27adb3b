"""Job name -> service function. The one list of the work that can be queued."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from photos.errors import Invalid
from photos.models import Job
from photos.services import processing
from photos.wiring import Backends


def _process_photo(photo_id: str, backends: Backends) -> None:
    processing.process_photo(
        photo_id,
        settings=backends.settings,
        database=backends.database,
        storage=backends.storage,
        recognition=backends.recognition,
        search=backends.search,
        jobs=backends.jobs,
        darkroom=backends.darkroom,
        gazetteer=backends.gazetteer,
    )


def _label_photo(photo_id: str, backends: Backends) -> None:
    processing.label_photo(
        photo_id,
        database=backends.database,
        storage=backends.storage,
        recognition=backends.recognition,
        search=backends.search,
    )


def _read_text(photo_id: str, backends: Backends) -> None:
    processing.read_text(
        photo_id,
        database=backends.database,
        storage=backends.storage,
        recognition=backends.recognition,
        search=backends.search,
    )


TASKS: Mapping[str, Callable[[str, Backends], None]] = {
    "process_photo": _process_photo,
    "label_photo": _label_photo,
    "read_text": _read_text,
}


def run(job: Job, backends: Backends) -> None:
    """Do one job. Raises BackendError for "later", NotFound for "gone", Invalid for a job nobody knows."""
    try:
        task = TASKS[job.name]
        photo_id = job.payload["photo_id"]
    except KeyError as error:
        raise Invalid(f"job {job.name} has no {error}", code="unknown_job") from None
    task(photo_id, backends)
