"""One step of getting ready: said in one line, and skipped when nothing it depends on has changed."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bigimage"
SHOWN_LINES = 16
"""How much of a failed program's output a person gets to see: half from its start, half from its end."""


class SetupError(Exception):
    """A step failed; the message says what happened and what to do, in plain words."""


def fingerprint(*paths: Path, extra: str = "") -> str:
    """A digest of these files' contents and of `extra`: the same digest, the same work."""
    digest = hashlib.sha256(extra.encode())
    for path in paths:
        content = path.read_bytes()
        digest.update(f"{path.name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def is_current(stamp: Path, mark: str) -> bool:
    """Whether the step that owns `stamp` was done for exactly this `mark`."""
    return stamp.is_file() and stamp.read_text() == mark


def ensure(title: str, stamp: Path, mark: str, action: Callable[[], None]) -> None:
    """Do `action` unless it was done for `mark` before. Prints one line; raises what `action` raises."""
    if is_current(stamp, mark):
        return
    stamp.unlink(missing_ok=True)
    print(f"{title} … ", end="", flush=True)
    started = time.monotonic()
    try:
        action()
    except BaseException:
        print("failed", flush=True)
        raise
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(mark)
    print(f"done in {time.monotonic() - started:.0f} s", flush=True)


def run(command: Sequence[str | Path], *, advice: str, environ: Mapping[str, str] | None = None) -> None:
    """Run a program silently in the project's folder.

    Raises SetupError with the end of its output and `advice` if it fails or is not there.
    """
    try:
        done = subprocess.run(
            [str(word) for word in command],
            cwd=ROOT,
            env={**os.environ, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise SetupError(f"{command[0]} could not be started: {error.strerror}.\n{advice}") from error
    if done.returncode != 0:
        raise SetupError(f"{_shortened(done.stdout)}\n\n{advice}")


def _shortened(output: str) -> str:
    lines = output.strip().splitlines()
    half = SHOWN_LINES // 2
    if len(lines) > SHOWN_LINES:
        lines = [*lines[:half], "…", *lines[-half:]]
    return "\n".join(lines)


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Wait for another setup in the same folder to finish; two would trip over each other's files."""
    folder = os.open(ROOT, os.O_RDONLY)
    try:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another setup is at work in this folder; waiting for it.", flush=True)
            fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
