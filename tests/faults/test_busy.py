"""SQLite under everybody at once (F18): a runner that writes, web processes that write, a backup that reads.
Nobody is told that the database is locked."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from photos.config import read_settings
from photos.db import photos as photo_rows
from photos.db import pipeline
from photos.db import users as user_rows
from photos.db.engine import Database
from photos.ids import new_id
from photos.models import User
from photos.services import accounts
from photos.wiring import open_backends, prepare
from tests.faults.conftest import ROOT

WEB_PROCESSES = 4
MOST_SECONDS = 1.0
"""Of 99 in 100 writes, while the machine has nothing else to do."""


def test_f18_nobody_finds_the_database_locked(data_folder: Path) -> None:
    writes = _crowd(data_folder, seconds=3)
    assert len(writes) > 100


@pytest.mark.proof
def test_f18_nobody_waits_long_for_the_database(
    data_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = min(60, max(5, int(os.environ.get("BIGIMAGE_PROOF_N", "200")) // 4))
    writes = sorted(_crowd(data_folder, seconds=seconds))
    slow = writes[int(len(writes) * 0.99)]
    with capsys.disabled():
        print(
            f"\nbusy database: {len(writes)} writes of {WEB_PROCESSES + 1} processes beside a backup, "
            f"0 locked, 99 in 100 within {slow * 1000:.0f} ms, {seconds} seconds"
        )
    assert slow < MOST_SECONDS


def _crowd(data: Path, *, seconds: int) -> list[float]:
    """Seconds that each write took."""
    backends = open_backends(read_settings({"BIGIMAGE_DATA": str(data), "RECOGNITION": "off"}))
    prepare(backends)
    accounts.create_account("owner@example.org", "a lighthouse at noon", database=backends.database)
    backends.close()
    url = backends.settings.database_url
    roles = ["run", "back up", *(f"write {number}" for number in range(WEB_PROCESSES))]
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.faults.test_busy", role, url, str(seconds)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
        )
        for role in roles
    ]
    answers = [process.communicate(timeout=seconds + 120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(roles)
    taken = [json.loads(answer) for answer in answers]
    assert all(taken)
    with sqlite3.connect(data / "backup.db") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    copy.close()
    return [each for role, times in zip(roles, taken, strict=True) if role != "back up" for each in times]


def _write(database: Database, owner: User, number: int) -> None:
    """What a request does: read, decide, add, change."""
    now = datetime.now(UTC)
    with database.write() as connection:
        added = photo_rows.add_photo(
            connection,
            owner_id=owner.id,
            sha256=new_id().ljust(64, "0"),
            size_bytes=number,
            name="photo.jpg",
            media_type="image/jpeg",
            storage_key=f"originals/{new_id()}",
            now=now,
        )
        photo_rows.set_description(connection, added.key, f"photo {number}", now=now)


def _run(database: Database, owner: User, number: int) -> None:
    """What the runner does: find what is overdue and claim it."""
    now = datetime.now(UTC)
    with database.read() as connection:
        waiting = pipeline.list_overdue(connection, now=now, limit=1)
    for photo_id in waiting:
        with database.write() as connection:
            pipeline.claim_photo(
                connection, photo_id, token=new_id(), now=now, lease_until=now + timedelta(hours=1)
            )


def _back_up(database: Database, owner: User, number: int) -> None:
    source = sqlite3.connect(str(database.url.database))
    target = sqlite3.connect(Path(str(database.url.database)).with_name("backup.db"))
    source.backup(target, pages=64, sleep=0.001)
    source.close()
    target.close()


def _take_part(act: Callable[[Database, User, int], None], url: str, seconds: int) -> list[float]:
    database = Database(url)
    with database.read() as connection:
        owner = user_rows.list_users(connection).items[0]
    taken: list[float] = []
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        started = time.monotonic()
        act(database, owner, len(taken))
        taken.append(time.monotonic() - started)
    database.close()
    return taken


if __name__ == "__main__":
    role, database_url, duration = sys.argv[1:]
    part = {"run": _run, "back up": _back_up}.get(role, _write)
    print(json.dumps(_take_part(part, database_url, int(duration))))
