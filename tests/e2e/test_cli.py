"""The commands, as a person or a script at a terminal runs them, against a running library.

What needs a process of its own has one: odd names on its output, signals, questions at a terminal.
"""

from __future__ import annotations

import hashlib
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests import pictures
from tests.e2e.furnished import EMAIL, PASSWORD, until
from tests.servers.app import ROOT, RunningApp
from tests.servers.ports import free_port
from tests.servers.proxy import FaultProxy

pytestmark = pytest.mark.e2e


@dataclass
class Terminal:
    """A running library, and somebody at a terminal who has a token for it."""

    app: RunningApp
    token: str
    proxy_port: int

    def upload(self, *paths: Path | str, server: str = "") -> subprocess.CompletedProcess[str]:
        """`flask upload --json`."""
        return self.app.command(*self.arguments(*paths, server=server))

    def arguments(self, *paths: Path | str, server: str = "", token: str = "") -> list[str]:
        """What stands after `flask`."""
        names = [str(path) for path in paths]
        server, token = server or self.app.url, token or self.token
        return ["upload", "--json", "--server", server, "--token", token, *names]

    def puts(self) -> int:
        """How many parts of uploads the server has taken since it was made."""
        lines = [json.loads(line) for line in self.app.log.splitlines()]
        return sum(line.get("method") == "PUT" and line.get("status") == 200 for line in lines)

    def api(self, path: str, method: str = "GET") -> Any:
        """An answer of the API."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = requests.request(method, f"{self.app.url}/api/v1/{path}", headers=headers, timeout=30)
        assert answer.ok, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    proxy_port = free_port()
    settings = {
        "RECOGNITION": "off",
        "WEB_PROCESSES": "1",
        "PART_BYTES": str(5 * 1024 * 1024),
        "OTHER_ORIGINS": f"http://127.0.0.1:{proxy_port}",
    }
    app = RunningApp(tmp_path_factory.mktemp("terminal") / "data", settings)
    app.start()
    try:
        created = app.flask("accounts", "create", EMAIL, "--admin", stdin=f"{PASSWORD}\n")
        assert created.returncode == 0, created.stderr
        token = app.flask("accounts", "token", EMAIL)
        assert token.returncode == 0, token.stderr
        yield Terminal(app, token.stdout.strip(), proxy_port)
    finally:
        app.kill()


@pytest.fixture
def photo(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A photo that no other test sends."""
    path = tmp_path / "photo.jpg"
    path.write_bytes(pictures.jpeg(320, 240, seed=seed_of(request.node.name)))
    return path


def seed_of(name: str) -> int:
    """A number for this name, the same in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4])


def told(result: subprocess.CompletedProcess[str]) -> list[dict[str, str]]:
    """The lines of `--json`."""
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_token_is_printed_alone(terminal: Terminal) -> None:
    printed = terminal.app.flask("accounts", "token", EMAIL, "--name", "second")
    assert printed.returncode == 0
    assert printed.stderr == ""
    assert len(printed.stdout.splitlines()) == 1
    answer = requests.get(
        f"{terminal.app.url}/api/v1/me",
        headers={"Authorization": f"Bearer {printed.stdout.strip()}"},
        timeout=30,
    )
    assert answer.json()["email"] == EMAIL


def test_every_file_below_a_folder_gets_one_line_and_a_second_run_sends_nothing(
    terminal: Terminal, tmp_path: Path
) -> None:
    names = ["plain.jpg", "with space.jpg", "Zürich 東京 🏔.jpg", "two\nlines.jpg", "deep/er/below.jpg"]
    odd = os.fsdecode(b"latin-\xe9.jpg")
    folder = tmp_path / "photos"
    for number, name in enumerate([*names, odd]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pictures.jpeg(200, 150, seed=5000 + number))
    (folder / ".hidden.jpg").write_bytes(b"not for sending")
    (folder / "Thumbs.db").write_bytes(b"not for sending")
    (folder / "link.jpg").symlink_to(folder / "plain.jpg")
    os.mkfifo(folder / "pipe.jpg")

    first = terminal.app.flask(*terminal.arguments(folder))  # whose output has to hold every name
    assert first.returncode == 0, first.stderr
    lines = told(first)
    assert {line["path"] for line in lines} == {str(folder / name) for name in (*names, odd)}
    assert {line["status"] for line in lines} == {"sent"}
    assert all(set(line) == {"path", "status", "photo_id", "reason"} for line in lines)
    for line in lines:
        photo = terminal.api(f"photos/{line['photo_id']}")
        body = Path(line["path"]).read_bytes()
        assert photo["sha256"] == hashlib.sha256(body).hexdigest()

    before = terminal.puts()
    second = terminal.upload(folder)
    assert second.returncode == 0
    assert {line["path"]: line["photo_id"] for line in told(second)} == {
        line["path"]: line["photo_id"] for line in lines
    }
    assert {line["status"] for line in told(second)} == {"known"}
    assert terminal.puts() == before


def test_the_same_bytes_twice_in_one_run_are_one_photo(terminal: Terminal, photo: Path) -> None:
    twin = photo.with_name("twin.jpg")
    shutil.copy(photo, twin)
    result = terminal.upload(photo, twin)
    assert result.returncode == 0, result.stdout
    assert len({line["photo_id"] for line in told(result)}) == 1


def test_files_that_are_no_photos_and_files_that_cannot_be_read_fail_alone(
    terminal: Terminal, photo: Path
) -> None:
    disguised = photo.with_name("paper.jpg")
    disguised.write_bytes(b"%PDF-1.7\n" * 50)
    note = photo.with_name("note.txt")
    note.write_text("no photo")
    empty = photo.with_name("empty.jpg")
    empty.touch()
    # its first bytes are at an address that no process has, so that not even root can read it
    unreadable = "/proc/self/mem"
    result = terminal.upload(photo, disguised, note, empty, unreadable)
    assert result.returncode == 1
    by_path = {line["path"]: line for line in told(result)}
    assert {path: line["status"] for path, line in by_path.items()} == {
        str(photo): "sent",
        str(disguised): "refused",
        str(note): "refused",
        str(empty): "refused",
        unreadable: "failed",
    }
    assert all(line["reason"].endswith(".") for line in by_path.values() if line["status"] != "sent")
    assert "PDF" in by_path[str(disguised)]["reason"]
    assert by_path[unreadable]["reason"].startswith("It cannot be read")


def test_people_see_a_sum_and_reasons_instead_of_json(terminal: Terminal, photo: Path) -> None:
    note = photo.with_name("note.txt")
    note.write_text("no photo")
    arguments = [argument for argument in terminal.arguments(photo, note) if argument != "--json"]
    shown = terminal.app.command(*arguments)
    assert shown.returncode == 1
    assert shown.stdout.strip() == "1 sent, 0 known, 1 refused, 0 failed"
    assert f"{note}: refused: " in shown.stderr


def test_a_photo_in_the_trash_is_known_and_named_as_such(terminal: Terminal, photo: Path) -> None:
    sent = told(terminal.upload(photo))[0]
    terminal.api(f"photos/{sent['photo_id']}/trash", "POST")
    again = told(terminal.upload(photo))[0]
    assert (again["status"], again["photo_id"]) == ("known", sent["photo_id"])
    assert "trash" in again["reason"]


def test_a_wrong_token_is_said_before_anything_is_sent(terminal: Terminal, photo: Path) -> None:
    for token in ("bgi_wrong", " ", "two\nlines", "ünsinn"):
        refused = terminal.app.command(*terminal.arguments(photo, token=token))
        assert refused.returncode == 1, token
        assert refused.stdout == ""
        assert "oken" in refused.stderr and "Traceback" not in refused.stderr


def test_a_token_that_may_only_read_uploads_nothing(terminal: Terminal, photo: Path) -> None:
    token = terminal.app.command("accounts", "token", EMAIL, "--read-only").stdout.strip()
    result = terminal.app.command(*terminal.arguments(photo, token=token))
    assert result.returncode == 1
    assert [(line["status"], line["reason"]) for line in told(result)] == [
        ("failed", "This token may not write.")
    ]


@pytest.mark.parametrize("server", ["http://127.0.0.1:1", "http://nowhere.invalid", "photos", "ftp://x"])
def test_a_server_that_is_not_there_is_said_quickly(terminal: Terminal, photo: Path, server: str) -> None:
    started = time.monotonic()
    result = terminal.upload(photo, server=server)
    assert time.monotonic() - started < 10
    assert result.returncode == 1
    assert server in result.stderr
    assert "Traceback" not in result.stderr


def test_paths_that_are_not_there_are_a_mistake_of_the_caller(terminal: Terminal) -> None:
    assert terminal.upload("/nowhere/at/all.jpg").returncode == 2
    assert terminal.app.command("upload").returncode == 2


def test_a_large_file_goes_in_parts_and_an_interrupted_run_goes_on_where_it_was(
    terminal: Terminal, tmp_path: Path
) -> None:
    large = tmp_path / "large.tif"
    large.write_bytes(pictures.tiff(2700, 2600, seed=9))
    parts = -(-large.stat().st_size // (5 * 1024 * 1024))
    assert parts >= 4
    before = terminal.puts()
    with FaultProxy(terminal.app.port, terminal.proxy_port) as proxy:
        proxy.latency_seconds = 0.002
        command = [sys.executable, "-m", "flask", *terminal.arguments(large, server=proxy.url)]
        interrupted = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        with interrupted:
            until(lambda: terminal.puts() > before, "the first part has arrived")
            interrupted.kill()
    arrived = terminal.puts() - before
    assert 0 < arrived < parts

    finished = terminal.upload(large)
    assert finished.returncode == 0, finished.stderr
    line = told(finished)[0]
    assert line["status"] == "sent"
    # a part whose last byte was on its way when the run was killed may have come to its end
    assert terminal.puts() - before == parts
    photo = terminal.api(f"photos/{line['photo_id']}")
    stored = requests.get(f"{terminal.app.url}{photo['original_url']}", timeout=30).content
    assert hashlib.sha256(stored).digest() == hashlib.sha256(large.read_bytes()).digest()


def test_ctrl_c_ends_an_upload_at_once(terminal: Terminal, photo: Path) -> None:
    with FaultProxy(terminal.app.port, terminal.proxy_port) as proxy:
        proxy.black_hole = True
        command = [sys.executable, "-m", "flask", *terminal.arguments(photo, server=proxy.url)]
        running = subprocess.Popen(
            command,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # a shell ignores it for what it runs in the background, and so would all that comes from there
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )
        with running:
            until(lambda: proxy.connections > 0, "the server has been asked")
            running.send_signal(signal.SIGINT)
            _, complaint = running.communicate(timeout=10)
    assert running.returncode == 1
    assert "Traceback" not in complaint


def test_a_password_is_asked_twice_at_a_terminal(terminal: Terminal) -> None:
    shown, code = at_a_terminal(
        terminal.app, ["accounts", "create", "second@example.org"], [PASSWORD, PASSWORD]
    )
    assert code == 0, shown
    assert "second@example.org can sign in now." in shown
    assert PASSWORD not in shown
    shown, _ = at_a_terminal(
        terminal.app,
        ["accounts", "create", "third@example.org"],
        [PASSWORD, "another one", PASSWORD, PASSWORD],
    )
    assert "do not match" in shown


def at_a_terminal(app: RunningApp, arguments: list[str], answers: list[str]) -> tuple[str, int]:
    """Run `flask ...` at a terminal of its own and type an answer whenever it asks; what was shown."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flask", *arguments],
        cwd=ROOT,
        env=app.environ(),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    shown, waiting = "", list(answers)
    try:
        while select.select([leader], [], [], 30)[0]:
            try:
                more = os.read(leader, 4096)
            except OSError:  # the last program at this terminal has ended
                break
            shown += more.decode()
            if waiting and shown.rstrip(" ").endswith(":"):
                os.write(leader, waiting.pop(0).encode() + b"\n")
        return shown, process.wait(30)
    finally:
        process.kill()
        process.wait()
        os.close(leader)


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (["accounts", "create", EMAIL], PASSWORD, "account already"),
        (["accounts", "create", "new@example.org"], "short", "character"),
        (["accounts", "create", "new@example.org"], "", "character"),
        (["accounts", "create", "no address"], PASSWORD, "address"),
        (["accounts", "token", "nobody@example.org"], "", "not found"),
        (["accounts", "reset", "nobody@example.org"], "", "not found"),
    ],
)
def test_accounts_that_cannot_be_are_refused_in_one_sentence(
    terminal: Terminal, arguments: list[str], password: str, words: str
) -> None:
    refused = terminal.app.command(*arguments, stdin=f"{password}\n")
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert words in refused.stderr and "Traceback" not in refused.stderr


def test_upkeep_commands_say_what_they_found_and_did(terminal: Terminal, photo: Path) -> None:
    sent = told(terminal.upload(photo))[0]
    until(lambda: terminal.api(f"photos/{sent['photo_id']}")["state"] == "ready", "the photo is ready")
    app = terminal.app
    checked = app.command("check")
    assert "database: works" in checked.stdout
    assert checked.returncode == 0 and "set RECOGNITION=local" in checked.stdout
    assert app.command("migrate").stdout == "The database was up to date.\n"
    assert app.command("sweep").returncode == 0
    assert "photos in the index" in app.command("reindex").stdout
    until(lambda: app.command("fsck").returncode == 0, "everything is at rest")
    counts = json.loads(app.command("fsck", "--json").stdout)
    assert counts and set(counts.values()) == {0}


def test_without_a_recogniser_nothing_is_looked_at_again(terminal: Terminal) -> None:
    refused = terminal.app.command("relabel")
    assert refused.returncode == 1
    assert "Recognition is turned off" in refused.stderr


def test_fsck_counts_what_is_gone_and_repair_makes_it_again(terminal: Terminal, photo: Path) -> None:
    sent = told(terminal.upload(photo))[0]
    until(lambda: terminal.api(f"photos/{sent['photo_id']}")["state"] == "ready", "the photo is ready")
    renditions = (terminal.app.data / "storage").rglob(f"renditions/*/{sent['photo_id']}/*")
    next(renditions).unlink()
    found = terminal.app.command("fsck", "--json")
    assert found.returncode == 1
    assert json.loads(found.stdout)["renditions_missing"] == 1
    repaired = terminal.app.command("fsck", "--repair")
    assert repaired.returncode == 0, "what waits to be developed is no difference"
    assert sent["photo_id"] in repaired.stderr and "photos_to_develop: 1" in repaired.stderr
    until(lambda: terminal.api(f"photos/{sent['photo_id']}")["state"] == "ready", "the runner was told")
    assert terminal.app.command("fsck").returncode == 0


def test_wrong_settings_are_listed_by_every_command(tmp_path: Path) -> None:
    app = RunningApp(tmp_path / "data", {"WEB_PROCESSES": "many", "RECOGNITION": "magic", "URL_SECONDS": "1"})
    result = app.flask("check")
    assert result.returncode == 1
    for name in app.settings:
        assert name in result.stderr
    assert "Traceback" not in result.stderr


def test_commands_on_a_folder_without_a_library_say_what_to_do(tmp_path: Path) -> None:
    app = RunningApp(tmp_path / "data")
    for arguments in (["check"], ["fsck"], ["sweep"], ["accounts", "token", EMAIL]):
        result = app.command(*arguments)
        assert result.returncode == 1, arguments
        assert "make migrate" in result.stderr, result.stderr
        assert "Traceback" not in result.stderr
    assert app.command("migrate").stdout == "The database is up to date now.\n"
    assert app.command("migrate").stdout == "The database was up to date.\n"
