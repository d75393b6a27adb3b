"""Role `jobs`: hints to work, sent after the commit. The row is the fact; a job may be lost or doubled."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from photos.models import DeadJob, Job


class Jobs(Protocol):
    """A queue with leases. Every verb may raise `JobsError` (later)."""

    def send(
        self, name: str, payload: dict[str, str], *, delay_seconds: float = 0, unless_queued: bool = False
    ) -> None:
        """Queue a job. The same name and payload waiting already is one job, due at the earlier time; with
        `unless_queued` the waiting one stays as it is. A queue that cannot tell takes it once more, but not
        `unless_queued` while it is busy. A longer delay than a queue knows becomes its longest."""

    def receive(self, *, limit: int, lease_seconds: int, urgent_only: bool = False) -> Sequence[Job]:
        """Lease due jobs, oldest first. A job whose lease runs out is delivered again.

        `urgent_only` leaves work that can wait to others, where the queue can tell."""

    def done(self, job: Job) -> None:
        """Forget a job; one whose lease went to somebody else is left to them, where the queue can tell."""

    def retry(self, job: Job, *, error: str, delay_seconds: float) -> None:
        """Give a job back, due after the delay, keeping its attempt count."""

    def count(self) -> int:
        """Jobs waiting or leased."""

    def list_dead(self, *, limit: int) -> Sequence[DeadJob]:
        """Jobs that were tried too often, oldest first. They stay until somebody sends them back."""

    def revive(self, idents: Collection[str]) -> int:
        """Queue these dead jobs again as if they were new; how many of them were there. Can be repeated."""

    def ping(self) -> None:
        """Raise JobsError unless jobs can be sent."""

    def close(self) -> None:
        """Give connections back."""
