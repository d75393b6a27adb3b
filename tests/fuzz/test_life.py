"""Whole lives of a library in random order: uploads in parts, forms, trash, purge, sweeps, crashes.

After every step what was acknowledged is there with equal bytes, the rows agree with the store and the
index, and each person's space is counted right. Nothing here is a double: SQLite, folder, index, decoders.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from photos.backends.storage.folder import FolderStorage, create_folder
from photos.config import read_settings
from photos.db import documents, migrate, schema
from photos.db.engine import Database
from photos.errors import Conflict, Invalid, NotFound
from photos.imaging.pool import Decoders
from photos.models import Photo, PhotoState, User, Verdict
from photos.services import accounts, arrival, library, uploads
from photos.wiring import open_backends
from tests import pictures
from tests.fuzz.effort import efforts, profile
from tests.proof import Sweep
from tests.services.conftest import PASSWORD, Library

PART_BYTES = 700
"""Far below what a store may ask for, so that small pictures have several parts."""
QUOTA_BYTES = 9_000
IN_MEMORY = Path("/dev/shm")
"""Processes die here, machines do not: nobody has to wait for a disk."""


@cache
def bodies() -> tuple[bytes, ...]:
    """Photos of several parts, one that only looks like a photo, one that is none, one that is too large."""
    photos = [pictures.jpeg(40, 30, seed=seed) for seed in (1, 2)] + [pictures.png(12, 9, seed=3)]
    return (*photos, photos[0][:900], b"just words" * 100, pictures.jpeg(200, 150, seed=4, quality=100))


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, User]:
    """A migrated file with one person in it."""
    path = tmp_path_factory.mktemp("lives") / "bigimage.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    owner = accounts.create_account("owner@example.org", PASSWORD, database=database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path, owner


@dataclass
class Promise:
    """An upload that was begun, and the bytes that will be sent for it."""

    id: str
    body: bytes


class Life(RuleBasedStateMachine):
    """One library from its first day on."""

    template: ClassVar[Path]
    owner: ClassVar[User]
    darkroom: ClassVar[Decoders]

    begun: Bundle[Promise] = Bundle("begun")
    known: Bundle[str] = Bundle("known")

    def __init__(self) -> None:
        super().__init__()
        place = IN_MEMORY if IN_MEMORY.is_dir() else None
        self.folder = Path(tempfile.mkdtemp(prefix="bigimage-life-", dir=place))
        shutil.copy(self.template, self.folder / "bigimage.db")
        create_folder(self.folder / "storage")
        self.library = self.opened()
        self.kept: dict[str, str] = {}
        """Photos that somebody was told are safe, with their hashes."""

    def opened(self) -> Library:
        """What a process that has just started sees."""
        environ = {"BIGIMAGE_DATA": str(self.folder), "RECOGNITION": "off", "SECRET_KEY": "k" * 40}
        settings = replace(read_settings(environ), part_bytes=PART_BYTES, quota_bytes=QUOTA_BYTES)
        storage = FolderStorage(self.folder / "storage", signing_key=b"k" * 40, min_part_size=1)
        backends = replace(open_backends(settings), storage=storage)
        backends.__dict__["darkroom"] = self.darkroom
        return Library(backends, self.owner)

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.library.backends.database.close()
            shutil.rmtree(self.folder)

    def settle(self) -> None:
        """After work and sweeps nothing waits, and nothing is stored that no photo owns."""
        for _ in range(3):
            self.library.work()
            self.library.sweep()
        wanted = set()
        for photo_id in self.kept:
            photo = self.library.photo(photo_id)
            assert photo.state in {PhotoState.READY, PhotoState.REFUSED}, photo
            wanted |= {photo.storage_key, *(rendition.key for rendition in photo.renditions)}
        with self.library.backends.database.read() as connection:
            upload = schema.upload
            wanted |= set(connection.scalars(select(upload.c.storage_key).where(upload.c.state == "open")))
        assert self.library.objects() <= wanted
        assert self.library.fsck().total() == 0, self.library.fsck()

    def acknowledged(self, photo: Photo) -> str:
        """Somebody was told that this photo is safe."""
        self.kept[photo.id] = photo.sha256
        return photo.id

    @initialize(target=known, body=st.sampled_from(range(3)))
    def first_photo(self, body: int) -> str:
        """So that there is something to look at."""
        return self.acknowledged(self.library.upload(bodies()[body]))

    @rule(target=begun, body=st.sampled_from(bodies()), sent=st.sampled_from(bodies()), honest=st.booleans())
    def offer(self, body: bytes, sent: bytes, honest: bool) -> Any:
        """Begin an upload; a dishonest one will send other bytes of the same length."""
        offer = self.library.offer(body)
        if offer.upload is None:
            assert (offer.status == "refused" and offer.reason) or offer.photo is not None
            return multiple()
        other = (sent * (len(body) // len(sent) + 1))[: len(body)]
        return Promise(offer.upload.id, body if honest else other)

    @rule(promise=begun, odd=st.sampled_from((0, 1, None)))
    def send(self, promise: Promise, odd: int | None) -> None:
        """Send the missing parts, all or every other one."""
        try:
            upload, parts = self.status(promise)
        except NotFound:
            return
        offer = arrival.Offer("send", upload=upload, parts=parts)
        self.library.send(offer, promise.body, only=lambda number: odd is None or number % 2 == odd)

    @rule(promise=begun)
    def send_again(self, promise: Promise) -> None:
        """Send parts that may be there already, or belong to an upload that is over."""
        try:
            upload, parts = self.status(promise)
        except NotFound:
            return
        if upload.state != "open" or not parts:
            return
        offer = arrival.Offer("send", upload=upload, parts=parts[:1])
        self.library.send(offer, promise.body)
        self.library.send(offer, promise.body)

    @rule(target=known, promise=begun)
    def complete(self, promise: Promise) -> Any:
        """Finish, as often as one likes."""
        try:
            photo = self.library.complete(promise.id)
        except (NotFound, Conflict, Invalid):
            return multiple()
        assert photo.sha256 == hashlib.sha256(promise.body).hexdigest()
        return self.acknowledged(photo)

    @rule(promise=consumes(begun))
    def abandon(self, promise: Promise) -> None:
        """Give an upload up; a photo stays what it is."""
        parts = self.library.backends
        try:
            uploads.abandon(promise.id, owner=self.owner, database=parts.database, storage=parts.storage)
        except (NotFound, Conflict):
            return

    @rule(target=known, body=st.sampled_from(bodies()))
    def form(self, body: bytes) -> Any:
        """The whole file at once."""
        offer = self.library.accept(body)
        if offer.photo is None:
            assert offer.reason
            return multiple()
        return self.acknowledged(offer.photo)

    @rule(photo_id=known, act=st.sampled_from((library.trash, library.restore)))
    def move(self, photo_id: str, act: Any) -> None:
        """To the trash and back."""
        if photo_id in self.kept:
            parts = self.library.backends
            act(photo_id, owner=self.owner, database=parts.database, search=parts.search)

    @rule(photo_id=known, words=st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=9))
    def describe(self, photo_id: str, words: str) -> None:
        """Words and marks."""
        if photo_id in self.kept:
            parts = self.library.backends
            wanted = library.Edit(description=words, tags=[words[:3]], rating=len(words) % 6)
            library.edit(
                photo_id,
                wanted,
                owner=self.owner,
                database=parts.database,
                search=parts.search,
                jobs=parts.jobs,
            )

    @rule(photo_id=known)
    def decide(self, photo_id: str) -> None:
        """A verdict on a label that nobody has seen."""
        parts = self.library.backends
        with pytest.raises((Invalid, NotFound)):
            library.decide_label(
                photo_id, "cat", Verdict.KEPT, owner=self.owner, database=parts.database, search=parts.search
            )

    @rule(photo_id=known)
    def reprocess(self, photo_id: str) -> None:
        """Once more from the original."""
        if photo_id in self.kept:
            parts = self.library.backends
            library.reprocess(photo_id, owner=self.owner, database=parts.database, jobs=parts.jobs)

    @rule(photo_id=known)
    def purge(self, photo_id: str) -> None:
        """For good; only out of the trash."""
        parts = self.library.backends
        try:
            library.purge(photo_id, owner=self.owner, database=parts.database, search=parts.search)
        except Conflict:
            assert self.library.photo(photo_id).trashed_at is None
        except NotFound:
            assert photo_id not in self.kept
        else:
            del self.kept[photo_id]

    @rule()
    def work(self) -> None:
        """The runner does what is due."""
        self.library.work()

    @rule()
    def sweep(self) -> None:
        """Half a minute later."""
        self.library.sweep()

    @rule(is_lost=st.booleans())
    def crash(self, is_lost: bool) -> None:
        """A process dies, perhaps with a job in its hands that never comes back, and another one starts."""
        jobs = self.library.backends.jobs.receive(limit=1, lease_seconds=3600)
        if is_lost:
            for job in jobs:
                self.library.backends.jobs.done(job)
        self.library.backends.database.close()
        self.library = self.opened()
        with self.library.backends.database.write() as connection:
            connection.execute(update(schema.job).values(due_at=0))

    @precondition(lambda self: self.kept)
    @rule()
    def weeks_pass(self) -> None:
        """Uploads that nobody finished have had their time, and so has the trash."""
        with self.library.backends.database.write() as connection:
            connection.execute(update(schema.upload).values(expires_at=0))
            table = schema.photo
            connection.execute(update(table).where(table.c.trashed_at.is_not(None)).values(trashed_at=1))
            connection.execute(update(table).values(updated_at=0))
            trashed = set(connection.scalars(select(table.c.id).where(table.c.trashed_at.is_not(None))))
        self.library.sweep()
        for photo_id in trashed:
            self.kept.pop(photo_id, None)

    @invariant()
    def every_acknowledged_photo_is_there(self) -> None:
        """Its row, its original, byte for byte."""
        storage = self.library.backends.storage
        for photo_id, sha256 in self.kept.items():
            photo = self.library.photo(photo_id)
            assert hashlib.sha256(b"".join(storage.get(photo.storage_key))).hexdigest() == sha256

    @invariant()
    def rows_store_and_index_agree(self) -> None:
        """fsck finds nothing but documents on their way, and space is counted as the photos say."""
        differences = self.library.fsck()
        with self.library.backends.database.read() as connection:
            waiting = len(documents.list_unindexed(connection, limit=100))
            behind = differences.documents_missing + differences.documents_outdated
            assert behind <= waiting and differences.total() == behind, differences
            table = schema.photo
            sizes = {row.id: row.size_bytes for row in connection.execute(select(table))}
            person = schema.user.c
            used = connection.scalar(select(person.used_bytes).where(person.id == self.owner.id))
        assert used == sum(sizes.values()) <= QUOTA_BYTES
        assert sizes.keys() == self.kept.keys()

    def status(self, promise: Promise) -> tuple[Any, Any]:
        """The upload as its owner sees it."""
        parts = self.library.backends
        return uploads.status(promise.id, owner=self.owner, database=parts.database, storage=parts.storage)


@efforts(5, per_n=3)
def test_a_library_survives_any_life(
    count: int, template: tuple[Path, User], darkroom: Decoders, sweep: Sweep
) -> None:
    sweep.cases = count
    Life.template, Life.owner = template
    Life.darkroom = darkroom
    run_state_machine_as_test(Life, settings=profile(count, steps=30))
