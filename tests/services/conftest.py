"""A library on real parts, without a web server: what services need, on both databases."""

from __future__ import annotations

import hashlib
import io
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from photos import tasks
from photos.backends.recognition.onnx import OnnxRecognition
from photos.backends.storage.folder import FolderStorage, create_folder
from photos.config import read_settings
from photos.db import photos as photo_rows
from photos.db import users
from photos.db.accounts import ISSUER
from photos.db.engine import Database
from photos.ids import new_id
from photos.imaging.pool import Decoders
from photos.models import Identity, Photo, User
from photos.services import arrival, fsck, processing, promises, search, upkeep, uploads, whole_files
from photos.services.fsck import Differences
from photos.services.processing import Darkroom
from photos.wiring import Backends, open_backends

PASSWORD = "a lighthouse at noon"


@dataclass
class Library:
    """One library and its owner, with short words for what tests do all the time."""

    backends: Backends
    owner: User

    def offer(self, body: bytes, name: str = "photo.jpg", *, by: User | None = None) -> arrival.Offer:
        """Offer one file; nothing is sent."""
        file = promises.OfferedFile(name, len(body), hashlib.sha256(body).hexdigest())
        parts = self.backends
        return uploads.offer(
            [file],
            owner=by or self.owner,
            settings=parts.settings,
            database=parts.database,
            storage=parts.storage,
        )[0]

    def send(
        self, offer: arrival.Offer, body: bytes, *, only: Callable[[int], bool] = lambda _: True
    ) -> None:
        """Send the parts an offer asks for, as a browser would through `/media`."""
        assert offer.upload is not None
        storage = self.backends.storage
        assert isinstance(storage, FolderStorage)
        for part in offer.parts:
            if not only(part.number):
                continue
            start = (part.number - 1) * offer.upload.part_size
            storage.write_part(
                offer.upload.storage_key,
                offer.upload.multipart_id,
                part.number,
                io.BytesIO(body[start : start + part.size_bytes]),
                size_bytes=part.size_bytes,
            )

    def complete(self, upload_id: str, *, by: User | None = None) -> Photo:
        """Make a photo of an upload."""
        parts = self.backends
        return uploads.complete(
            upload_id, owner=by or self.owner, database=parts.database, storage=parts.storage, jobs=parts.jobs
        )

    def upload(self, body: bytes, name: str = "photo.jpg", *, by: User | None = None) -> Photo:
        """Offer, send, complete."""
        offer = self.offer(body, name, by=by)
        assert offer.upload is not None, offer
        self.send(offer, body)
        return self.complete(offer.upload.id, by=by)

    def accept(self, body: bytes, name: str = "photo.jpg") -> arrival.Offer:
        """Send a file by the plain form."""
        parts = self.backends
        return whole_files.accept(
            io.BytesIO(body),
            name=name,
            owner=self.owner,
            settings=parts.settings,
            database=parts.database,
            storage=parts.storage,
            jobs=parts.jobs,
        )

    def process(self, photo: Photo, *, darkroom: Darkroom | None = None) -> None:
        """Do the main job of one photo, with a darkroom of the test's own if one is given."""
        parts = self.backends
        processing.process_photo(
            photo.id,
            settings=parts.settings,
            database=parts.database,
            storage=parts.storage,
            recognition=parts.recognition,
            search=parts.search,
            jobs=parts.jobs,
            darkroom=darkroom or parts.darkroom,
            gazetteer=parts.gazetteer,
        )

    def work(self) -> int:
        """Do every due job; returns how many there were."""
        total = 0
        while jobs := self.backends.jobs.receive(limit=10, lease_seconds=60):
            for job in jobs:
                tasks.run(job, self.backends)
                self.backends.jobs.done(job)
                total += 1
        return total

    def sweep(self) -> upkeep.Swept:
        """One round of the sweep."""
        swept = tasks.keep_hour("sweep", self.backends)
        assert isinstance(swept, upkeep.Swept)
        return swept

    def photo(self, photo_id: str, *, by: User | None = None) -> Photo:
        """The photo as its row is now."""
        with self.backends.database.read() as connection:
            return photo_rows.get_photo(connection, photo_id, owner_id=(by or self.owner).id)

    def find(self, query: str, *, by: User | None = None) -> list[str]:
        """Ids of the photos a query finds."""
        parts = self.backends
        found = search.find(query, owner=by or self.owner, database=parts.database, search=parts.search)
        return [match.photo.id for match in found.items]

    def fsck(self) -> Differences:
        """What differs between rows, objects and index."""
        parts = self.backends
        return fsck.find_differences(
            database=parts.database, storage=parts.storage, search=parts.search, report=lambda _: None
        )

    def objects(self) -> set[str]:
        """Keys of everything stored."""
        return {item.key for item in self.backends.storage.list()}


@pytest.fixture(params=["sqlite", "mariadb"])
def library(request: pytest.FixtureRequest, data_folder: Path, darkroom: Decoders) -> Iterator[Library]:
    """A library without a recogniser, on each database."""
    yield from _library(request, data_folder, darkroom, request.param)


@pytest.fixture
def seeing_library(
    request: pytest.FixtureRequest, data_folder: Path, darkroom: Decoders, recogniser: OnnxRecognition
) -> Iterator[Library]:
    """A library on SQLite that labels and reads its photos."""
    yield from _library(request, data_folder, darkroom, "sqlite", recogniser)


@pytest.fixture(params=["sqlite", "mariadb", "bucket"])
def library_anywhere(
    request: pytest.FixtureRequest, data_folder: Path, darkroom: Decoders
) -> Iterator[Library]:
    """A library on each database with a folder, and on SQLite with a bucket."""
    if request.param == "bucket":
        bucket = request.getfixturevalue("bucket")
        yield from _library(request, data_folder, darkroom, "sqlite", more=bucket)
    else:
        yield from _library(request, data_folder, darkroom, request.param)


@pytest.fixture
def bucket_library(
    request: pytest.FixtureRequest, data_folder: Path, darkroom: Decoders, bucket: dict[str, str]
) -> Iterator[Library]:
    """A library on SQLite that keeps its photos in a bucket."""
    yield from _library(request, data_folder, darkroom, "sqlite", more=bucket)


def _library(
    request: pytest.FixtureRequest,
    data_folder: Path,
    darkroom: Decoders,
    engine: str,
    recogniser: OnnxRecognition | None = None,
    more: Mapping[str, str] | None = None,
) -> Iterator[Library]:
    environ = {"BIGIMAGE_DATA": str(data_folder), "RECOGNITION": "off", **(more or {})}
    if engine == "mariadb":
        create_folder(data_folder / "storage")
        environ["DATABASE_URL"] = request.getfixturevalue("migrated_mariadb_url")
    else:
        lay_foundation(data_folder, request.getfixturevalue("migrated_file"))
    backends = open_backends(read_settings(environ))
    if recogniser is not None:
        backends = replace(backends, recognition=recogniser)
    # starting children is slow: all tests share them, so they are not this library's to close
    backends.__dict__["darkroom"] = darkroom
    yield Library(backends, somebody("owner", backends.database))
    backends.database.close()
    backends.storage.close()


def lay_foundation(data: Path, migrated_file: Path) -> None:
    """What a first start would make of an empty data folder."""
    create_folder(data / "storage")
    shutil.copy(migrated_file, data / "bigimage.db")


@pytest.fixture
def stranger(library: Library) -> User:
    """Another person with an account in the same library."""
    return somebody("other", library.backends.database)


def somebody(name: str, database: Database) -> User:
    """A person without a password: to hash one is slow on purpose."""
    identity = Identity(ISSUER, new_id(), f"{name}@example.org", False, name)
    with database.write() as connection:
        return users.ensure_user(connection, identity, now=datetime.now(UTC))
