"""A library of the bench: real parts in a folder, one owner, and decoders."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.kept import copy_kept
from photos import tasks
from photos.backends.storage.folder import FolderStorage
from photos.config import read_settings
from photos.db.users import list_users
from photos.models import Photo, Upload, User
from photos.services import accounts, uploads
from photos.services.demo import make_library
from photos.services.promises import OfferedFile
from photos.wiring import Backends, open_backends, prepare

EMAIL, PASSWORD = "owner@example.org", "a lighthouse at noon"
ORIGIN = "http://localhost"
INVENTORS = (
    "bench/library.py", "photos/services/demo*.py", "photos/db/schema.py", "photos/db/loading.py",
    "photos/db/columns.py", "photos/db/chunks.py", "migrations/versions/*.py",
)  # fmt: skip
"""Whose code decides what is in a library: another one, and it is made again, which takes minutes."""
INDEXERS = ("photos/query/*.py", "photos/backends/search/*.py")
"""The same for its index."""


@dataclass(frozen=True, slots=True)
class Library:
    """One library and its owner."""

    backends: Backends
    owner: User

    def receive(self, body: bytes) -> Upload:
        """Offer a file and send its parts, up to the last byte."""
        here = self.backends
        file = OfferedFile("photo.jpg", len(body), hashlib.sha256(body).hexdigest())
        (offer,) = uploads.offer(
            [file], owner=self.owner, settings=here.settings, database=here.database, storage=here.storage
        )
        assert offer.upload is not None, offer.reason
        assert isinstance(here.storage, FolderStorage)
        for part in offer.parts:
            start = (part.number - 1) * offer.upload.part_size
            here.storage.write_part(
                offer.upload.storage_key,
                offer.upload.multipart_id,
                part.number,
                io.BytesIO(body[start : start + part.size_bytes]),
                size_bytes=part.size_bytes,
            )
        return offer.upload

    def complete(self, upload: Upload) -> Photo:
        """Turn what has arrived into a photo that waits."""
        here = self.backends
        return uploads.complete(
            upload.id, owner=self.owner, database=here.database, storage=here.storage, jobs=here.jobs
        )

    def work(self) -> int:
        """Do every due job; returns how many."""
        jobs = self.backends.jobs
        done = 0
        while received := jobs.receive(limit=1, lease_seconds=60):
            tasks.run(received[0], self.backends)
            jobs.done(received[0])
            done += 1
        return done

    def invent(self, count: int, *, is_indexed: bool = False) -> None:
        """Add so many photos that nobody took, mostly without indexing them."""
        here = self.backends
        make_library(
            count,
            owner=self.owner,
            seed="bench",
            database=here.database,
            storage=here.storage,
            recognition=here.recognition,
            search=here.search if is_indexed else None,
            darkroom=here.darkroom,
            report=lambda _: None,
        )


@contextmanager
def opened(folder: Path) -> Iterator[Library]:
    """A new library without recognition in `folder`; closed at the end."""
    folder.mkdir()
    with _opened_backends(folder) as backends:
        prepare(backends)
        owner = accounts.create_account(EMAIL, PASSWORD, is_admin=True, database=backends.database)
        yield Library(backends, owner)


@contextmanager
def filled(folder: Path, photos: int, *, is_indexed: bool = False) -> Iterator[Library]:
    """A library in `folder` with so many invented photos, mostly those of an earlier run."""
    name, made_by = ("indexed", INVENTORS + INDEXERS) if is_indexed else ("library", INVENTORS)
    make = partial(_fill, photos, is_indexed)
    copy_kept(f"{name}-{photos}", folder, made_by=made_by, make=make)
    with _opened_backends(folder) as backends:
        with backends.database.read() as connection:
            (owner,) = list_users(connection).items
        yield Library(backends, owner)


def _fill(photos: int, is_indexed: bool, folder: Path) -> None:
    with opened(folder) as library:
        library.invent(photos, is_indexed=is_indexed)


@contextmanager
def _opened_backends(folder: Path) -> Iterator[Backends]:
    settings = read_settings(
        {
            "BIGIMAGE_DATA": str(folder),
            "BASE_URL": ORIGIN,
            "RECOGNITION": "off",
            "SECRET_KEY": os.urandom(32).hex(),
        }
    )
    backends = open_backends(settings)
    try:
        yield backends
    finally:
        backends.close()
