"""The whole program as `make run` starts it: supervisor, web server and runner, on a data folder."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

from photos.app import create_app
from photos.config import read_settings
from photos.wiring import open_backends
from tests.servers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
READY = re.compile(r"^Bigimage is ready: (\S+)$", re.MULTILINE)
SETUP_LINK = re.compile(r"^\s+(https?://\S+)$", re.MULTILINE)
START_SECONDS = 60
STOP_SECONDS = 40
COMMAND_SECONDS = 120
# Not our settings, but what a process needs to find Python, its certificates and its temporary files.
KEPT = ("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "PYTHONDONTWRITEBYTECODE", "BIGIMAGE_MODELS")


@dataclass
class RunningApp:
    """One Bigimage. `start` and the ways to end it may alternate; the data folder stays.

    `settings` are environment variables on top of the defaults.
    """

    data: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the pages, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def output(self) -> str:
        """What the terminal has shown since the last start."""
        return self._terminal.read_text(encoding="utf-8")

    @property
    def log(self) -> str:
        """What the web server and the runner have logged."""
        return (self.data / "bigimage.log").read_text(encoding="utf-8")

    @property
    def setup_link(self) -> str:
        """The one-time address that creates the administrator."""
        found = SETUP_LINK.search(self.output)
        assert found is not None, self.output
        return found.group(1)

    def start(self) -> None:
        """Start and wait until the pages answer. Raises RuntimeError with the output if they do not."""
        self.data.mkdir(parents=True, exist_ok=True)
        with self._terminal.open("wb") as terminal:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "photos.serve"],
                cwd=ROOT,
                env=self.environ(),
                stdin=subprocess.DEVNULL,
                stdout=terminal,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # so that its process group, which Ctrl-C reaches, is not ours
            )
        give_up_at = time.monotonic() + START_SECONDS
        while not READY.search(self.output):
            if self._process.poll() is not None or time.monotonic() > give_up_at:
                shown = self.output
                self.kill()
                raise RuntimeError(f"Bigimage did not start:\n{shown}")
            time.sleep(0.05)

    def stop(self) -> int:
        """End it as Ctrl-C does and return the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGINT)
        try:
            return self._process.wait(STOP_SECONDS)
        finally:
            self.kill()

    def kill(self) -> None:
        """End every process of it at once, as a power cut does."""
        if self._process is None:
            return
        for pid in [self._process.pid, *descendants(self._process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def kill_web(self) -> None:
        """SIGKILL for the web server; the supervisor starts another."""
        self._kill_child("gunicorn")

    def kill_runner(self) -> None:
        """SIGKILL for the runner and its decoders; the supervisor starts another."""
        self._kill_child("photos.runner")

    def restart(self) -> None:
        """Stop it as Ctrl-C does, and start it again."""
        assert self.stop() == 0, self.output
        self.start()

    def pids(self, word: str = "") -> list[int]:
        """Its processes, the supervisor first; only those with `word` in their command, if one is given."""
        if self._process is None:
            return []
        pids = [self._process.pid, *descendants(self._process.pid)]
        return [pid for pid in pids if word in _command(pid)]

    def flask(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run `flask ...` on the same data folder and settings, and wait for its end."""
        return subprocess.run(
            [sys.executable, "-m", "flask", *arguments],
            cwd=ROOT,
            env=self.environ(),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
        )

    def command(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """The same in this process, which saves the second that Python and Flask need to start."""
        with patch.dict(os.environ, self.environ(), clear=True):
            backends = open_backends(read_settings())
            try:
                runner = create_app(backends=backends).test_cli_runner()
                done = runner.invoke(args=arguments, input=stdin, catch_exceptions=False)
            finally:
                backends.close()
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    def memory_bytes(self) -> int:
        """Memory that all its processes hold together now, shared pages counted once (Linux)."""
        return sum(self.memory_by_process().values())

    def memory_by_process(self) -> dict[str, int]:
        """The same for each process, by its number and module."""
        return {f"{pid} {_module(pid)}": _proportional_bytes(pid) for pid in self.pids()}

    @property
    def _terminal(self) -> Path:
        return self.data.with_name(f"{self.data.name}-{self.port}.txt")

    def environ(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        return {**kept, "BIGIMAGE_DATA": str(self.data), "PORT": str(self.port), **self.settings}

    def _kill_child(self, word: str) -> None:
        assert self._process is not None
        children = [pid for pid in _children(self._process.pid) if word in _command(pid)]
        assert len(children) == 1, f"{word}: {children}"
        for pid in [*children, *descendants(children[0])]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be noticed does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        return [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    return []


def descendants(pid: int) -> Iterator[int]:
    """Everything that a process has started, and what that has started, as far as it still runs."""
    for child in _children(pid):
        yield child
        yield from descendants(child)


def _command(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    return ""


def _module(pid: int) -> str:
    """What follows `-m` in a command, with the verb of a recogniser."""
    name, verb, *_ = [*_command(pid).partition(" -m ")[2].split(), "", ""]
    return f"{name} {verb}" if verb.isalpha() else name


def _proportional_bytes(pid: int) -> int:
    with suppress(OSError):
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        return sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:"))
    return 0
