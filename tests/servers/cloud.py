"""Bigimage as it runs on AWS, on this machine: two web processes behind the nginx that ships, and a worker.

Only the servers behind it are stand-ins: MariaDB for RDS, radosgw for S3, moto for SQS, and `sqsd.py` for the
daemon of Elastic Beanstalk. All processes share one data folder, since the search index is a file there.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from tests.servers import queues
from tests.servers.app import COMMAND_SECONDS, KEPT, ROOT
from tests.servers.moto import Moto
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.sqsd import Sqsd

START_SECONDS = 60
STOP_SECONDS = 40
COMMAND = ("-m", "tests.servers.recorded", "gunicorn", "-c", "gunicorn.conf.py", "application:application")


@dataclass
class Process:
    """One gunicorn as the Procfile starts it; `start` and `kill` may alternate."""

    environ: Mapping[str, str]
    log_path: Path
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> str:
        """What it has written since its first start."""
        return self.log_path.read_text(encoding="utf-8") if self.log_path.exists() else ""

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, *COMMAND],
                cwd=ROOT,
                env={**self.environ, "PORT": str(self.port)},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                self.kill()
                raise RuntimeError(f"{self.log_path.stem} did not start:\n{self.log}")
            time.sleep(0.05)

    def answers(self) -> bool:
        """Whether it says that it is well."""
        with (
            suppress(URLError, OSError),
            urlopen(f"http://127.0.0.1:{self.port}/health", timeout=2) as answer,
        ):
            return bool(answer.status == 200)
        return False

    def kill(self) -> None:
        """SIGKILL for it and everything it has started; without effect when it does not run."""
        if self._process is None:
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        """SIGTERM, as at a deployment, and its end."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        finally:
            self.kill()


@dataclass
class Cloud:
    """The whole of it. `settings` say where the servers are; what the platform sets is added here."""

    data: Path
    moto: Moto
    settings: dict[str, str]
    port: int = field(default_factory=free_port)
    webs: list[Process] = field(default_factory=list)
    worker: Process = field(init=False)
    daemon: Sqsd = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)

    def __post_init__(self) -> None:
        self.settings |= {
            "JOBS_QUEUE": queues.QUEUE,
            "JOBS_DEAD_QUEUE": queues.DEAD_QUEUE,
            "SQS_ENDPOINT_URL": self.moto.url,
        }
        self.webs = [self._process("web", f"web-{number}") for number in range(2)]
        self.worker = self._process("worker", "worker")

    @property
    def url(self) -> str:
        """The address of the pages, which is nginx's."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def calls(self) -> list[dict[str, Any]]:
        """Every call of AWS that a process of a tier has made, or signed for somebody."""
        lines = (self.data.parent / "calls.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    @property
    def log(self) -> str:
        """What all processes have logged."""
        return "".join(path.read_text() for path in sorted(self.data.parent.glob("*.log")))

    def environ(self, tier: str = "web") -> dict[str, str]:
        """The environment of a process of one tier."""
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        ours = {
            "PLATFORM": "aws",
            "TIER": tier,
            "BASE_URL": self.url,
            "PROXY_HOPS": "1",
            "BIGIMAGE_DATA": str(self.data),
            "SECRET_KEY": "only for the tests of the data plane, and nowhere else",
            "WEB_PROCESSES": "1",
            "RECOGNITION": "off",
            "METRICS": "true",
            "CALLS_FILE": str(self.data.parent / "calls.jsonl"),
        }
        return {**kept, **ours, **self.settings}

    def flask(self, *arguments: str, stdin: str = "", tier: str = "web") -> subprocess.CompletedProcess[str]:
        """Run `flask ...` as on an instance of that tier, and wait for its end."""
        return subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=ROOT,
            env=self.environ(tier),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def start(self) -> None:
        """Bring the database up to date and start everything."""
        self.data.mkdir(parents=True, exist_ok=True)
        migrated = self.flask("migrate")
        assert migrated.returncode == 0, migrated.stderr
        for process in self.webs:
            process.start()
        self.worker.start()
        self._stack.enter_context(Nginx(tuple(web.port for web in self.webs), port=self.port))
        door = self._stack.enter_context(Nginx((self.worker.port,)))
        self.daemon = self._stack.enter_context(Sqsd(self.moto, door.url))

    def _process(self, tier: str, name: str) -> Process:
        return Process(self.environ(tier), self.data.parent / f"{name}.log")

    def kill(self) -> None:
        """End everything."""
        self._stack.close()
        for process in (*self.webs, self.worker):
            process.kill()
