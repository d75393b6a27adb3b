"""The guarded children that decode pictures, and the only way to them.

A child is a process of its own with nothing but an open file and limits (`confinement`). It lives for many
photos, because its imports cost three times what a photo does; it is replaced when it dies, hangs or grows.
"""

from __future__ import annotations

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from photos.errors import BackendError, Invalid
from photos.imaging.limits import MIB, PATIENCE, Limits
from photos.imaging.sniff import HEAD_BYTES, sniff
from photos.imaging.wire import Answer, Done, Ready, Refused, Unread, receive
from photos.models import Developed

START_SECONDS = 60.0
"""A child imports for a third of a second; on a machine that starts many things at once it may take long."""
TRIES = 2
"""A child may be killed by someone who did not mean the photo: it gets a second, fresh child."""
MOST_GROWTH_BYTES = 64 * MIB
JOBS_PER_CHILD = 1000
OUT_OF_TIME = frozenset({-signal.SIGXCPU, -signal.SIGALRM})
"""How a child ends that the kernel stopped for using too much time."""

CHILD_ENVIRONMENT = {
    "PYTHONPATH": str(Path(__file__).parents[2]),
    "LC_ALL": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    # Every arena reserves address space that the limit would count.
    "MALLOC_ARENA_MAX": "1",
}
"""All of it: no settings and no secrets."""

logger = logging.getLogger(__name__)


class Decoders:
    """Up to `count` children, started when first needed. Safe to use from any number of threads.

    `limits` hold for every photo. Each child is replaced after `jobs_per_child` photos.
    """

    def __init__(
        self, count: int, limits: Limits | None = None, *, jobs_per_child: int = JOBS_PER_CHILD
    ) -> None:
        self.limits = limits or Limits()
        self._seats = [_Seat(self.limits, jobs_per_child) for _ in range(count)]
        # Last in, first out: a quiet system keeps one child warm and never starts the others.
        self._free: queue.LifoQueue[_Seat] = queue.LifoQueue()
        for seat in self._seats:
            self._free.put(seat)

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def develop(self, path: Path, *, turn: int = 0) -> Developed:
        """Decode the file at `path` and turn it clockwise by `turn` degrees, waiting for a free child.

        Raises Invalid with a sentence for the owner, BackendError when no child can be had, and OSError when
        the file cannot be opened or read.
        """
        with path.open("rb", buffering=0) as file:
            media_type = self._accepted(file.fileno())
            seat = self._free.get()
            try:
                return seat.develop(file.fileno(), f"{media_type} {turn}")
            finally:
                self._free.put(seat)

    def close(self) -> None:
        """End all children, also those at work; their callers get BackendError. Can be repeated."""
        for seat in self._seats:
            seat.close()

    def _accepted(self, file: int) -> str:
        """The media type, told without a child. Raises Invalid."""
        size = os.fstat(file).st_size
        if size > self.limits.size_bytes:
            raise Invalid(
                f"This file is larger than {self.limits.size_bytes // MIB:,} MB. Send it smaller.",
                code="too_many_bytes",
            )
        return sniff(os.pread(file, HEAD_BYTES, 0))


class _Seat:
    """Room for one child, used by one thread at a time; `close` may come from another."""

    def __init__(self, limits: Limits, jobs_per_child: int) -> None:
        self._limits = limits
        self._jobs_per_child = jobs_per_child
        self._child: _Child | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    def develop(self, file: int, request: str) -> Developed:
        for _ in range(TRIES):
            child = self._ensure_child()
            try:
                answer = child.ask(file, request)
            except TimeoutError:
                self._end_child("too slow")
                raise _took_too_long() from None
            except (OSError, EOFError, msgspec.MsgspecError) as error:
                if self._end_child(repr(error)) in OUT_OF_TIME:
                    raise _took_too_long() from None
                continue
            if child.jobs >= self._jobs_per_child or child.has_grown() or _is_spent(answer):
                self._end_child("")
            return _result(answer)
        raise Invalid(
            "Our decoder fails on this picture. Export it again as JPEG and upload that.",
            code="decoder_failed",
        )

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
        self._end_child("")

    def _ensure_child(self) -> _Child:
        with self._lock:
            if self._is_closed:
                raise BackendError("decoders", "work", "after their end")
            if self._child is None:
                self._child = _start_child(self._limits)
            return self._child

    def _end_child(self, problem: str) -> int | None:
        """Make room for a fresh child; returns how the old one ended, None if it was already gone."""
        with self._lock:
            child, self._child = self._child, None
        if child is None:
            return None
        status = child.end()
        if problem:
            logger.warning("decoder ended: %s, exit status %s", problem, status)
        return status


class _Child:
    """One running decoder that has said it is ready."""

    def __init__(
        self, process: subprocess.Popen[bytes], channel: socket.socket, patience_seconds: float
    ) -> None:
        self._process = process
        self._channel = channel
        self._patience_seconds = patience_seconds
        self._resident_at_start = self._resident_bytes()
        self.jobs = 0

    def ask(self, file: int, request: str) -> Answer:
        """Have the open `file` developed; `request` is as `wire` says.

        Raises TimeoutError, and OSError, EOFError or MsgspecError when the child is of no more use.
        """
        self.jobs += 1
        # The child reads through our file position, which a child before it may have moved.
        os.lseek(file, 0, os.SEEK_SET)
        deadline = time.monotonic() + self._patience_seconds
        socket.send_fds(self._channel, [request.encode("ascii")], [file])
        return receive(self._channel, deadline)

    def has_grown(self) -> bool:
        """Whether it keeps much more memory than when it started."""
        return self._resident_bytes() > self._resident_at_start + MOST_GROWTH_BYTES

    def end(self) -> int:
        """Kill it, clean up, and return its exit status (negative: a signal)."""
        return _end(self._process, self._channel)

    def _resident_bytes(self) -> int:
        try:
            pages = Path(f"/proc/{self._process.pid}/statm").read_text(encoding="ascii").split()[1]
        except OSError:
            return 0
        return int(pages) * os.sysconf("SC_PAGESIZE")


def _start_child(limits: Limits) -> _Child:
    """Start a decoder and wait until it has shut itself in. Raises BackendError."""
    channel, far_end = socket.socketpair()
    with far_end:
        process = _spawn(far_end, limits)
    try:
        ready = receive(channel, time.monotonic() + START_SECONDS)
        if not isinstance(ready, Ready):
            raise msgspec.ValidationError("no greeting")
    except (OSError, EOFError, msgspec.MsgspecError) as error:
        status = _end(process, channel)
        raise BackendError("decoders", "start", f"(exit status {status})") from error
    logger.info("decoder %d started, walls: %s", process.pid, ", ".join(ready.walls) or "none")
    return _Child(process, channel, PATIENCE * limits.seconds)


def _spawn(channel: socket.socket, limits: Limits) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-B", "-m", "photos.imaging.child", msgspec.json.encode(limits).decode()]
    # No shell, and no word from outside.
    return subprocess.Popen(
        command,
        stdin=channel.fileno(),
        stdout=subprocess.DEVNULL,
        cwd="/",
        env=CHILD_ENVIRONMENT,
        # Ctrl-C in the terminal is for the runner, which then ends its children.
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes], channel: socket.socket) -> int:
    # A child that is already ending keeps the status that tells why.
    process.kill()
    status = process.wait()
    channel.close()
    return status


def _result(answer: Answer) -> Developed:
    if isinstance(answer, Done):
        return answer.developed
    if isinstance(answer, Refused):
        logger.info("picture refused: %s (%s)", answer.code, answer.detail)
        raise Invalid(answer.reason, code=answer.code)
    if isinstance(answer, Unread):
        raise OSError(f"a decoder could not read the file: {answer.detail}")
    raise BackendError("decoders", "answer")


def _is_spent(answer: Answer) -> bool:
    """Whether the child ran out of memory; what is left of it is in pieces too small for the next photo."""
    return isinstance(answer, Refused) and answer.code == "too_much_memory"


def _took_too_long() -> Invalid:
    return Invalid("This picture took too long to decode. Send it smaller, or as JPEG.", code="took_too_long")
