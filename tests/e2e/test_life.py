"""The life and death of the processes: whatever dies, whatever was acknowledged is there afterwards."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import pictures
from tests.e2e.furnished import EMAIL, PASSWORD, Furnished, furnish, until
from tests.servers.app import ROOT, RunningApp, is_alive

pytestmark = pytest.mark.e2e

PHOTOS = 20
GONE_SECONDS = 15


def wait_for_the_end_of(pids: list[int]) -> None:
    until(lambda: not any(map(is_alive, pids)), f"processes {pids} end", GONE_SECONDS)


def photos_of(library: Furnished) -> list[dict[str, Any]]:
    """Everything on the timeline."""
    return list(library.api("GET", "photos?limit=200")["items"])


def begin_upload(library: Furnished, folder: Path) -> subprocess.Popen[str]:
    """`flask upload` in the background, one file after another."""
    arguments = ["upload", "--json", "--parallel", "1", str(folder)]
    environ = {**library.app.environ(), "BIGIMAGE_SERVER": library.app.url, "BIGIMAGE_TOKEN": library.token}
    command = [sys.executable, "-m", "flask", *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)


def acknowledged(uploading: subprocess.Popen[str]) -> dict[str, str]:
    """Photo id -> SHA-256 of every file that the server said it has."""
    shown, _ = uploading.communicate(timeout=90)
    lines = [json.loads(line) for line in shown.splitlines()]
    return {
        line["photo_id"]: hashlib.sha256(Path(line["path"]).read_bytes()).hexdigest()
        for line in lines
        if line["status"] in {"sent", "known"}
    }


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
        assert hashlib.sha256(body).hexdigest() == sha256 == there[photo_id]["sha256"]
    until(lambda: library.app.flask("fsck").returncode == 0, "everything is at rest")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty photos."""
    folder = tmp_path_factory.mktemp("photos")
    for number in range(PHOTOS):
        (folder / f"{number:02}.jpg").write_bytes(pictures.jpeg(640, 480, seed=700 + number))
    return folder


def test_the_first_start_prints_a_link_that_works_once(bigimage: RunningApp) -> None:
    bigimage.start()
    assert f"Bigimage is ready: {bigimage.url}\n" in bigimage.output
    with requests.Session() as browser:
        form = browser.get(bigimage.setup_link, timeout=30)
        found = re.search(r'name="csrf_token" value="([^"]+)"', form.text)
        assert found is not None, form.text
        fields = {"csrf_token": found[1], "email": EMAIL, "name": "", "password": PASSWORD}
        made = browser.post(bigimage.setup_link, fields, timeout=30, headers={"Origin": bigimage.url})
        assert made.ok and "Drop your photos here" in made.text
    used = requests.get(bigimage.setup_link, timeout=30)
    assert used.status_code in {400, 403, 404, 410}
    link = bigimage.setup_link
    bigimage.restart()
    assert "Create the administrator" not in bigimage.output
    assert link not in bigimage.output


def test_a_new_start_without_administrator_prints_a_new_link_and_ends_the_old_one(
    bigimage: RunningApp,
) -> None:
    bigimage.start()
    old = bigimage.setup_link
    bigimage.restart()
    assert bigimage.setup_link != old
    assert not requests.get(old, timeout=30).ok
    assert requests.get(bigimage.setup_link, timeout=30).ok


def test_wrong_settings_are_listed_all_at_once(bigimage: RunningApp) -> None:
    bigimage.settings |= {"DECODERS": "none", "BASE_URL": "photos.example.org", "STORAGE": "s3"}
    with pytest.raises(RuntimeError) as refused:
        bigimage.start()
    for name in ("DECODERS", "BASE_URL", "S3_BUCKET", "AWS_REGION"):
        assert name in str(refused.value)
    assert "Traceback" not in str(refused.value)


def test_a_data_folder_that_cannot_be_used_is_named(bigimage: RunningApp, tmp_path: Path) -> None:
    (tmp_path / "a file").write_text("in the way")
    bigimage.settings["BIGIMAGE_DATA"] = str(tmp_path / "a file" / "data")
    with pytest.raises(RuntimeError, match="BIGIMAGE_DATA") as refused:
        bigimage.start()
    assert "Traceback" not in str(refused.value)


@pytest.mark.parametrize("way", ["Ctrl-C", "SIGINT", "SIGTERM"])
def test_it_ends_with_all_its_children(bigimage: RunningApp, folder: Path, way: str) -> None:
    library = furnish(bigimage)
    with begin_upload(library, folder) as uploading:
        assert uploading.stdout is not None
        uploading.stdout.readline()
        pids = bigimage.pids()
        assert len(pids) >= 5, "supervisor, gunicorn with two workers, runner"
        if way == "Ctrl-C":
            os.killpg(pids[0], signal.SIGINT)
        else:
            os.kill(pids[0], signal.Signals[way])
        wait_for_the_end_of(pids)
        uploading.kill()
    assert "Stopped." in bigimage.output
    assert "Traceback" not in bigimage.output


def test_when_the_supervisor_is_killed_its_children_end_and_a_new_start_works(
    bigimage: RunningApp, folder: Path
) -> None:
    library = furnish(bigimage)
    with begin_upload(library, folder) as uploading:
        assert uploading.stdout is not None
        first = uploading.stdout.readline()
        pids = bigimage.pids()
        os.kill(pids[0], signal.SIGKILL)
        wait_for_the_end_of(pids[1:])
        bigimage.kill()
        bigimage.start()
        promised = acknowledged(uploading)
    assert json.loads(first)["status"] == "sent"
    assert len(promised) == PHOTOS - 1, "the first one has been read above"
    check_nothing_is_lost(library, promised)


@pytest.mark.parametrize("victim", ["a web process", "the web master", "the runner", "everything"])
def test_what_was_acknowledged_survives_kill_9_in_the_middle_of_an_upload(
    bigimage: RunningApp, folder: Path, victim: str
) -> None:
    bigimage.settings["JOB_LEASE_SECONDS"] = "5"
    library = furnish(bigimage)
    with begin_upload(library, folder) as uploading:
        until(lambda: len(photos_of(library)) >= 5, "some photos have arrived")
        match victim:
            case "a web process":
                os.kill(bigimage.pids("gunicorn")[-1], signal.SIGKILL)
            case "the web master":
                os.kill(bigimage.pids("gunicorn")[0], signal.SIGKILL)
            case "the runner":
                bigimage.kill_runner()
            case _:
                bigimage.kill()
                bigimage.start()
        promised = acknowledged(uploading)
    assert len(promised) == PHOTOS
    check_nothing_is_lost(library, promised)


def test_waiting_work_is_found_again_after_a_new_start(bigimage: RunningApp, folder: Path) -> None:
    library = furnish(bigimage)
    # a stopped runner takes nothing, so everything is still to be done when all is killed
    runner = bigimage.pids("photos.runner")[0]
    os.kill(runner, signal.SIGSTOP)
    with begin_upload(library, folder) as uploading:
        promised = acknowledged(uploading)
    assert {photo["state"] for photo in photos_of(library)} == {"new"}
    bigimage.kill()
    bigimage.start()
    assert len(promised) == PHOTOS
    check_nothing_is_lost(library, promised)
