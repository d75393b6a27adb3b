"""The process that plays flows under faults, started once for a worker."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.faults import shim
from tests.needs import require

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
