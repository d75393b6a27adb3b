"""`make run`: everything on one machine, from an empty folder to a page, ended cleanly by Ctrl-C.

It migrates the database, then keeps two child processes: gunicorn (pages and API) and the runner
(jobs and sweep). One that dies is started again; both end with this process, however it ends.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TextIO

from photos.config import Settings, read_settings
from photos.errors import BigimageError, ConfigError
from photos.services import links
from photos.wiring import open_backends, prepare

STOP_SECONDS = 25
RESTART_SECONDS = 1.0
START_SECONDS = 30
LOG_BYTES = 16 * 1024 * 1024
SIG_PARENT_DIED = 1  # PR_SET_PDEATHSIG of prctl(2)


class Refusal(Exception):
    """It cannot start; the message says what to do."""


def main() -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit code."""
    try:
        settings = read_settings()
        with _only_one(settings):
            return _serve(settings)
    except ConfigError as error:
        say("Bigimage cannot start. Please mend these settings (docs/settings.md explains each):")
        for problem in error.problems:
            say(f"  - {problem}")
    except Refusal as refusal:
        say(str(refusal))
    except BigimageError as error:
        say(f"Bigimage cannot start: {error}.")
    return 1


def _serve(settings: Settings) -> int:
    _check_port(settings)
    os.environ["BIGIMAGE_DATA"] = str(settings.data)
    backends = open_backends(settings)
    say(f"Data folder: {settings.data}")
    if prepare(backends):
        say("Database: brought up to date")
    link = links.ensure_setup_link(database=backends.database, base_url=settings.base_url)
    missing = backends.recognition.missing()
    backends.close()
    if missing:
        say(f"Note: {missing}")
    with _log_file(settings) as log:
        return _supervise(settings, log, link)


def _supervise(settings: Settings, log: TextIO, link: str) -> int:
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    python = sys.executable
    children = [
        Child(
            "web server", [python, "-m", "gunicorn", "-c", "gunicorn.conf.py", "application:application"], log
        ),
        Child("runner", [python, "-m", "photos.runner"], log),
    ]
    try:
        for child in children:
            child.start()
        _announce(settings, link, stopping)
        while not stopping.wait(0.3):
            for child in children:
                child.keep()
    finally:
        say("\nStopping ...")
        deadline = time.monotonic() + STOP_SECONDS
        for child in children:
            child.end()
        for child in children:
            child.wait(max(0.0, deadline - time.monotonic()))
    say("Stopped. Nothing is lost: waiting photos go on at the next start.")
    return 0


def _announce(settings: Settings, link: str, stopping: threading.Event) -> None:
    address = f"http://{_reachable(settings.host)}:{settings.port}/health"
    deadline = time.monotonic() + START_SECONDS
    while not _answers(address):
        if stopping.wait(0.05):
            return
        if time.monotonic() > deadline:
            raise Refusal(f"The web server does not answer. Its log: {settings.data / 'bigimage.log'}")
    say(f"\nBigimage is ready: {settings.base_url}")
    if link:
        say(f"Create the administrator here (once, within a day):\n  {link}")
    say("Ctrl-C stops it.")


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=2) as answer:  # nosec B310 # our own address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


class Child:
    """One supervised process: in a session of its own, so that Ctrl-C reaches only us."""

    def __init__(self, name: str, command: Sequence[str], log: TextIO) -> None:
        self.name = name
        self.command = command
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.started_at = 0.0

    def start(self) -> None:
        """Start it, to be ended by the kernel if we are."""
        self.started_at = time.monotonic()
        self.process = subprocess.Popen(  # our own fixed commands
            self.command,
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )

    def keep(self) -> None:
        """Start it again if it has died, not more than once a second."""
        if self.process is None or self.process.poll() is None:
            return
        if time.monotonic() - self.started_at < RESTART_SECONDS:
            return
        say(f"The {self.name} ended ({self.process.returncode}); starting it again.")
        self.start()

    def end(self) -> None:
        """Ask it to end."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for its end, and insist after that."""
        if self.process is None:
            return
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(SIG_PARENT_DIED, signal.SIGTERM)


def _check_port(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise Refusal(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}). "
                f"Choose another: make run PORT={settings.port + 1 if settings.port < 65535 else 8000}"
            ) from error


def _only_one(settings: Settings) -> TextIO:
    """Hold the data folder: a second server on it would start a second runner by mistake."""
    path = settings.data / "running.lock"
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = path.open("a")
    except OSError as error:
        raise Refusal(
            f"The data folder {settings.data} cannot be used ({error.strerror}). "
            "Name another: BIGIMAGE_DATA=..."
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise Refusal(
            f"Bigimage is running on {settings.data} already. Stop that one first, or name another folder: "
            "BIGIMAGE_DATA=..."
        ) from None
    return file


def _log_file(settings: Settings) -> TextIO:
    path: Path = settings.data / "bigimage.log"
    if path.exists() and path.stat().st_size > LOG_BYTES:
        path.replace(path.with_suffix(".log.1"))
    return path.open("a")


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # nosec B104 # read, not bound


def say(text: str) -> None:
    """One line for the person at the terminal, which may be gone by now."""
    with suppress(BrokenPipeError):
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
