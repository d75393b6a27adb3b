"""The runner: one process beside the web server that does the jobs, the sweep and the index's merges.

Threads take jobs from the queue; each job's decoding happens in a guarded child, so threads are enough.
SIGTERM and Ctrl-C let running jobs end (up to GRACE_SECONDS); what does not end is found by its lease.
"""

from __future__ import annotations

import logging
import random
import signal
import threading
import time
from datetime import UTC, datetime

from photos import logs, metrics, tasks
from photos.config import read_settings
from photos.db import leases
from photos.errors import BackendError, BigimageError, Invalid, NotFound
from photos.ids import new_id
from photos.models import Job
from photos.services import upkeep
from photos.wiring import Backends, open_backends

log = logging.getLogger(__name__)

IDLE_SECONDS = 0.2
SWEEP_SECONDS = 30
MEND_SECONDS = 3600
GRACE_SECONDS = 20
LONGEST_DELAY_SECONDS = 600


class Runner:
    """Worker threads over one queue, and a timer for the sweep."""

    def __init__(self, backends: Backends) -> None:
        self.backends = backends
        self.stopping = threading.Event()
        self.name = new_id()
        self._mended_at: float | None = None

    def run(self) -> None:
        """Work until `stop` is called."""
        # one thread a decoder, and one that also takes what can wait: text is read slowly, one photo at a
        # time, and must not keep every thread from a new photo
        threads = [
            threading.Thread(target=self._work, args=(number > 0,), name=f"work-{number}", daemon=True)
            for number in range(self.backends.settings.decoders + 1)
        ]
        threads.append(threading.Thread(target=self._sweep, name="sweep", daemon=True))
        for thread in threads:
            thread.start()
        self.stopping.wait()
        deadline = time.monotonic() + GRACE_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._release_lease()
        self.backends.close()

    def stop(self, *_: object) -> None:
        """Let what runs end and take nothing new. Good as a signal handler."""
        self.stopping.set()

    def _work(self, urgent_only: bool) -> None:
        # a little longer than the photo's own lease, which begins later: a job that comes again after a
        # crash then finds its photo free, and need not wait for the sweep
        lease_seconds = self.backends.settings.job_lease_seconds + 2
        while not self.stopping.is_set():
            try:
                received = self.backends.jobs.receive(
                    limit=1, lease_seconds=lease_seconds, urgent_only=urgent_only
                )
            except BackendError as error:
                log.error("no jobs can be received: %s", error)
                self.stopping.wait(5)
                continue
            if not received:
                self.stopping.wait(IDLE_SECONDS)
            for job in received:
                self._do(job)

    def _do(self, job: Job) -> None:
        started = time.monotonic()
        try:
            tasks.run(job, self.backends)
        except NotFound as gone:
            log.info("job %s is void: %s", job.name, gone)
        except Invalid as refusal:
            log.error("job %s is dropped: %s", job.name, refusal)
        except BackendError as error:
            self._give_back(job, error)
            return
        except Exception as error:
            # a bug in one job must not end the runner; the row's attempts end the photo
            log.exception("job %s failed", job.name)
            self._give_back(job, error)
            return
        try:
            self.backends.jobs.done(job)
        except BackendError as error:
            log.warning("job %s is done, but will come again: %s", job.name, error)
        log.info("job %s done in %d ms", job.name, (time.monotonic() - started) * 1000)

    def _give_back(self, job: Job, error: Exception) -> None:
        settings = self.backends.settings
        if job.attempt > settings.job_attempts and isinstance(error, BigimageError):
            log.error("job %s waits long after %d attempts: %s", job.name, job.attempt, error)
        delay = min(LONGEST_DELAY_SECONDS, 2 ** min(job.attempt, 10)) * random.uniform(0.5, 1.0)
        log.warning("job %s comes again in %.0f s: %s", job.name, delay, error)
        try:
            self.backends.jobs.retry(job, error=str(error), delay_seconds=delay)
        except BackendError as failure:
            log.warning("job %s comes again when its lease ends: %s", job.name, failure)

    def _sweep(self) -> None:
        while not self.stopping.is_set():
            try:
                if self._holds_lease():
                    self._keep_up()
            except BackendError as error:
                log.error("the sweep could not finish: %s", error)
            except Exception:  # the timer must outlive a bug; the next round tells again
                log.exception("the sweep failed")
            self.stopping.wait(SWEEP_SECONDS)

    def _keep_up(self) -> None:
        """The sweep; at the start everything is compared as well, and mended once an hour after that."""
        here = self.backends
        log.debug("swept: %s", tasks.keep_hour("sweep", here))
        if self._mended_at is None:
            upkeep.compare(database=here.database, search=here.search)
        elif time.monotonic() - self._mended_at > MEND_SECONDS:
            tasks.keep_hour("mend", here)
        else:
            return
        self._mended_at = time.monotonic()

    def _holds_lease(self) -> bool:
        with self.backends.database.write(is_flushed=False) as connection:
            return leases.acquire(
                connection, "sweep", holder=self.name, seconds=SWEEP_SECONDS * 2, now=datetime.now(UTC)
            )

    def _release_lease(self) -> None:
        """Let the runner that follows sweep at once."""
        try:
            with self.backends.database.write(is_flushed=False) as connection:
                leases.release(connection, "sweep", holder=self.name)
        except BackendError as error:
            log.warning("the next sweep waits until this runner's lease ends: %s", error)


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings = read_settings()
    logs.configure(settings.log_level)
    metrics.configure(settings.tier, is_on=settings.metrics)
    runner = Runner(open_backends(settings))
    signal.signal(signal.SIGTERM, runner.stop)
    signal.signal(signal.SIGINT, runner.stop)
    runner.run()


if __name__ == "__main__":
    main()
