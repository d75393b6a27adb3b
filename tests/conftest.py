"""What several test folders share. A fixture for one folder lives in that folder's conftest.py."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from photos import passwords
from photos.backends.recognition.onnx import OnnxRecognition
from photos.db import migrate
from photos.db.engine import Database
from photos.imaging.limits import Limits
from photos.imaging.pool import Decoders
from tests.chromium import launched
from tests.in_memory import keep_files_in_memory
from tests.needs import require
from tests.recogniser import models_folder
from tests.servers import mariadb as mariadb_server
from tests.servers import radosgw as radosgw_server
from tests.servers.mariadb import MariaDB, clear
from tests.servers.moto import Moto
from tests.servers.radosgw import Radosgw

pytest_plugins = ["tests.compiling", "tests.proof"]
keep_files_in_memory()


@pytest.fixture(scope="session", autouse=True)
def cheap_passwords() -> Iterator[None]:
    """Hashing is slow on purpose. Tests about that ask for `dear_passwords`."""
    with hashing_costs(passes=1, memory_kib=64):
        yield


@pytest.fixture
def dear_passwords() -> Iterator[None]:
    """Passwords cost what they cost in the program."""
    with hashing_costs(passes=PASSES, memory_kib=MEMORY_KIB):
        yield


PASSES, MEMORY_KIB = passwords.PASSES, passwords.MEMORY_KIB


@contextmanager
def hashing_costs(*, passes: int, memory_kib: int) -> Iterator[None]:
    """What hashing takes in this process."""
    before = passwords.PASSES, passwords.MEMORY_KIB
    passwords.PASSES, passwords.MEMORY_KIB = passes, memory_kib
    passwords._hasher.cache_clear()
    passwords._nobody.cache_clear()
    try:
        yield
    finally:
        passwords.PASSES, passwords.MEMORY_KIB = before
        passwords._hasher.cache_clear()
        passwords._nobody.cache_clear()


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A running MariaDB, one for each worker process."""
    missing = mariadb_server.missing_programs()
    require(
        not missing,
        f"MariaDB is not installed ({', '.join(missing)}); `make test` installs it where it may use apt",
    )
    server = MariaDB.create()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def radosgw() -> Iterator[Radosgw]:
    """A running S3-compatible store, one for each worker process."""
    missing = radosgw_server.missing_programs()
    require(
        not missing,
        f"radosgw is not installed ({', '.join(missing)}); `make test` installs it where it may use apt",
    )
    server = Radosgw()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def moto_server() -> Iterator[Moto]:
    """A running moto, one for each worker process; ask for `moto` instead."""
    server = Moto()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def moto(moto_server: Moto, monkeypatch: pytest.MonkeyPatch) -> Iterator[Moto]:
    """A running moto with nothing in it; SDKs of this process find its credentials."""
    for name, value in moto_server.environ().items():
        monkeypatch.setenv(name, value)
    yield moto_server
    moto_server.reset()


@pytest.fixture
def bucket(radosgw: Radosgw, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Settings for a new bucket. The key to it is in the environment too, where the SDK looks for it."""
    settings = radosgw.environ(radosgw.create_bucket())
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED"):
        monkeypatch.setenv(name, settings[name])
    return settings


@pytest.fixture
def mariadb_url(mariadb: MariaDB) -> Iterator[str]:
    """URL of an empty MariaDB database that goes away after the test."""
    url = mariadb.create_database()
    yield url
    mariadb.drop_database(url)


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    """URL of an SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'test.db'}"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows, to be copied: migrating takes a second."""
    path = tmp_path_factory.mktemp("migrated") / "bigimage.db"
    database = Database(f"sqlite:///{path}")
    migrate.upgrade(database)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    return path


@pytest.fixture
def migrated_sqlite_url(migrated_file: Path, tmp_path: Path) -> str:
    """URL of an SQLite file with all tables and no rows."""
    return f"sqlite:///{shutil.copy(migrated_file, tmp_path / 'test.db')}"


def migrated_database(mariadb: MariaDB) -> Iterator[str]:
    """URL of a MariaDB database with all tables, until it is not needed any more."""
    url = mariadb.create_database()
    database = Database(url)
    migrate.upgrade(database)
    database.close()
    yield url
    mariadb.drop_database(url)


@pytest.fixture(scope="session")
def shared_mariadb_url(mariadb: MariaDB) -> Iterator[str]:
    """URL of a MariaDB database with all tables, one for each worker process."""
    yield from migrated_database(mariadb)


@pytest.fixture(scope="session")
def cleaner(shared_mariadb_url: str) -> Iterator[Database]:
    """The shared MariaDB database, for who empties it."""
    database = Database(shared_mariadb_url)
    yield database
    database.close()


@pytest.fixture
def migrated_mariadb_url(shared_mariadb_url: str, cleaner: Database) -> Iterator[str]:
    """URL of a MariaDB database with all tables and no rows; it is emptied after the test."""
    yield shared_mariadb_url
    with cleaner.write() as connection:
        clear(connection)


@pytest.fixture
def data_folder(tmp_path: Path) -> Path:
    """An empty data folder, as BIGIMAGE_DATA names one."""
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def darkroom() -> Iterator[Decoders]:
    """One guarded decoder child for all tests of a worker."""
    decoders = Decoders(1, Limits())
    yield decoders
    decoders.close()


@pytest.fixture(scope="session")
def recogniser() -> Iterator[OnnxRecognition]:
    """One recogniser for all tests of a worker."""
    recognition = OnnxRecognition(models_folder())
    yield recognition
    recognition.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for all tests of a worker: playwright allows one to a process."""
    with launched() as browser:
        yield browser
