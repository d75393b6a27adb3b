"""A process follows the path of its SQLite file, not the file that it has once opened."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select

from photos.db.engine import Database
from photos.db.schema import lease
from photos.errors import DatabaseError


@pytest.fixture
def folder(tmp_path: Path, migrated_file: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    shutil.copy(migrated_file, folder / "bigimage.db")
    return folder


@pytest.fixture
def database(folder: Path) -> Iterator[Database]:
    database = Database(f"sqlite:///{folder / 'bigimage.db'}")
    add_row(database, "one")
    yield database
    database.close()


def add_row(database: Database, name: str) -> None:
    with database.write() as connection:
        connection.execute(insert(lease).values(name=name, holder="test", expires_at=0))


def count_rows(database: Database) -> int:
    with database.read() as connection:
        return connection.execute(select(func.count()).select_from(lease)).scalar_one()


@pytest.mark.parametrize("leaves_an_empty_place", [False, True])
def test_a_file_that_vanished_is_an_outage_until_it_is_back(
    folder: Path, database: Database, *, leaves_an_empty_place: bool
) -> None:
    """A volume that is not mounted any more leaves an empty folder; nothing is made in it."""
    elsewhere = folder.rename(folder.with_name("elsewhere"))
    if leaves_an_empty_place:
        folder.mkdir()
    for _ in range(3):
        with pytest.raises(DatabaseError):
            count_rows(database)
        with pytest.raises(DatabaseError):
            add_row(database, "two")
        with pytest.raises(DatabaseError):
            database.ping()
    if leaves_an_empty_place:
        folder.rmdir()  # which a folder with anything in it would refuse
    assert not folder.exists()
    elsewhere.rename(folder)
    assert count_rows(database) == 1
    add_row(database, "two")
    assert count_rows(database) == 2


def test_another_file_in_its_place_is_left_alone(
    folder: Path, database: Database, migrated_file: Path
) -> None:
    """As after a restore under a running program, whose rows of before would get into it."""
    shutil.copy(migrated_file, folder / "restored.db")
    before = (folder / "restored.db").read_bytes()
    (folder / "restored.db").rename(folder / "bigimage.db")
    for _ in range(3):
        with pytest.raises(DatabaseError, match="started again"):
            count_rows(database)
        with pytest.raises(DatabaseError):
            add_row(database, "two")
    assert (folder / "bigimage.db").read_bytes() == before


def test_a_closed_database_finds_what_is_there_now(
    folder: Path, database: Database, migrated_file: Path
) -> None:
    database.close()
    (folder / "bigimage.db").unlink()
    shutil.copy(migrated_file, folder / "bigimage.db")
    assert count_rows(database) == 0
