"""The process that plays flows under faults, started once for a worker; and the worker tier at its queue."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from photos.config import read_settings
from photos.wiring import open_backends
from tests.faults import shim
from tests.faults.worker_tier import LEASE_SECONDS, TRIES
from tests.needs import require
from tests.servers import queues
from tests.servers.moto import Moto
from tests.servers.worker import Worker, settings_of
from tests.services.conftest import Library, lay_foundation, somebody

ROOT = Path(__file__).resolve().parents[2]
MEMORY = Path("/dev/shm")
"""Where there is such a folder, syncing costs nothing: what was synced, the shim remembers by itself."""


@dataclass
class Sweeper:
    """Asks the stage for sweeps."""

    process: subprocess.Popen[str]

    def sweep(self, flow: str, fault: str, *, start: int = 1, stride: int = 1, most: int) -> dict[str, Any]:
        """`cases` and `failures` in words of one flow under one fault, call after call."""
        return self._ask(flow=flow, fault=fault, spreads=False, start=start, stride=stride, most=most)

    def spread(self, flow: str, fault: str, *, most: int) -> dict[str, Any]:
        """The same for all calls of a flow if they are not more than `most`, else for about so many."""
        return self._ask(flow=flow, fault=fault, spreads=True, most=most)

    def _ask(self, **asked: Any) -> dict[str, Any]:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        assert answer, "the stage has ended"
        found: dict[str, Any] = json.loads(answer)
        return found


@pytest.fixture(scope="session")
def shim_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library for LD_PRELOAD."""
    require(sys.platform == "linux", "faults are put before the C library of Linux")
    require(shim.compiler() is not None, "no C compiler (Debian: gcc)")
    return shim.build(tmp_path_factory.mktemp("shim"))


@pytest.fixture(scope="session")
def sweeper(shim_library: Path) -> Iterator[Sweeper]:
    """One stage for all sweeps of a worker."""
    with TemporaryDirectory(prefix="bigimage-faults-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield from running_stage("tests.faults.stage", shim_library, folder, {})


def running_stage(
    module: str, shim_library: Path, folder: str, settings: Mapping[str, str]
) -> Iterator[Sweeper]:
    """A stage as a process of its own, with `settings` in its environment."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, folder],
        cwd=ROOT,
        env={**os.environ, **settings, "LD_PRELOAD": str(shim_library), "OPENBLAS_NUM_THREADS": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        yield Sweeper(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture
def worker_settings(data_folder: Path, moto: Moto) -> dict[str, str]:
    """Of both tiers; TIER is the web tier's."""
    queues.create(moto.client("sqs"), tries=TRIES)
    return settings_of("web", data_folder, moto, JOB_LEASE_SECONDS=str(LEASE_SECONDS), JOB_ATTEMPTS="100")


@pytest.fixture
def worker_library(
    worker_settings: dict[str, str], data_folder: Path, migrated_file: Path
) -> Iterator[Library]:
    """What the web tier does: it takes photos and sends jobs, and develops nothing."""
    lay_foundation(data_folder, migrated_file)
    backends = open_backends(read_settings(worker_settings))
    yield Library(backends, somebody("owner", backends.database))
    assert "darkroom" not in backends.__dict__, "the web tier decodes nothing"
    backends.close()


@pytest.fixture
def start_worker(worker_settings: dict[str, str], worker_library: Library) -> Iterator[Callable[..., Worker]]:
    """Start a worker on the library; all are killed at the end."""
    workers: list[Worker] = []

    def start(*, is_loaded_once: bool = False, **more: str) -> Worker:
        settings = {**worker_settings, "TIER": "worker", **more}
        worker = Worker(settings, is_loaded_once=is_loaded_once)
        workers.append(worker)
        worker.start()
        return worker

    yield start
    for worker in workers:
        worker.kill()
