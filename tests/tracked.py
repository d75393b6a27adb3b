"""The files that git tracks: what a clone gets."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

from tests.needs import require

ROOT = Path(__file__).resolve().parents[1]


@cache
def tracked_files() -> tuple[str, ...]:
    """Paths from the root of the repository, of files that are there. Skips the test outside a clone."""
    require((ROOT / ".git").exists(), "this folder is not a git clone")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = listed.stdout.decode().split("\0")
    return tuple(name for name in names if name and (ROOT / name).is_file())
