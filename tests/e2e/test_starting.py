"""Starting and stopping, as a person at a terminal sees it."""

from __future__ import annotations

import socket
import time
import urllib.request
from pathlib import Path

import pytest
import requests

from tests.e2e.furnished import EMAIL, PASSWORD
from tests.forms import csrf_of
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e


def is_up(app: RunningApp) -> bool:
    try:
        with urllib.request.urlopen(f"{app.url}/health", timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def seconds_to_start(app: RunningApp) -> float:
    started = time.monotonic()
    app.start()
    return time.monotonic() - started


def test_every_start_prints_a_new_link_until_one_has_made_the_administrator(bigimage: RunningApp) -> None:
    first = seconds_to_start(bigimage)
    assert is_up(bigimage)
    assert f"Bigimage is ready: {bigimage.url}\n" in bigimage.output
    old = bigimage.setup_link
    assert old.startswith(bigimage.url)
    assert bigimage.stop() == 0
    assert not is_up(bigimage)
    # the first one makes the database; a machine at work on something else slows both
    assert seconds_to_start(bigimage) < max(5, 2 * first)
    link = bigimage.setup_link
    assert link != old
    assert not requests.get(old, timeout=30).ok
    with requests.Session() as browser:
        form = browser.get(link, timeout=30)
        fields = {"csrf_token": csrf_of(form.text), "email": EMAIL, "name": "", "password": PASSWORD}
        made = browser.post(link, fields, timeout=30, headers={"Origin": bigimage.url})
        assert made.ok and "Drop your photos here" in made.text
    used = requests.get(link, timeout=30)
    assert used.status_code in {400, 403, 404, 410}


def test_a_taken_port_is_named_with_the_way_out(bigimage: RunningApp) -> None:
    taken = socket.create_server(("127.0.0.1", bigimage.port))
    with taken, pytest.raises(RuntimeError, match=rf"{bigimage.port}.*PORT=") as refused:
        bigimage.start()
    assert "Traceback" not in str(refused.value)


def test_two_programs_do_not_share_a_data_folder(house: RunningApp) -> None:
    second = RunningApp(house.data)
    with pytest.raises(RuntimeError, match="running"):
        second.start()
    assert is_up(house)


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
