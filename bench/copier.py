"""A raw copy from a socket to a file, for comparison: `python -m bench.copier PORT FILE`.

It reads each PUT's body into one buffer, writes it, flushes it to the disk, and answers 200.
"""

from __future__ import annotations

import http.client
import io
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.servers.ports import free_port

SEGMENT = 64 * 1024
"""What one read of a socket gives at most."""
COPY_BYTES = 512 * 1024
LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


def raw_copy(body: io.RawIOBase | io.BufferedReader, target: Path) -> None:
    """The least that receiving durably can be: read, write, flush."""
    room = memoryview(bytearray(COPY_BYTES))
    with target.open("wb", buffering=0) as file:
        filled = 0
        while piece := body.readinto(room[filled : filled + SEGMENT]):
            filled += piece
            if filled == COPY_BYTES:
                file.write(room)
                filled = 0
        file.write(room[:filled])
        os.fsync(file.fileno())


class Part(io.RawIOBase):
    """The next bytes of a stream, up to a length."""

    def __init__(self, stream: io.BufferedIOBase, size_bytes: int) -> None:
        self._stream = stream
        self._left = size_bytes

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        count = self._stream.readinto1(room[: self._left])
        self._left -= count
        return count


class Copier:
    """A running raw copier."""

    def __init__(self, port: int, pid: int) -> None:
        self.pid = pid
        self._port = port

    def send(self, body: bytes) -> None:
        """Send it a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port)
        connection.request("PUT", "/", body)
        connection.getresponse().read()
        connection.close()


@contextmanager
def copying(target: Path) -> Iterator[Copier]:
    """Start a copier that writes to `target`."""
    port = free_port()
    command = [sys.executable, "-m", "bench.copier", str(port), str(target)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield Copier(port, process.pid)
        finally:
            process.kill()


def main() -> None:
    """Serve one connection after the other until killed."""
    target = Path(sys.argv[2])
    with socket.create_server(("127.0.0.1", int(sys.argv[1]))) as server:
        print("ready", flush=True)
        while True:
            connection, _ = server.accept()
            with connection, io.BufferedReader(connection.makefile("rb", buffering=0), SEGMENT) as stream:
                head = b"".join(iter(stream.readline, b"\r\n"))
                found = LENGTH.search(head)
                assert found is not None
                raw_copy(Part(stream, int(found[1])), target)
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


if __name__ == "__main__":
    main()
