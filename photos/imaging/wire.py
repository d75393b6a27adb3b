"""What the pool and its children say to each other over a socket pair.

A request is a media type and a turn in degrees, with an open file beside them. An answer is msgpack behind a
4-byte length, decoded into typed structures and never unpickled: a child that a picture has taken over can
lie about that picture and do nothing else.
"""

from __future__ import annotations

import socket
import struct
import time

import msgspec

from photos.models import Developed

MOST_BYTES = 64 * 1024 * 1024
"""No answer is longer: three renditions take less than 2 MiB."""


class Ready(msgspec.Struct, frozen=True, tag="ready"):
    """The child has imported everything and shut itself in. `walls` are the optional ones that stand."""

    walls: tuple[str, ...]


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The photo was developed."""

    developed: Developed


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """The photo is not acceptable. `detail` is for the log, the rest is `errors.Invalid`."""

    reason: str
    code: str
    detail: str = ""


class Unread(msgspec.Struct, frozen=True, tag="unread"):
    """The file could not be read now; that says nothing about the picture. `detail` is for the log."""

    detail: str


Answer = Ready | Done | Refused | Unread


def frame(message: Answer) -> bytes:
    """`message` as it goes over the wire."""
    body = msgspec.msgpack.encode(message)
    return struct.pack(">I", len(body)) + body


def receive(channel: socket.socket, deadline: float) -> Answer:
    """The next answer, waiting until `deadline` on the monotonic clock.

    Raises TimeoutError, EOFError when the other side is gone, and msgspec.MsgspecError for nonsense.
    """
    (length,) = struct.unpack(">I", _read(channel, 4, deadline))
    if length > MOST_BYTES:
        raise msgspec.ValidationError(f"an answer of {length} bytes")
    body = _read(channel, length, deadline)
    try:
        answer: Answer = msgspec.msgpack.decode(body, type=Answer)
    except (UnicodeDecodeError, RecursionError) as error:
        # msgspec lets these two pass as they are
        raise msgspec.DecodeError(f"an answer that is no message: {type(error).__name__}") from error
    return answer


def _read(channel: socket.socket, count: int, deadline: float) -> bytes:
    parts = bytearray()
    while len(parts) < count:
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        channel.settimeout(left)
        part = channel.recv(min(count - len(parts), 1 << 20))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
