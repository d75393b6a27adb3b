"""Job name -> service function. The one list of the work that can be queued."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from inspect import signature

from photos import metrics
from photos.errors import Invalid
from photos.models import Job
from photos.services import changes, dropbox, processing, samples, upkeep
from photos.wiring import Backends

TASKS: Mapping[str, Callable[..., None]] = {
    "process_photo": processing.process_photo,
    "label_photo": processing.label_photo,
    "read_text": processing.read_text,
    "change_photos": changes.make,
    "add_samples": samples.add_samples,
    "take_drop": dropbox.take_drop,
}
"""Each takes what the job says as plain parameters, and the parts it touches as keyword-only ones."""

TIMED: Mapping[str, Callable[..., object]] = {
    "sweep": upkeep.sweep,
    "mend": upkeep.mend,
}
"""What is due every so often: on one machine the runner's timer, on AWS the entries of cron.yaml. Each takes
the parts it touches, and may run twice at once."""


def run(job: Job, backends: Backends) -> None:
    """Do one job. Raises BackendError for "later", NotFound for "gone", Invalid for a job nobody knows."""
    began, outcome = time.perf_counter(), "done"
    try:
        _do(job, backends)
    except Exception as error:
        outcome = type(error).__name__
        raise
    finally:
        words = {"Job": job.name if job.name in TASKS else "unknown", "Outcome": outcome}
        metrics.record("JobTime", (time.perf_counter() - began) * 1000, "Milliseconds", **words)
        metrics.record("JobRetries", int(job.attempt > 1), "Count", **words)


def keep_hour(name: str, backends: Backends) -> object:
    """Do one of TIMED, and return what it did, for a log line. Raises BackendError for "later"."""
    return _call(TIMED[name], Job("", name, {}, 1), backends)


def _do(job: Job, backends: Backends) -> None:
    task = TASKS.get(job.name)
    if task is None:
        raise Invalid(f"there is no job {job.name}", code="unknown_job")
    _call(task, job, backends)


def _call(task: Callable[..., object], job: Job, backends: Backends) -> object:
    given: list[str] = []
    parts: dict[str, object] = {}
    for name, parameter in signature(task).parameters.items():
        if parameter.kind is parameter.KEYWORD_ONLY:
            parts[name] = getattr(backends, name)
        elif name in job.payload:
            given.append(job.payload[name])
        else:
            raise Invalid(f"job {job.name} has no {name}", code="unknown_job")
    return task(*given, **parts)
