"""Takes away from this process what decoding a picture never needs: network, files, privileges, children.

Only the decoder's child calls this, after its imports. Limits that every Linux has must hold. Landlock and
network namespaces depend on the kernel and on how a container was started; `confine` says which of them hold.
System call numbers and structures: linux/landlock.h and landlock(7); they are equal on all architectures.
"""

from __future__ import annotations

import ctypes
import os
import resource
import struct
import sys
import sysconfig
from pathlib import Path

PR_SET_DUMPABLE = 4
PR_SET_NO_NEW_PRIVS = 38
CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000

LANDLOCK_CREATE_RULESET = 444
LANDLOCK_ADD_RULE = 445
LANDLOCK_RESTRICT_SELF = 446
CREATE_RULESET_VERSION = 1
RULE_PATH_BENEATH = 1
READ_FILE_AND_FOLDER = 1 << 2 | 1 << 3
FILE_RIGHTS_BY_ABI = {1: 13, 2: 14, 3: 15, 4: 15, 5: 16}
"""How many file rights a version of the interface knows; the rights are the lowest that many bits."""
NETWORK_RIGHTS = 0b11
SCOPES = 0b11
"""No signals and no abstract sockets to processes outside, from version 6 on."""

OPEN_FILES = 64

_libc = ctypes.CDLL(None, use_errno=True)


def confine(memory_bytes: int) -> tuple[str, ...]:
    """Give up rights for good; returns which optional walls stand: `network`, `files`.

    The address space may grow by `memory_bytes` from here on. Raises OSError if a limit that every Linux has
    is refused.
    """
    for limit, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
    ):
        resource.setrlimit(limit, (value, value))
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or _libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl refused")
    _limit_memory(memory_bytes)
    walls = (("network", _leave_network()), ("files", _close_files()))
    return tuple(name for name, stands in walls if stands)


def limit_next_job(seconds: float) -> None:
    """Kill this process when it has used `seconds` more of CPU time (whole seconds, rounded up)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.RLIM_INFINITY))


def _limit_memory(extra_bytes: int) -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    most = pages * resource.getpagesize() + extra_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _leave_network() -> bool:
    """Move to an empty network. Without privileges that takes a user namespace, which some hosts forbid."""
    return bool(_libc.unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)


def _close_files() -> bool:
    """Forbid to open any file but Python's own modules, which an odd picture may still make Pillow import."""
    version = _libc.syscall(LANDLOCK_CREATE_RULESET, None, 0, CREATE_RULESET_VERSION)
    if version < 1:
        return False
    file_rights = (1 << FILE_RIGHTS_BY_ABI[min(version, 5)]) - 1
    handled = struct.pack("=QQQ", file_rights, NETWORK_RIGHTS, SCOPES)[: _handled_bytes(version)]
    ruleset = _libc.syscall(LANDLOCK_CREATE_RULESET, handled, len(handled), 0)
    if ruleset < 0:
        return False
    try:
        for folder in _module_folders():
            _allow_reading(ruleset, folder)
        return bool(_libc.syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def _handled_bytes(version: int) -> int:
    """Size of `struct landlock_ruleset_attr`, which grew a field in versions 4 and 6."""
    if version < 4:
        return 8
    return 16 if version < 6 else 24


def _module_folders() -> set[str]:
    """Where Python looks for modules; beside our own package may lie data, so there the package alone."""
    package = Path(__file__).parents[1]
    installed = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    return (set(sys.path) - {str(package.parent), ""}) | installed | {str(package)}


def _allow_reading(ruleset: int, folder: str) -> None:
    try:
        opened = os.open(folder, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        # Not there, or not for us: nothing to allow.
        return
    try:
        rule = struct.pack("=Qi", READ_FILE_AND_FOLDER, opened)
        _libc.syscall(LANDLOCK_ADD_RULE, ruleset, RULE_PATH_BENEATH, rule, 0)
    finally:
        os.close(opened)
