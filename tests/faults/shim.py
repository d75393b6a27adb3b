"""Python's side of `shim.c`: building it, arming it, and what a power cut leaves.

Only a process that was started with the library in LD_PRELOAD can be armed; see `stage.py`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).with_name("shim.c")

WRITE, SYNC, RENAME, UNLINK, CREATE, READ, OPEN = 1, 2, 4, 8, 16, 32, 64
CHANGES = WRITE | SYNC | RENAME | UNLINK | CREATE
EVERYTHING = CHANGES | READ | OPEN
CONNECT, SEND, RECEIVE = 128, 256, 512
NETWORK = CONNECT | SEND | RECEIVE
KINDS = (WRITE, SYNC, RENAME, UNLINK, CREATE, READ, OPEN, CONNECT, SEND, RECEIVE)
KILL, HALF, TEAR = -1, -2, -3


@dataclass(frozen=True, slots=True)
class Fault:
    """What happens to the N-th of the `calls` named: an errno, KILL, HALF (a short read or write) or TEAR
    (a short write, then death). `lasts`: to all after it, too. `cuts_power`: what was not synced is lost."""

    calls: int
    action: int
    lasts: bool = False
    cuts_power: bool = False


FAULTS = {
    "kill -9": Fault(CHANGES, KILL),
    "torn write": Fault(WRITE, TEAR),
    "short write or read": Fault(WRITE | READ, HALF),
    "ENOSPC": Fault(WRITE | SYNC | CREATE, errno.ENOSPC),
    "disk full": Fault(WRITE | CREATE, errno.ENOSPC, lasts=True),
    "EIO": Fault(EVERYTHING, errno.EIO),
    "disk dead": Fault(EVERYTHING, errno.EIO, lasts=True),
    "read-only": Fault(CHANGES | OPEN, errno.EROFS, lasts=True),
    "EINTR": Fault(EVERYTHING, errno.EINTR),
    "power cut": Fault(SYNC, KILL, cuts_power=True),
    "sync fails, power cut": Fault(SYNC, errno.EIO, cuts_power=True),
}


NETWORK_FAULTS = {
    "kill -9": Fault(NETWORK, KILL),
    "connection refused": Fault(CONNECT, errno.ECONNREFUSED),
    "EINTR": Fault(NETWORK, errno.EINTR),
    "short send or receive": Fault(SEND | RECEIVE, HALF),
    "connection reset": Fault(SEND | RECEIVE, errno.ECONNRESET),
    "network gone": Fault(NETWORK, errno.ENETUNREACH, lasts=True),
}
"""The same where database and store are servers."""


def compiler() -> str | None:
    """A C compiler, if this machine has one."""
    return shutil.which("cc") or shutil.which("gcc")


def build(folder: Path) -> Path:
    """Compile the library into `folder`."""
    library = folder / "shim.so"
    command = [compiler() or "cc", "-O2", "-Wall", "-shared", "-fPIC", "-o"]
    subprocess.run([*command, library, SOURCE, "-ldl"], check=True)
    return library


class Shim:
    """The library as it is loaded in this process. Raises AttributeError where it is not."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(None)
        self._library.fault_calls.restype = ctypes.c_long
        self._library.fault_fired.restype = ctypes.c_long

    def arm(self, folder: Path, fault: Fault, number: int) -> None:
        """From now on the `number`-th call below `folder` meets the fault; 0 only counts."""
        self._library.fault_arm(
            os.fsencode(folder), fault.calls, fault.action, ctypes.c_long(number), int(fault.lasts)
        )

    def disarm(self) -> None:
        """Let every call pass."""
        self._library.fault_disarm()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Neither count nor harm calls inside: in the whole program they are another process's."""
        before = self._library.fault_disarm()
        try:
            yield
        finally:
            self._library.fault_rearm(before)

    @property
    def has_fired(self) -> bool:
        """Whether any call met the fault since it was armed."""
        return bool(self._library.fault_fired())

    @property
    def calls(self) -> list[int]:
        """How many calls of each of KINDS were counted since it was armed."""
        return [int(self._library.fault_calls(kind)) for kind in KINDS]

    def move_clock(self, seconds: int) -> None:
        """Let the wall clock of this process be so far from the true one."""
        self._library.fault_clock(ctypes.c_long(seconds))

    def steady(self, instant: int, seed: int) -> None:
        """Let this process's wall clock begin at `instant` (seconds since 1970) and go on with every look at
        it, and let its chance come from `seed`: what is done again then leaves the same bytes."""
        self._library.fault_steady(ctypes.c_long(instant), ctypes.c_ulong(seed))

    def keep_synced(self, folder: Path, shadow: Path) -> None:
        """Note in `shadow` what would survive a power cut, beginning with all that is in `folder` now."""
        shadow.mkdir()
        for path, _, names in os.walk(folder):
            here = Path(path)
            lines = [_entry(each) for each in here.iterdir()]
            (shadow / f"d{here.stat().st_ino}").write_text("".join(lines), encoding="utf-8")
            for name in names:
                number = (here / name).stat().st_ino
                os.link(here / name, shadow / f"k{number}")
                shutil.copyfile(here / name, shadow / f"f{number}")
        self._library.fault_shadow(os.fsencode(shadow))


class Switch:
    """Faults of a whole program and all its processes, while they are switched on.

    `environ` has to be in the program's environment from its start.
    """

    def __init__(self, library: Path, folder: Path, orders: Path) -> None:
        self.environ = {
            "LD_PRELOAD": str(library),
            "FAULT_FOLDER": str(folder),
            "FAULT_ORDERS": str(orders),
        }
        self._orders = orders

    def on(self, calls: int, error: int) -> None:
        """Let all such calls fail with an errno."""
        draft = self._orders.with_suffix(".draft")
        draft.write_text(f"{calls} {error}", encoding="ascii")
        draft.replace(self._orders)

    def off(self) -> None:
        """Let every call pass."""
        self._orders.unlink(missing_ok=True)


def cut_power(folder: Path, shadow: Path) -> None:
    """Leave in `folder` only what was synced, by the strictest reading of the rules: contents by fsync of the
    file, names by fsync of their folder. A file whose name alone survived is empty."""
    number = folder.stat().st_ino
    image = folder.with_name(f"{folder.name}-synced")
    _restore(number, image, shadow)
    shutil.rmtree(folder)
    image.rename(folder)


def _entry(path: Path) -> str:
    return f"{'d' if path.is_dir() else 'f'} {path.stat().st_ino} {path.name}\n"


def _restore(number: int, target: Path, shadow: Path) -> None:
    target.mkdir()
    entries = shadow / f"d{number}"
    for line in entries.read_text(encoding="utf-8").splitlines() if entries.exists() else ():
        kind, inode, name = line.split(" ", 2)
        if kind == "d":
            _restore(int(inode), target / name, shadow)
            continue
        content = shadow / f"f{inode}"
        (target / name).write_bytes(content.read_bytes() if content.exists() else b"")
