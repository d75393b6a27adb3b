"""The nginx that ships for Elastic Beanstalk before the real program: sizes, time-outs, ids, strangers."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, expect

from tests import forms, pictures
from tests.attacks.wire import exchange
from tests.e2e.furnished import EMAIL, PASSWORD, Furnished, furnish, until
from tests.needs import require
from tests.servers import nginx
from tests.servers.app import RunningApp
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port

pytestmark = pytest.mark.e2e
MIB = 1024 * 1024


@pytest.fixture(scope="module", autouse=True)
def program() -> None:
    require(
        nginx.program() is not None, "nginx is not installed; `make test` installs it where it may use apt"
    )


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    app = RunningApp(tmp_path_factory.mktemp("behind") / "data")
    app.settings |= {"RECOGNITION": "off", "WEB_PROCESSES": "1", "PROXY_HOPS": "1"}
    app.settings["OTHER_ORIGINS"] = f"http://127.0.0.1:{free_port()}"
    try:
        yield furnish(app)
    finally:
        app.kill()


@pytest.fixture(scope="module")
def front(library: Furnished) -> Iterator[Nginx]:
    port = int(library.app.settings["OTHER_ORIGINS"].rpartition(":")[2])
    changes = {"proxy_read_timeout 290s;": "proxy_read_timeout 3s;"}
    with Nginx((library.app.port,), changes, port=port) as front:
        yield front


@pytest.fixture(scope="module")
def signed_in(front: Nginx) -> requests.Session:
    """Signed in through nginx, without scripts."""
    session = requests.Session()
    forms.sign_in(session, front.url, EMAIL, PASSWORD)
    return session


def test_nginx_takes_the_files_that_ship(tmp_path: Path) -> None:
    front = Nginx((8000,), folder=tmp_path)
    front.write()
    assert "test is successful" in front.check()


def test_a_mistake_in_them_would_be_found(tmp_path: Path) -> None:
    front = Nginx((8000,), {"server_tokens off;": "server_token off;"}, folder=tmp_path)
    front.write()
    with pytest.raises(subprocess.CalledProcessError):
        front.check()


def test_a_form_that_is_too_large_is_told_so(front: Nginx, library: Furnished) -> None:
    bearer = {"Authorization": f"Bearer {library.token}", "Content-Type": "application/json"}
    address = f"{front.url}/api/v1/uploads"
    ours = requests.post(address, b" " * (MIB + 1), headers=bearer, timeout=30)
    assert (ours.status_code, ours.headers["Content-Type"]) == (413, "application/problem+json")
    theirs = requests.post(address, b" " * (2 * MIB), headers=bearer, timeout=30)
    assert theirs.status_code == 413
    assert "Send less at once" in theirs.text
    assert "nginx" not in theirs.text
    assert "/" not in theirs.headers["Server"], "no version"


def test_a_photo_larger_than_a_form_goes_through_the_plain_page(
    front: Nginx, library: Furnished, signed_in: requests.Session
) -> None:
    body = pictures.jpeg(64, 48) + bytes(3 * MIB)
    page = signed_in.get(f"{front.url}/uploads", timeout=30)
    sent = signed_in.post(
        page.url,
        {"csrf_token": forms.csrf_of(page.text)},
        files={"files": ("large.jpg", body, "image/jpeg")},
        headers={"Origin": front.url},
        timeout=30,
    )
    assert sent.status_code == 200, sent.text
    until(
        lambda: any(photo["name"] == "large.jpg" for photo in library.api("GET", "photos")["items"]),
        "the photo is in the timeline",
    )


@pytest.mark.parametrize(
    ("path", "status"), [("/uploads", 303), ("/lookup", 303), ("/api/v1/photos/lookup", 401)]
)
def test_strangers_are_sent_away_before_their_body_is_read(front: Nginx, path: str, status: int) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{front.port}\r\nContent-Length: {900 * MIB}\r\n\r\n"
    answer = exchange(front.port, head.encode() + b"only this")
    assert answer.statuses == [status]
    assert (b"Location: /sign-in?next=" in answer.body) is (status == 303)
    assert not any(path.is_file() for path in (front.folder / "body").rglob("*"))


def test_every_request_has_one_id_from_nginx_to_the_log(front: Nginx, library: Furnished) -> None:
    answer = requests.get(f"{front.url}/version", headers={"X-Request-Id": "0" * 32}, timeout=30)
    given = answer.headers["X-Request-Id"]
    assert re.fullmatch(r"[0-9a-f]{32}", given)
    assert given != "0" * 32, "a client chooses no id"
    assert f'"request_id": "{given}"' in library.app.log


def test_a_program_that_does_not_answer_ends_in_504_and_one_that_is_gone_in_502(
    front: Nginx, library: Furnished
) -> None:
    servers = library.app.pids("gunicorn")
    for pid in servers:
        os.kill(pid, signal.SIGSTOP)
    try:
        slow = requests.get(f"{front.url}/version", timeout=30)
    finally:
        for pid in servers:
            os.kill(pid, signal.SIGCONT)
    with Nginx((free_port(),)) as lonely:
        gone = requests.get(f"{lonely.url}/version", timeout=30)
    for answer, status in ((slow, 504), (gone, 502)):
        assert (answer.status_code, answer.headers["Retry-After"]) == (status, "5")
        assert "Nothing is lost" in answer.text
    assert requests.get(f"{front.url}/version", timeout=30).status_code == 200


def test_a_page_that_was_asked_for_while_the_program_was_away_comes_by_itself(
    front: Nginx, library: Furnished, context: BrowserContext
) -> None:
    front.send_to(free_port())
    try:
        page = context.new_page()
        answer = page.goto(f"{front.url}/sign-in")
        assert answer is not None
        assert (answer.status, answer.headers["refresh"]) == (502, "5")
        expect(page.get_by_role("heading")).to_have_text("One moment")
        sent = requests.post(f"{front.url}/sign-in", {"email": EMAIL}, timeout=30)
        assert sent.status_code == 502
        assert "Refresh" not in sent.headers, "what was sent is not asked for again"
    finally:
        front.send_to(library.app.port)
    expect(page.get_by_label("Password")).to_be_visible()


def test_the_processes_of_an_instance_start_with_the_server_that_the_settings_are_written_for() -> None:
    lines = (Path(__file__).parents[2] / "Procfile").read_text().splitlines()
    assert lines[0] == "web: gunicorn -c gunicorn.conf.py application:application"
