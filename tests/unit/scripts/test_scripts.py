"""The pure parts of the scripts, run by Node: no page, no server."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import require

HERE = Path(__file__).parent
NODE = Path(sys.executable).with_name("node")


@pytest.mark.parametrize("name", sorted(path.name for path in HERE.glob("*.test.mjs")))
def test_pure_parts_of_the_scripts(name: str) -> None:
    require(NODE.exists(), "Node is not installed; `make test` installs it")
    done = subprocess.run([NODE, "--test", HERE / name], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
