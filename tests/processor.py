"""How much work something is, in processor time: other people's work on the same machine does not count."""

from __future__ import annotations

import os
from pathlib import Path

from tests.servers.app import descendants


def processor_seconds() -> float:
    """What this process has used up to now, with everything that it has started, ended or not (Linux)."""
    ticks = sum(map(_ticks, (os.getpid(), *descendants(os.getpid()))))
    return ticks / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    """Fields 14 to 17 of proc(5): by itself and for the system, and the same of children that have ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0  # it has ended, and its parent counts it
    return sum(map(int, fields[11:15]))
