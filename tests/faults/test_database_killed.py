"""The database server is killed in the middle of everything (F13): what was acknowledged is there when it is
back, and every process of ours finds it again by itself."""

from __future__ import annotations

import hashlib
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from tests import pictures
from tests.e2e.furnished import Furnished, furnish, until
from tests.faults.visit import PATIENCE, Visit
from tests.proof import Sweep
from tests.servers.app import RunningApp
from tests.servers.mariadb import MariaDB

KILLS = max(1, int(os.environ.get("BIGIMAGE_PROOF_N", "20")) // 10)


@pytest.fixture
def server(mariadb: MariaDB) -> Iterator[MariaDB]:
    """A MariaDB of its own, whose commits outlive it. The shared one says whether there can be any."""
    server = MariaDB.create(is_durable=True)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def library(server: MariaDB, data_folder: Path) -> Iterator[Furnished]:
    """A running library with its rows on that server."""
    settings = {"DATABASE_URL": server.create_database(), "RECOGNITION": "off", "JOB_LEASE_SECONDS": "5"}
    app = RunningApp(data_folder, settings)
    try:
        yield furnish(app)
    finally:
        app.kill()


class Crowd:
    """Somebody who uploads, somebody who writes and somebody who looks, until it is over.

    They remember what they were told. Whoever is told to come back later comes back.
    """

    def __init__(self, library: Furnished) -> None:
        self.library = library
        self.sent: dict[str, str] = {}
        """Photo id -> SHA-256 of acknowledged photos."""
        self.written: dict[str, str] = {}
        """Photo id -> the last acknowledged description."""
        self.turned_away = threading.Event()
        self.wrong: list[str] = []
        self._visit = Visit(library)
        self._looking = Visit(library)
        self._is_over = threading.Event()

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """All of them, in threads of their own."""
        threads = [
            threading.Thread(target=self._go, args=(act,)) for act in (self._send, self._write, self._look)
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()

    def _go(self, act: Callable[[int], None]) -> None:
        number = 0
        try:
            while not self._is_over.is_set():
                number += 1
                act(number)
        except Exception as error:
            self.wrong.append(f"{act.__name__}: {error!r}")

    def _send(self, number: int) -> None:
        body = pictures.jpeg(48, 36, seed=number)
        (file,) = self._told(lambda: self._visit.offer(body)).json()["files"]
        for part in file["parts"]:
            self._told(lambda part=part: self._visit.put(part, body))  # type: ignore[misc]
        path = f"uploads/{file['upload_id']}/complete"
        photo = self._told(lambda: self._visit.api("POST", path)).json()
        self.sent[photo["id"]] = hashlib.sha256(body).hexdigest()

    def _write(self, number: int) -> None:
        if not self.sent:
            time.sleep(0.05)
            return
        photo_id, words = list(self.sent)[-1], f"the words of change {number}"
        self._told(lambda: self._visit.api("PATCH", f"photos/{photo_id}", {"description": words}))
        self.written[photo_id] = words

    def _look(self, number: int) -> None:
        self._told(lambda: self._looking.get(("/", "/search?q=words", "/uploads", "/account")[number % 4]))

    def _told(self, ask: Callable[[], requests.Response]) -> requests.Response:
        """The answer, once it is another one than "later"."""
        give_up_at = time.monotonic() + 4 * PATIENCE
        while (answer := ask()).status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0, answer.headers
            assert time.monotonic() < give_up_at, "the database is not found again"
            self.turned_away.set()
            time.sleep(0.05)
        assert answer.ok, (answer.status_code, answer.text[:300])
        return answer


@pytest.mark.proof
@pytest.mark.e2e
def test_f13_a_killed_database_server_takes_nothing_that_was_acknowledged(
    library: Furnished, server: MariaDB, sweep: Sweep
) -> None:
    """BIGIMAGE_PROOF_N / 10 kills."""
    chance = random.Random(13)
    crowd = Crowd(library)
    processes = library.app.pids()
    with crowd.at_work():
        for _ in range(KILLS):
            goes_on(crowd)
            time.sleep(chance.uniform(0, 0.5))
            server.kill()
            crowd.turned_away.clear()
            assert crowd.turned_away.wait(PATIENCE), "it is missed"
            time.sleep(chance.uniform(0, 1))
            server.start()
            goes_on(crowd)
            sweep.cases += 1
    assert crowd.wrong == []
    assert set(processes) <= set(library.app.pids()), "nobody had to be started again"
    assert unexpected(library.app.log) == []
    assert_kept(library, crowd)


def unexpected(log: str) -> list[str]:
    """Lines with an error that is not one of ours, which say what could not be done."""
    return [
        line
        for line in log.splitlines()
        if "Traceback" in line and not json.loads(line)["error"].splitlines()[-1].startswith("photos.errors.")
    ]


def goes_on(crowd: Crowd) -> None:
    """Wait until more is acknowledged, on every side."""
    sent, written = len(crowd.sent), dict(crowd.written)
    until(
        lambda: (len(crowd.sent) > sent + 2 and crowd.written != written) or bool(crowd.wrong),
        "photos and words are taken again",
        seconds=4 * PATIENCE,
    )


def assert_kept(library: Furnished, crowd: Crowd) -> None:
    """Every photo is there once, with its bytes and words, and gets ready; rows, objects and index agree."""
    ids = list(crowd.sent)
    for start in range(0, len(ids), 100):
        some = ",".join(ids[start : start + 100])
        until(
            lambda some=some: all(  # type: ignore[misc]
                photo["state"] == "ready"
                for photo in library.api("GET", f"photos/states?ids={some}")["items"]
            ),
            "all photos are ready, when leases are over and the sweep has come by",
            seconds=6 * PATIENCE,
        )
    for photo_id, digest in crowd.sent.items():
        photo = library.api("GET", f"photos/{photo_id}")
        kept = requests.get(library.app.url + photo["original_url"], timeout=PATIENCE).content
        assert hashlib.sha256(kept).hexdigest() == digest == photo["sha256"]
        assert photo["description"] == crowd.written.get(photo_id, "")
    assert library.api("GET", "timeline")["total"] == len(set(crowd.sent.values()))
    for command in ("sweep", "fsck"):
        done = library.app.flask(command)
        assert done.returncode == 0, done.stdout + done.stderr
