"""Jobs that may be lost: a row says what remains to be done, and the sweep sends again."""

from __future__ import annotations

import logging

from photos.backends.jobs import Jobs
from photos.errors import JobsError

log = logging.getLogger(__name__)


def hint(jobs: Jobs, name: str, payload: dict[str, str]) -> None:
    """Send a job after its row was committed. A queue that is down delays the work, and undoes nothing."""
    try:
        jobs.send(name, payload)
    except JobsError as error:
        log.warning("job %s is left to the sweep: %s", name, error)
