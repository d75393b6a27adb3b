"""What remains to be done: jobs, and changes to many photos."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class Job(msgspec.Struct, frozen=True):
    """A hint to work. It carries ids only, may arrive twice, late or never."""

    id: str
    name: str
    payload: dict[str, str]
    attempt: int
    """1 on the first delivery."""


class DeadJob(msgspec.Struct, frozen=True):
    """A job that was given up, or whatever else came through its queue: `name` is empty for that."""

    id: str
    name: str
    payload: dict[str, str]
    body: str
    """What was in the queue, word by word."""
    attempts: int
    sent_at: datetime
    reason: str = ""
    """Why the last try failed; empty where nobody knows."""


class ChangeState(StrEnum):
    """How far a change to many photos is."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    UNDONE = "undone"


class Change(msgspec.Struct, frozen=True):
    """One change to many photos. `content` holds the values of its action, as they came over the wire."""

    id: str
    owner_id: int
    action: str
    content: dict[str, Any]
    state: ChangeState
    total: int
    done: int
    failed: int
    created_at: datetime
    updated_at: datetime


class ChangeFailure(msgspec.Struct, frozen=True):
    """A photo that a change left as it was, and why, in words for people."""

    photo_id: str
    reason: str
