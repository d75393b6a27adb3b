"""A TCP proxy that fails on demand, before any server: slow, cut, refused, silent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from tests.servers.ports import free_port

_PIECE_BYTES = 16 * 1024
# Closing with this option sends a reset instead of an orderly end.
_RESET = struct.pack("ii", 1, 0)


@dataclass
class FaultProxy:
    """Passes TCP on from `port` to `target_port`, both on 127.0.0.1, in a thread of its own.

    Faults hold for connections that are open as well as for new ones, until `heal`:

        latency_seconds  wait before each piece, in both directions
        cut_after        reset a connection once that many bytes of answer have passed; counted from
                         the moment the fault is set
        black_hole       accept, swallow and say nothing
        refuse()         reset all connections and stop listening
    """

    target_port: int
    port: int = field(default_factory=free_port)
    latency_seconds: float = 0
    black_hole: bool = False
    connections: int = 0
    """How many were ever accepted."""
    _bytes_left: int | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"proxy-{self.port}", daemon=True)
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def cut_after(self, answer_bytes: int) -> None:
        """Reset each connection after that many more bytes of answer, over all connections."""
        self._bytes_left = answer_bytes

    def refuse(self) -> None:
        """Nobody is at home."""
        self._run(self._stop())

    def heal(self) -> None:
        """No fault any more."""
        self.latency_seconds, self.black_hole, self._bytes_left = 0, False, None
        if self._server is None:
            self._run(self._listen())

    def _run(self, step: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(step, self._loop).result(timeout=10)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        target_writer: asyncio.StreamWriter | None = None
        try:
            target_reader, target_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
            async with asyncio.TaskGroup() as both:
                both.create_task(self._pass_on(reader, target_writer, is_answer=False))
                both.create_task(self._pass_on(target_reader, writer, is_answer=True))
        except (OSError, ExceptionGroup, asyncio.CancelledError):
            self._reset(writer)
        finally:
            self._tasks.discard(task)
            for end in (writer, target_writer):
                if end is not None:
                    end.close()
                    with contextlib.suppress(OSError):
                        await end.wait_closed()

    async def _pass_on(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, is_answer: bool
    ) -> None:
        while piece := await source.read(_PIECE_BYTES):
            if self.latency_seconds:
                await asyncio.sleep(self.latency_seconds)
            if self.black_hole:
                continue
            if is_answer and self._bytes_left is not None:
                piece = piece[: self._bytes_left]
                self._bytes_left -= len(piece)
            target.write(piece)
            await target.drain()
            if is_answer and self._bytes_left == 0:
                raise ConnectionResetError("cut by the test")
        with contextlib.suppress(OSError):
            target.write_eof()

    @staticmethod
    def _reset(writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
