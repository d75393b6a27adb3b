"""A worker of its tier under the gunicorn that ships, on a data folder and the queue of a moto."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import requests

from tests.servers import queues
from tests.servers.app import KEPT, ROOT, descendants
from tests.servers.moto import REGION, Moto
from tests.servers.ports import free_port

START_SECONDS = 60
COMMAND = ("-m", "gunicorn", "-c", "gunicorn.conf.py", "application:application")
SECRET_KEY = "a-key-of-tests-" * 3


def settings_of(tier: str, data: Path, moto: Moto, **more: str) -> dict[str, str]:
    """Settings of a tier on this machine: files and SQLite in `data`, jobs through moto."""
    return {
        "PLATFORM": "aws",
        "TIER": tier,
        "BIGIMAGE_DATA": str(data),
        "SECRET_KEY": SECRET_KEY,
        "DATABASE_URL": f"sqlite:///{data / 'bigimage.db'}",
        "BASE_URL": "https://photos.example.org",
        "STORAGE": "folder",
        "RECOGNITION": "off",
        "AWS_REGION": REGION,
        "JOBS_QUEUE": queues.QUEUE,
        "JOBS_DEAD_QUEUE": queues.DEAD_QUEUE,
        "SQS_ENDPOINT_URL": moto.url,
        **more,
    }


@dataclass
class Worker:
    """One worker. `start` and the ways to end it may alternate.

    `is_loaded_once` has gunicorn load the program before it starts processes, so that the next one after
    `kill_process` costs little.
    """

    settings: dict[str, str]
    is_loaded_once: bool = False
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has written, over all its starts."""
        return self._log.read_text(encoding="utf-8") if self._log.exists() else ""

    def start(self) -> None:
        """Start it and wait for its first answer."""
        environ = {name: os.environ[name] for name in KEPT if name in os.environ}
        environ |= {**Moto.environ(), **self.settings, "PORT": str(self.port), "WEB_PROCESSES": "1"}
        options = ["--preload"] if self.is_loaded_once else []
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, *COMMAND, *options],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise RuntimeError(f"the worker did not start: {self.log}")
            time.sleep(0.05)

    def kill(self) -> None:
        """SIGKILL for it and everything it has started."""
        if self.process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def kill_process(self) -> None:
        """SIGKILL for the process that works and everything it has started; gunicorn starts another."""
        assert self.process is not None
        for pid in descendants(self.process.pid):
            _send(pid, signal.SIGKILL)

    def end(self, seconds: float) -> int:
        """SIGTERM for all its processes, as systemd does, and its exit status. Raises TimeoutExpired."""
        assert self.process is not None
        for pid in (self.process.pid, *descendants(self.process.pid)):
            _send(pid, signal.SIGTERM)
        status = self.process.wait(seconds)
        self.process = None
        return status

    def pause(self) -> None:
        """Stop the clock for it, until `resume`."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGCONT)

    def _answers(self) -> bool:
        try:
            return requests.get(f"{self.url}/health", timeout=2).ok
        except requests.RequestException:
            return False

    @property
    def _log(self) -> Path:
        return Path(self.settings["BIGIMAGE_DATA"]).with_name(f"worker-{self.port}.log")


def _send(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
