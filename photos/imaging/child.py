"""A decoder: `python -m photos.imaging.child LIMITS`, started by `pool` with a socket as standard input.

It shuts itself in, says `Ready`, then answers one request after the other until the socket closes. Whatever
happens to it, the pool notices; so it holds no state worth keeping and makes no attempt to survive.
"""

from __future__ import annotations

import gc
import io
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

import msgspec

from photos.errors import Invalid
from photos.imaging import confinement, opening
from photos.imaging.development import develop
from photos.imaging.limits import PATIENCE, Limits
from photos.imaging.wire import Answer, Done, Ready, Refused, Unread, frame

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_REQUEST_BYTES = 64


def main() -> None:
    """Serve until the pool is gone."""
    limits = msgspec.json.decode(sys.argv[1], type=Limits)
    silence = os.open(os.devnull, os.O_WRONLY)
    opening.prepare()
    walls = confinement.confine(limits.memory_bytes)
    # Up to here a failure should be seen; from here on libtiff would fill the log with its complaints.
    os.dup2(silence, sys.stderr.fileno())
    with socket.socket(fileno=sys.stdin.fileno()) as channel:
        # What the imports made stays for good; without it a collection after each photo costs nothing.
        gc.freeze()
        channel.sendall(frame(Ready(walls)))
        while serve_one(channel, limits):
            gc.collect()


def serve_one(channel: socket.socket, limits: Limits) -> bool:
    """Answer one request; False when the pool has closed its end."""
    request, files, _, _ = socket.recv_fds(channel, MOST_REQUEST_BYTES, 1)
    if not request:
        return False
    # A pool that dies in the middle cannot stop us any more: then the kernel does.
    signal.setitimer(signal.ITIMER_REAL, PATIENCE * limits.seconds + 1)
    confinement.limit_next_job(limits.seconds)
    media_type, turn = request.decode("ascii").split()
    channel.sendall(frame(_answer(files[0], media_type, int(turn), limits)))
    signal.setitimer(signal.ITIMER_REAL, 0)
    return True


def _answer(file: int, media_type: str, turn: int, limits: Limits) -> Answer:
    source = _Source(file)
    answer: Answer
    try:
        with io.BufferedReader(source) as opened:
            answer = Done(develop(opened, media_type, limits, turn=turn))
    except Invalid as refusal:
        cause = refusal.__cause__
        detail = f"{type(cause).__name__}: {cause!a:.300}" if cause is not None else ""
        answer = Refused(refusal.reason, refusal.code, detail)
    return Unread(source.trouble) if source.trouble else answer


class _Source(io.FileIO):
    """A file that remembers whether reading it failed: decoders take that for a mistake of the picture."""

    trouble = ""

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        try:
            return super().readinto(buffer)
        except OSError as error:
            self.trouble = str(error)
            raise

    def readall(self) -> bytes:
        try:
            return super().readall()
        except OSError as error:
            self.trouble = str(error)
            raise


if __name__ == "__main__":
    main()
