"""Changes to many photos at once: one change, in slices, with what became of each photo.

A slice is one transaction: it locks the change, changes the next photos, and notes each of them as done or
failed. So a change may be made by a request, by the runner, or by several at once, may end anywhere, and goes
on where it was; no photo is changed twice. What a change replaced is kept with it, for undoing.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from photos.backends.jobs import Jobs
from photos.backends.search import Search
from photos.db import changes as change_rows
from photos.db import edits
from photos.db.changes import ChangeItem, ChangeOutcome
from photos.db.engine import Database, repeated
from photos.errors import Conflict, Invalid, TooMany
from photos.ids import new_id
from photos.models import Change, ChangeState, Photo, Shelf, User
from photos.services import change_actions
from photos.services.change_actions import Step
from photos.services.hints import hint
from photos.services.indexing import index_photos
from photos.services.search import MOST_IDS, list_ids

MOST = MOST_IDS
"""Photos of one change."""
INSTANT = 200
"""A change of so many photos is made in the request that asks for it, so that it feels instant."""
SLICE = 200
"""Photos of one transaction; others may write in between."""
MOST_OPEN = 5
"""Changes of one person that may wait or be under way."""
WORK_SECONDS = 10.0
"""After so long a job makes room for others, and queues itself again."""
OVERDUE = timedelta(seconds=60)
KEPT = timedelta(days=change_rows.KEPT_DAYS)
GONE = "It is not in your library."


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which photos a change is for: exactly one of ids, a query, a shelf."""

    ids: Sequence[str] = ()
    query: str = ""
    shelf: Shelf | None = None


def start(
    action: str,
    values: Mapping[str, Any],
    chosen: Chosen,
    *,
    owner: User,
    database: Database,
    search: Search,
    jobs: Jobs,
    key: str = "",
) -> Change:
    """Make a change, at once if it is small and by the runner if not. With the same `key` it is made once.

    Raises Invalid for what cannot be asked, QueryError for a bad query, TooMany while too much is under way,
    Conflict for a key that stands for another change, and BackendError; then the change goes on later.
    """
    if action not in change_actions.ACTORS:
        raise Invalid("There is no such change.", code="action", field="action")
    content = change_actions.clean(action, values)
    change_id = _id_of(owner, key) if key else new_id()
    ids = choose(chosen, owner=owner, database=database, search=search)
    try:
        _add(change_id, action, content, ids, owner, database)
    except IntegrityError:
        with database.read() as connection:
            known = change_rows.get_change(connection, change_id, owner_id=owner.id)
        if (known.action, known.content) != (action, content):
            raise Conflict("This key was used for another change.", code="key") from None
        if known.state not in change_rows.OPEN:
            return known
    return _begin(change_id, len(ids), owner=owner, database=database, search=search, jobs=jobs)


def undo(change_id: str, *, owner: User, database: Database, search: Search, jobs: Jobs) -> Change:
    """Take a change back, as another change; asked again, it is the same one.

    A photo that somebody changed in the same way since stays, and is told. Raises NotFound, and Conflict for
    a change that is not over or cannot be taken back.
    """
    undo_id = _id_of(owner, f"undo {change_id}")
    total = _add_undo(change_id, undo_id, owner, database)
    return _begin(undo_id, total, owner=owner, database=database, search=search, jobs=jobs)


def make(change_id: str, *, database: Database, search: Search, jobs: Jobs) -> None:
    """Go on with a change until it is done, or others should have their turn; then it queues itself."""
    give_way_at = time.monotonic() + WORK_SECONDS
    while _make_slice(change_id, database=database, search=search, jobs=jobs):
        if time.monotonic() > give_way_at:
            hint(jobs, "change_photos", {"change_id": change_id})
            return


def resend(*, database: Database, jobs: Jobs, now: datetime, limit: int) -> int:
    """Queue changes again at which nobody works; returns how many."""
    with database.read() as connection:
        overdue = change_rows.list_overdue(connection, before=now - OVERDUE, limit=limit)
    for change_id in overdue:
        jobs.send("change_photos", {"change_id": change_id}, unless_queued=True)
    return len(overdue)


def forget_old(*, database: Database, now: datetime, limit: int) -> int:
    """Forget changes that nobody can undo any more; returns how many."""
    with database.write() as connection:
        return change_rows.forget_changes(connection, before=now - KEPT, limit=limit)


def choose(chosen: Chosen, *, owner: User, database: Database, search: Search) -> list[str]:
    """Ids of the chosen photos, each once. Raises Invalid for none and for more than MOST."""
    is_whole = True
    if chosen.query:
        ids, is_whole = list_ids(chosen.query, owner=owner, database=database, search=search)
    elif chosen.shelf is not None:
        with database.read() as connection:
            ids = change_rows.list_ids_on_shelf(connection, owner.id, chosen.shelf, limit=MOST + 1)
    else:
        ids = list(dict.fromkeys(chosen.ids))
    if not ids:
        raise Invalid("Choose at least one photo.", code="nothing", field="photos")
    if len(ids) > MOST or not is_whole:
        raise Invalid(f"One change takes at most {MOST:,} photos.", code="too_many", field="photos")
    return ids


def _begin(
    change_id: str, total: int, *, owner: User, database: Database, search: Search, jobs: Jobs
) -> Change:
    if total <= INSTANT:
        make(change_id, database=database, search=search, jobs=jobs)
    else:
        hint(jobs, "change_photos", {"change_id": change_id})
    with database.read() as connection:
        return change_rows.get_change(connection, change_id, owner_id=owner.id)


@repeated
def _add(
    change_id: str, action: str, content: Mapping[str, Any], ids: list[str], owner: User, database: Database
) -> None:
    now = datetime.now(UTC)
    with database.write() as connection:
        if change_rows.count_open(connection, owner.id) >= MOST_OPEN:
            raise TooMany(
                "Several changes are still being made. Wait for one of them.", retry_after_seconds=10
            )
        change_rows.add_change(
            connection,
            change_id,
            owner_id=owner.id,
            action=action,
            content=content,
            photo_ids=ids,
            now=now,
        )


@repeated
def _add_undo(change_id: str, undo_id: str, owner: User, database: Database) -> int:
    with database.write() as connection:
        undone = change_rows.get_change(connection, change_id, owner_id=owner.id)
        if not change_actions.can_undo(undone.action, undone.content):
            raise Conflict("This cannot be undone.", code="final")
        if undone.state in change_rows.OPEN:
            raise Conflict("This is still being made; undo it when it is done.", code="working")
        change_rows.add_undo(connection, undo_id, undone, now=datetime.now(UTC))
        return change_rows.get_change(connection, undo_id, owner_id=owner.id).total


def _make_slice(change_id: str, *, database: Database, search: Search, jobs: Jobs) -> bool:
    """The next photos of a change, and then their index; whether there may be more."""
    made = _write_slice(change_id, database)
    if made.keys:
        index_photos(made.keys, database=database, search=search)
    for photo_id in made.to_process:
        hint(jobs, "process_photo", {"photo_id": photo_id})
    return made.goes_on


@dataclass(frozen=True, slots=True)
class _Made:
    """What a slice did: keys of changed photos, ids of those that wait for the runner, and if more follow."""

    keys: list[int]
    to_process: list[str]
    goes_on: bool


@repeated
def _write_slice(change_id: str, database: Database) -> _Made:
    now = datetime.now(UTC)
    with database.write() as connection:
        change = change_rows.lock_change(connection, change_id)
        if change is None:
            return _Made([], [], goes_on=False)
        items = change_rows.list_waiting(connection, change_id, SLICE)
        found = change_rows.load_for_change(connection, change.owner_id, [item.photo_id for item in items])
        wanted: dict[int, edits.Columns] = {}
        outcomes = [_apply(connection, change, item, found, wanted, now) for item in items]
        edits.write_many(connection, wanted, now=now)
        change_rows.save_outcomes(connection, change_id, outcomes, now=now)
    changed: list[Photo] = [
        found[item.photo_id][0] for item, outcome in zip(items, outcomes, strict=True) if not outcome.reason
    ]
    renewed = changed if change_actions.renews(change.action, change.content) else []
    return _Made(
        [photo.key for photo in changed], [photo.id for photo in renewed], goes_on=len(items) == SLICE
    )


def _apply(
    connection: Connection,
    change: Change,
    item: ChangeItem,
    found: Mapping[str, Any],
    wanted: dict[int, edits.Columns],
    now: datetime,
) -> ChangeOutcome:
    if item.photo_id not in found:
        return ChangeOutcome(item.position, GONE)
    photo, row = found[item.photo_id]
    step = Step(connection, photo, row, change.content, now, wanted)
    try:
        if change.action == "undo":
            record = change_actions.take_back(step, item.before)
        else:
            record = change_actions.ACTORS[change.action](step)
    except Invalid as refusal:
        return ChangeOutcome(item.position, refusal.reason)
    return ChangeOutcome(item.position, before=record)


def _id_of(owner: User, key: str) -> str:
    """The id that a key of this person always leads to."""
    digest = hashlib.sha256(f"{owner.id}\n{key}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:16]).rstrip(b"=").decode()


def can_undo(change: Change) -> bool:
    """Whether this change can be taken back now."""
    return change.state is ChangeState.DONE and change_actions.can_undo(change.action, change.content)
