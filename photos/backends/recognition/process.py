"""The parent's side of one child process: started at first use, watched, replaced after its death."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TypeVar

import msgspec

from photos.backends.recognition.protocol import (
    ANSWER,
    DONE,
    FAILED,
    MOST_ANSWER_BYTES,
    MOST_PICTURE_BYTES,
    REFUSED,
    REQUEST,
    Failure,
)
from photos.errors import Invalid, RecognitionError

T = TypeVar("T")

_ROOT = Path(__file__).parents[3]
_CHILD = "photos.backends.recognition.child"
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "1"}

_KEPT_FREE_BYTES = 128 * 2**20


class _Ended(Exception):
    """The child closed its pipe; `idle` if it ended by itself, having had nothing to do."""

    def __init__(self, exit_code: int) -> None:
        super().__init__(f"its process ended with {exit_code}")
        self.idle = exit_code == 0


class RecogniserProcess:
    """One child that serves one verb, one picture at a time. Safe to share between threads.

    Freed blocks from `large_block_bytes` on go back to the system at once: less memory, more time.
    """

    def __init__(
        self, verb: str, folder: Path, *, timeout_seconds: float, idle_seconds: float, large_block_bytes: int
    ) -> None:
        self._verb = verb
        self._folder = folder
        self._timeout_seconds = timeout_seconds
        self._idle_seconds = idle_seconds
        self._environment = _ENVIRONMENT | {
            "MALLOC_MMAP_THRESHOLD_": str(large_block_bytes),
            "MALLOC_TRIM_THRESHOLD_": str(_KEPT_FREE_BYTES),
        }
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        child = self._child
        return child.pid if child and child.poll() is None else None

    def ask(self, picture: bytes, shape: type[T]) -> T:
        """Send a picture and wait for the answer.

        Raises Invalid if the picture cannot be read, RecognitionError if the child died, failed, answered
        nonsense or took longer than the time-out; it is replaced at the next call.
        """
        if len(picture) > MOST_PICTURE_BYTES:
            raise Invalid("The picture is too large to look into.", code="too-large")
        with self._lock:
            try:
                status, text = self._exchange_again_if_idle(picture)
                result: T | Failure = _decoded(text, shape) if status == DONE else _decoded(text, Failure)
            except TimeoutError as error:
                self._stop()
                raise self._failure(f"no answer within {self._timeout_seconds:g} s") from error
            except _Ended as error:
                self._stop()
                raise self._failure(str(error)) from error
            except msgspec.MsgspecError as error:
                self._stop()
                raise self._failure(f"an answer that makes no sense ({error})") from error
            except BaseException:
                # Half an exchange would leave the answer in the pipe for the next picture.
                self._stop()
                raise
        if isinstance(result, Failure):
            if status == REFUSED:
                raise Invalid(result.reason, code=result.code)
            raise self._failure(result.reason)
        return result

    def close(self) -> None:
        """End the child. It is started again if somebody asks."""
        with self._lock:
            self._stop()

    def _exchange_again_if_idle(self, picture: bytes) -> tuple[bytes, bytes]:
        try:
            return self._exchange(picture)
        except _Ended as error:
            if not error.idle:
                raise
        # It went to sleep in the very moment in which it was asked.
        self._stop()
        return self._exchange(picture)

    def _exchange(self, picture: bytes) -> tuple[bytes, bytes]:
        child = self._running()
        if child.stdin is None or child.stdout is None:
            raise RuntimeError("the child was started without pipes")
        deadline = time.monotonic() + self._timeout_seconds
        try:
            _write(child.stdin.fileno(), REQUEST.pack(len(picture)) + picture, deadline)
            status, length = ANSWER.unpack(_read(child.stdout.fileno(), ANSWER.size, deadline))
            if length > MOST_ANSWER_BYTES:
                raise self._failure(f"an answer of {length} bytes")
            if status not in {DONE, REFUSED, FAILED}:
                raise msgspec.DecodeError(f"status {status!r}")
            return status, _read(child.stdout.fileno(), length, deadline)
        except (BrokenPipeError, EOFError) as error:
            raise _Ended(child.wait(timeout=5)) from error

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._child.poll() is None:
            return self._child
        self._stop()
        # No variables, no user packages, and no warnings about other people's files in our log.
        python = [sys.executable, "-E", "-s", "-W", "ignore"]
        command = [*python, "-m", _CHILD, self._verb, str(self._folder), str(self._idle_seconds)]
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=_ROOT,
                env=self._environment,
                bufsize=0,
            )
        except OSError as error:
            raise self._failure(f"its process did not start: {error}") from error
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                os.set_blocking(pipe.fileno(), False)
        self._child = child
        return child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                pipe.close()

    def _failure(self, how: str) -> RecognitionError:
        return RecognitionError(f"make {self._verb}:", how)


def _decoded(text: bytes, shape: type[T]) -> T:
    """Raises MsgspecError for whatever is not of this shape."""
    try:
        return msgspec.json.decode(text, type=shape)
    except (UnicodeDecodeError, RecursionError) as error:
        # msgspec lets these two pass as they are
        raise msgspec.DecodeError(f"no text: {type(error).__name__}") from error


def _write(file: int, content: bytes, deadline: float) -> None:
    rest = memoryview(content)
    while rest:
        _wait(file, select.POLLOUT, deadline)
        rest = rest[os.write(file, rest) :]


def _read(file: int, length: int, deadline: float) -> bytes:
    content = bytearray()
    while len(content) < length:
        _wait(file, select.POLLIN, deadline)
        piece = os.read(file, length - len(content))
        if not piece:
            raise EOFError
        content += piece
    return bytes(content)


def _wait(file: int, event: int, deadline: float) -> None:
    poll = select.poll()
    poll.register(file, event)
    left_seconds = deadline - time.monotonic()
    if left_seconds <= 0 or not poll.poll(left_seconds * 1000):
        raise TimeoutError
