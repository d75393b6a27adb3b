"""The life and death of the processes: whatever dies, whatever was acknowledged is there afterwards."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import requests

from photos.client import Outcome, Uploader
from tests import pictures
from tests.e2e.furnished import Furnished, furnish, until
from tests.servers.app import RunningApp, is_alive

pytestmark = pytest.mark.e2e

PHOTOS = 12
GONE_SECONDS = 15


class Sending(Thread):
    """Photos on their way, one after another; what became of each of them so far."""

    def __init__(self, library: Furnished, paths: list[Path]) -> None:
        super().__init__(daemon=True)
        self.outcomes: list[Outcome] = []
        self._uploader = Uploader(library.app.url, library.token, workers=1)
        self._paths = paths
        self.start()

    def run(self) -> None:
        with self._uploader.session:
            for outcome in self._uploader.upload(self._paths):
                self.outcomes.append(outcome)

    def promised(self) -> dict[str, str]:
        """Photo id -> SHA-256 of every file, once the server has said of each that it has it."""
        self.join(timeout=90)
        assert {outcome.status for outcome in self.outcomes} <= {"sent", "known"}, self.outcomes
        assert len(self.outcomes) == len(self._paths)
        return {outcome.photo_id: sha256_of(Path(outcome.path).read_bytes()) for outcome in self.outcomes}


def sha256_of(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def photos_of(library: Furnished) -> list[dict[str, Any]]:
    """Everything on the timeline."""
    return list(library.api("GET", "photos?limit=200")["items"])


def are_all_ready(library: Furnished) -> bool:
    """Whether nothing waits; a web server that is on its way back cannot tell yet."""
    try:
        return {photo["state"] for photo in photos_of(library)} == {"ready"}
    except requests.ConnectionError:
        return False


def check_nothing_is_lost(library: Furnished, promised: dict[str, str]) -> None:
    """Every acknowledged photo gets ready, with its own bytes, and rows, objects and index agree."""
    until(lambda: are_all_ready(library), "all are ready")
    there = {photo["id"]: photo for photo in photos_of(library)}
    for photo_id, sha256 in promised.items():
        body = requests.get(library.app.url + there[photo_id]["original_url"], timeout=30).content
        assert sha256_of(body) == sha256 == there[photo_id]["sha256"]
    until(lambda: library.app.command("fsck").returncode == 0, "everything is at rest")


def wait_for_the_end_of(pids: list[int]) -> None:
    until(lambda: not any(map(is_alive, pids)), f"processes {pids} end", GONE_SECONDS)


@pytest.fixture(scope="module")
def stricken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """The one library that all of this happens to."""
    settings = {"RECOGNITION": "off", "JOB_LEASE_SECONDS": "5"}
    library = furnish(RunningApp(tmp_path_factory.mktemp("life") / "data", settings))
    yield library
    library.app.kill()


@pytest.fixture
def library(stricken: Furnished) -> Furnished:
    """It, running."""
    if not stricken.app.pids():
        stricken.app.start()
    return stricken


@pytest.fixture
def paths(tmp_path: Path, request: pytest.FixtureRequest) -> list[Path]:
    """Photos that no other test sends."""
    seed = int(sha256_of(request.node.name.encode())[:7], 16)
    paths = [tmp_path / f"{number:02}.jpg" for number in range(PHOTOS)]
    for number, path in enumerate(paths):
        path.write_bytes(pictures.jpeg(320, 240, seed=seed + number))
    return paths


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGTERM"])
def test_it_ends_with_all_its_children(library: Furnished, paths: list[Path], way: str) -> None:
    Sending(library, paths[:2]).promised()
    pids = library.app.pids()
    assert len(pids) >= 5, "supervisor, gunicorn with two workers, runner"
    if way == "Ctrl-C":
        os.killpg(pids[0], signal.SIGINT)
    else:
        os.kill(pids[0], signal.SIGTERM)
    wait_for_the_end_of(pids)
    assert "Stopped." in library.app.output
    assert "Traceback" not in library.app.output
    library.app.kill()


def test_when_the_supervisor_is_killed_its_children_end_and_a_new_start_works(
    library: Furnished, paths: list[Path]
) -> None:
    sending = Sending(library, paths)
    until(lambda: len(sending.outcomes) > 0, "the first one has arrived")
    pids = library.app.pids()
    os.kill(pids[0], signal.SIGKILL)
    wait_for_the_end_of(pids[1:])
    library.app.kill()
    library.app.start()
    assert "Create the administrator" not in library.app.output
    check_nothing_is_lost(library, sending.promised())


@pytest.mark.parametrize("victim", ["a web process", "the web master", "the runner", "everything"])
def test_what_was_acknowledged_survives_kill_9_in_the_middle_of_an_upload(
    library: Furnished, paths: list[Path], victim: str
) -> None:
    sending = Sending(library, paths)
    until(lambda: len(sending.outcomes) >= 5, "some photos have arrived")
    assert sending.is_alive(), "others are on their way"
    match victim:
        case "a web process":
            os.kill(library.app.pids("gunicorn")[-1], signal.SIGKILL)
        case "the web master":
            os.kill(library.app.pids("gunicorn")[0], signal.SIGKILL)
            until(
                lambda: "The web server ended (-9); starting it again." in library.app.output, "it is noticed"
            )
        case "the runner":
            library.app.kill_runner()
            until(lambda: "The runner ended (-9); starting it again." in library.app.output, "it is noticed")
        case _:
            library.app.kill()
            library.app.start()
    check_nothing_is_lost(library, sending.promised())


def test_waiting_work_is_found_again_after_a_new_start(library: Furnished, paths: list[Path]) -> None:
    # a stopped runner takes nothing, so everything is still to be done when all is killed
    runner = library.app.pids("photos.runner")[0]
    os.kill(runner, signal.SIGSTOP)
    promised = Sending(library, paths).promised()
    assert {photo["state"] for photo in photos_of(library) if photo["id"] in promised} == {"new"}
    library.app.kill()
    library.app.start()
    check_nothing_is_lost(library, promised)
