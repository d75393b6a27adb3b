"""SQLite under everybody at once (F18): a runner that writes, web processes that write, a backup that reads.
Nobody is told that the database is locked."""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
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
from tests.proof import Sweep

WEB_PROCESSES = 4
FEWEST = 1 / 3
"""Of an equal share: how much less often than others a process may get to write."""
MOST_OTHERS = 400
"""How many writes of others may come between asking and writing, at the rate of the run: seconds would
measure the machine. SQLite's own way of waiting lets 400 to 1,300 go first, ours about 100."""


@dataclass(frozen=True)
class Crowd:
    """Seconds that each write took, by who wrote, of a run that lasted `seconds`."""

    seconds: float
    writes: dict[str, list[float]]

    @property
    def taken(self) -> list[float]:
        """Of all of them, shortest first."""
        return sorted(each for times in self.writes.values() for each in times)

    @property
    def least_share(self) -> float:
        """The writes of the web process that got the fewest, beside an equal share."""
        counts = [len(times) for role, times in self.writes.items() if role.startswith("write")]
        return min(counts) / (sum(counts) / len(counts))

    @property
    def most_others(self) -> float:
        """How many writes of others the longest wait was long."""
        return self.taken[-1] * len(self.taken) / self.seconds


def test_f18_nobody_finds_the_database_locked(data_folder: Path) -> None:
    assert all(_crowd(data_folder, seconds=3).writes.values())


@pytest.mark.proof
def test_f18_nobody_waits_for_the_database_much_longer_than_others(
    data_folder: Path, sweep: Sweep, capsys: pytest.CaptureFixture[str]
) -> None:
    crowd = _crowd(data_folder, seconds=min(60, max(5, int(os.environ.get("BIGIMAGE_PROOF_N", "200")) // 4)))
    taken = crowd.taken
    sweep.cases = len(taken)
    with capsys.disabled():
        print(
            f"\nbusy database: {len(taken)} writes of {WEB_PROCESSES + 1} processes beside a backup, "
            f"0 locked; half within {statistics.median(taken) * 1000:.0f} ms, 99 in 100 within "
            f"{taken[len(taken) * 99 // 100] * 1000:.0f} ms, all within {taken[-1] * 1000:.0f} ms; "
            f"least share {crowd.least_share:.2f}, longest wait {crowd.most_others:.0f} writes of others"
        )
    assert crowd.least_share > FEWEST
    assert crowd.most_others < MOST_OTHERS


def _crowd(data: Path, *, seconds: int) -> Crowd:
    """Everybody at once; each process has to end well and to have done something."""
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
    taken = dict(zip(roles, map(json.loads, answers), strict=True))
    assert all(taken.values())
    with sqlite3.connect(data / "backup.db") as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    copy.close()
    return Crowd(seconds, {role: times for role, times in taken.items() if role != "back up"})


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
