"""Starting and stopping, as a person at a terminal sees it."""

from __future__ import annotations

import socket
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e


@pytest.fixture
def bigimage(data_folder: Path) -> Iterator[RunningApp]:
    app = RunningApp(data_folder)
    yield app
    app.kill()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    app = RunningApp(tmp_path_factory.mktemp("running") / "data")
    app.start()
    yield app
    app.kill()


def _is_up(app: RunningApp) -> bool:
    try:
        with urllib.request.urlopen(f"{app.url}/health", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def test_it_starts_stops_cleanly_and_starts_again_as_quickly(bigimage: RunningApp) -> None:
    started = time.monotonic()
    bigimage.start()
    first = time.monotonic() - started
    assert _is_up(bigimage)
    assert bigimage.setup_link.startswith(bigimage.url)
    assert bigimage.stop() == 0
    assert not _is_up(bigimage)
    started = time.monotonic()
    bigimage.start()
    # the first one makes the database; a machine at work on something else slows both
    assert time.monotonic() - started < max(5, 2 * first)
    assert bigimage.stop() == 0


def test_a_taken_port_is_named_with_the_way_out(bigimage: RunningApp) -> None:
    taken = socket.create_server(("127.0.0.1", bigimage.port))
    with taken, pytest.raises(RuntimeError, match=rf"{bigimage.port}.*PORT=") as refused:
        bigimage.start()
    assert "Traceback" not in str(refused.value)


def test_two_programs_do_not_share_a_data_folder(running: RunningApp) -> None:
    second = RunningApp(running.data)
    with pytest.raises(RuntimeError, match="running"):
        second.start()
    assert _is_up(running)


def test_killed_children_are_started_again(running: RunningApp) -> None:
    running.kill_web()
    running.kill_runner()
    give_up_at = time.monotonic() + 20
    while running.output.count("starting it again") < 2 or not _is_up(running):
        assert time.monotonic() < give_up_at, running.output
        time.sleep(0.1)
