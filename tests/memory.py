"""How much memory something takes, whatever other tests of the same process keep running."""

from __future__ import annotations

import os
from pathlib import Path


class Growth:
    """Memory that this process and its children have taken since this was made."""

    def __init__(self) -> None:
        self._others = _children()
        self._before = _resident_bytes(os.getpid())

    def size_bytes(self) -> int:
        """What came since; pages shared by several children count in each."""
        new = sum(_resident_bytes(pid) for pid in _children() - self._others)
        return new + _resident_bytes(os.getpid()) - self._before


def _children() -> set[int]:
    pids: set[int] = set()
    for task in Path("/proc/self/task").iterdir():
        try:
            pids.update(int(pid) for pid in (task / "children").read_text().split())
        except OSError:
            continue  # the thread has ended
    return pids


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
    except OSError:
        return 0  # the process has ended
