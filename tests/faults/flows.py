"""What people and the runner do, each as a small program on one library, and what it promises them.

Every flow can be done again after whatever happened to it: that is what a person, a script or the runner
does who got no answer. All begin with the same library, so that what one of them must not touch is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from photos import tasks
from photos.db import edits, pipeline
from photos.db import photos as photo_rows
from photos.errors import BackendError, NotFound
from photos.models import Change, Label, Photo, Verdict
from photos.services import arrival, changes, dropbox, indexing, uploads
from photos.services import library as acts
from tests import pictures
from tests.services.conftest import Library

EITHER = "either"
PART_BYTES = 2048

NAMES = ("lighthouse", "harbour", "waiting", "arriving", "parts", "form", "given up", "dropped")
"""The photos of the story. The first three are in the library before every flow: on the timeline, in the
trash, waiting for the runner. Of the fourth all parts are there; the others do not exist yet."""


@cache
def body_of(name: str) -> bytes:
    """The file of a photo, a few parts long."""
    return pictures.jpeg(96, 64, seed=NAMES.index(name) + 1, quality=85)


@cache
def hash_of(name: str) -> str:
    """Its SHA-256."""
    return hashlib.sha256(body_of(name)).hexdigest()


Facts = dict[str, Any]
"""Of one photo: `there`, `id`, `trashed`, `verdict`, `description`, `turn`; EITHER where both are right."""


class Promises:
    """What the library owes. `doing` comes before an act, `done` once its caller has the answer."""

    def __init__(self, known: dict[str, Facts], tell: Callable[[str, Facts], None] | None = None) -> None:
        self.known = known
        self._tell = tell

    def doing(self, name: str, **facts: Any) -> None:
        """Something is asked for: each of these facts may be as it was or as named, until `done`."""
        self.note(name, dict.fromkeys(facts, EITHER))

    def done(self, name: str, photo: Photo | None = None, **facts: Any) -> None:
        """The caller was told that this is so."""
        self.note(name, facts | ({"id": photo.id, "there": True} if photo else {}))

    def note(self, name: str, facts: Facts) -> None:
        """Add facts of a photo."""
        self.known[name] = self.known.get(name, {}) | facts
        if self._tell:
            self._tell(name, facts)

    def id_of(self, name: str) -> str:
        """The id under which the caller knows a photo."""
        return str(self.known[name]["id"])


@dataclass(frozen=True, slots=True)
class Flow:
    """One thing that is done. `is_first`: on an empty folder. `is_cold`: by a process that has just begun."""

    name: str
    act: Callable[[Library, Promises], None]
    is_first: bool = False
    is_cold: bool = False


def begin(library: Library, promises: Promises) -> None:
    """The library before every flow."""
    for name in ("lighthouse", "harbour"):
        promises.done(name, library.upload(body_of(name)), trashed=False, verdict=None, description="")
    work(library)
    parts = library.backends
    with parts.database.write() as connection:
        for name in ("lighthouse", "harbour"):
            key = library.photo(promises.id_of(name)).key
            labels = [Label("dog", 91.0), Label("sea", 80.0)]
            pipeline.save_labels(connection, key, provider="", labels=labels, now=datetime.now(UTC))
    library.sweep()
    trashed = acts.trash(
        promises.id_of("harbour"), owner=library.owner, database=parts.database, search=parts.search
    )
    promises.done("harbour", trashed, trashed=True)
    promises.done("waiting", library.upload(body_of("waiting")), trashed=False)
    library.send(library.offer(body_of("arriving")), body_of("arriving"))
    _leave_work_for_the_sweep(library)


def _leave_work_for_the_sweep(library: Library) -> None:
    """An upload that nobody goes on with, a photo whose file was replaced, and a row that search lacks."""
    lost = library.offer(pictures.jpeg(64, 48, seed=40))
    library.send(lost, pictures.jpeg(64, 48, seed=40), only=lambda number: number == 1)
    library.accept(body_of("lighthouse"))
    photo = library.photo(next(iter(library.find("dog"))))
    with library.backends.database.write() as connection:
        edits.write(connection, photo.key, edits.rating(3), now=datetime.now(UTC))


def work(library: Library) -> None:
    """Do every due job as the runner does: what cannot be done now is given back."""
    parts = library.backends
    while jobs := parts.jobs.receive(limit=1, lease_seconds=60):
        try:
            tasks.run(jobs[0], parts)
        except BackendError as error:
            parts.jobs.retry(jobs[0], error=str(error), delay_seconds=5)
            raise
        parts.jobs.done(jobs[0])


def _upload(library: Library, promises: Promises) -> None:
    promises.doing("parts", there=True)
    offer = library.offer(body_of("parts"))
    if offer.status == "known":
        promises.done("parts", offer.photo)
        return
    assert offer.upload is not None, offer
    library.send(offer, body_of("parts"))
    promises.done("parts", library.complete(offer.upload.id))


def _form(library: Library, promises: Promises) -> None:
    promises.doing("form", there=True)
    offer = library.accept(body_of("form"))
    assert offer.status in {"send", "known"}, offer
    promises.done("form", offer.photo)


def _drop(library: Library, promises: Promises) -> None:
    """Somebody copies a file in, unless it is there or has been taken, and a message tells of it."""
    promises.doing("dropped", there=True)
    parts = library.backends
    key = f"dropbox/{library.owner.email}/dropped.jpg"
    with parts.database.read() as connection:
        photo = photo_rows.find_photo_by_hash(connection, library.owner.id, hash_of("dropped"))
    if photo is None:
        parts.storage.put(key, body_of("dropped"), media_type="image/jpeg")
    dropbox.take_drop(
        key, settings=parts.settings, database=parts.database, storage=parts.storage, jobs=parts.jobs
    )
    with parts.database.read() as connection:
        photo = photo_rows.find_photo_by_hash(connection, library.owner.id, hash_of("dropped"))
    assert photo is not None
    promises.done("dropped", photo)


def _complete(library: Library, promises: Promises) -> None:
    promises.doing("arriving", there=True)
    offer = library.offer(body_of("arriving"))
    photo = library.complete(offer.upload.id) if offer.upload else offer.photo
    promises.done("arriving", photo)


def _abandon(library: Library, promises: Promises) -> None:
    offer = library.offer(body_of("given up"))
    assert offer.upload is not None, offer
    library.send(offer, body_of("given up"), only=lambda number: number == 1)
    parts = library.backends
    uploads.abandon(offer.upload.id, owner=library.owner, database=parts.database, storage=parts.storage)


def _process(library: Library, promises: Promises) -> None:
    work(library)


def _reprocess(library: Library, promises: Promises) -> None:
    parts = library.backends
    acts.reprocess(
        promises.id_of("lighthouse"), owner=library.owner, database=parts.database, jobs=parts.jobs
    )
    work(library)


def _trash(library: Library, promises: Promises) -> None:
    promises.doing("lighthouse", trashed=True)
    parts = library.backends
    acts.trash(
        promises.id_of("lighthouse"), owner=library.owner, database=parts.database, search=parts.search
    )
    promises.done("lighthouse", trashed=True)


def _restore(library: Library, promises: Promises) -> None:
    promises.doing("harbour", trashed=False)
    parts = library.backends
    acts.restore(promises.id_of("harbour"), owner=library.owner, database=parts.database, search=parts.search)
    promises.done("harbour", trashed=False)


def _purge(library: Library, promises: Promises) -> None:
    promises.doing("harbour", there=False)
    parts = library.backends
    photo_id = promises.id_of("harbour")
    try:
        acts.purge(photo_id, owner=library.owner, database=parts.database, search=parts.search)
    except NotFound:
        if promises.known["harbour"]["there"] is True:
            raise
    promises.done("harbour", there=False)
    library.sweep()


def _decide(library: Library, promises: Promises) -> None:
    promises.doing("lighthouse", verdict="rejected")
    parts = library.backends
    acts.decide_label(
        promises.id_of("lighthouse"),
        "dog",
        Verdict.REJECTED,
        owner=library.owner,
        database=parts.database,
        search=parts.search,
    )
    promises.done("lighthouse", verdict="rejected")


def _edit(library: Library, promises: Promises) -> None:
    promises.doing("lighthouse", description="At noon")
    parts = library.backends
    wanted = acts.Edit(description="At noon", tags=["coast"])
    acts.edit(
        promises.id_of("lighthouse"),
        wanted,
        owner=library.owner,
        database=parts.database,
        search=parts.search,
        jobs=parts.jobs,
    )
    promises.done("lighthouse", description="At noon")


def _turn(library: Library, promises: Promises) -> None:
    promises.doing("lighthouse", turn=90)
    parts = library.backends
    acts.turn(promises.id_of("lighthouse"), 90, owner=library.owner, database=parts.database, jobs=parts.jobs)
    promises.done("lighthouse", turn=90)
    work(library)


def _change_many(library: Library, promises: Promises) -> Change:
    names = ("lighthouse", "waiting")
    for name in names:
        promises.doing(name, description="At dusk")
    parts = library.backends
    change = changes.start(
        "describe",
        {"description": "At dusk"},
        changes.Chosen(ids=[promises.id_of(name) for name in names]),
        owner=library.owner,
        database=parts.database,
        search=parts.search,
        jobs=parts.jobs,
        key="one change",
    )
    work(library)
    for name in names:
        promises.done(name, description="At dusk")
    return change


def _change(library: Library, promises: Promises) -> None:
    _change_many(library, promises)


def _change_and_undo(library: Library, promises: Promises) -> None:
    promises.doing("lighthouse", description="")
    change = _change_many(library, promises)
    promises.doing("lighthouse", description="")
    promises.doing("waiting", description="")
    parts = library.backends
    changes.undo(
        change.id, owner=library.owner, database=parts.database, search=parts.search, jobs=parts.jobs
    )
    work(library)
    promises.done("lighthouse", description="")
    promises.done("waiting", description="")


def _sweep(library: Library, promises: Promises) -> None:
    library.sweep()


def _reindex(library: Library, promises: Promises) -> None:
    parts = library.backends
    indexing.reindex(database=parts.database, search=parts.search, report=lambda _: None)


def _nothing(library: Library, promises: Promises) -> None:
    """Opening and bringing up to date is all."""


def _row_first(library: Library, promises: Promises) -> None:
    def store(key: str) -> None:
        library.backends.storage.put(key, body_of("form"), media_type="image/jpeg")

    _add_wrongly(library, promises, after=store)


def _unsynced(library: Library, promises: Promises) -> None:
    def store(key: str) -> None:
        path = library.backends.settings.data / "storage" / "objects" / key
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(body_of("form"))

    _add_wrongly(library, promises, before=store)


def _add_wrongly(
    library: Library,
    promises: Promises,
    *,
    before: Callable[[str], None] | None = None,
    after: Callable[[str], None] | None = None,
) -> None:
    promises.doing("form", there=True)
    database, key = library.backends.database, arrival.new_key()
    with database.read() as connection:
        photo = photo_rows.find_photo_by_hash(connection, library.owner.id, hash_of("form"))
    if photo is None:
        if before:
            before(key)
        with database.write() as connection:
            photo = photo_rows.add_photo(
                connection,
                owner_id=library.owner.id,
                sha256=hash_of("form"),
                size_bytes=len(body_of("form")),
                name="photo.jpg",
                media_type="image/jpeg",
                storage_key=key,
                now=datetime.now(UTC),
            )
        if after:
            after(key)
    promises.done("form", photo)


FLOWS = (
    Flow("upload by parts", _upload),
    Flow("plain form", _form),
    Flow("drop", _drop),
    Flow("complete", _complete),
    Flow("give up", _abandon),
    Flow("process", _process),
    Flow("process again", _reprocess),
    Flow("trash", _trash),
    Flow("restore", _restore),
    Flow("purge", _purge),
    Flow("label decision", _decide),
    Flow("edit", _edit, is_cold=True),
    Flow("turn", _turn),
    Flow("change of many", _change),
    Flow("undo of a change", _change_and_undo),
    Flow("sweep", _sweep, is_cold=True),
    Flow("reindex", _reindex),
    Flow("migrate", _nothing, is_first=True),
)
WRONG = (Flow("row before its bytes", _row_first), Flow("bytes that are not synced", _unsynced))
"""What nobody should write, to see that the sweep finds it."""
