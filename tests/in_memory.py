"""Where tests keep their files: in memory, where there is room for them. There, syncing costs nothing; what a
power cut takes, the tests of faults remember by themselves."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM_BYTES = 8 << 30
"""What has to be free: databases, stores and libraries of three workers take a fourth of it."""


def keep_files_in_memory() -> None:
    """From now on, for this process and those it starts, unless somebody has named another place."""
    if "TMPDIR" not in os.environ and _has_room():
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _has_room() -> bool:
    facts = Path("/proc/meminfo")
    if not MEMORY.is_dir() or not facts.exists():
        return False
    lines = dict(line.split(":") for line in facts.read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) * 1024
    return min(available, shutil.disk_usage(MEMORY).free) > ROOM_BYTES
