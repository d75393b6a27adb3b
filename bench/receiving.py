"""Receiving five megabytes through `/media`: CPU time beside a raw copy, and the heap it takes."""

from __future__ import annotations

import io
import os
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count, cycle
from typing import IO, Any
from urllib.parse import urlsplit

from flask import Flask

from bench.copier import SEGMENT, copying, raw_copy
from bench.measure import (
    MIB,
    Effort,
    Figure,
    Findings,
    cpu_seconds,
    of_rounds,
    ratios,
    rotated,
    single,
    times,
)
from bench.served import Client, running
from photos.backends.storage.folder import FolderStorage, create_folder
from photos.web import media
from photos.web.errors import init_errors

SIZE = 5 * MIB


class SocketLike(io.RawIOBase):
    """A body of zeros that comes in pieces, as from a socket; nothing of it is kept."""

    def __init__(self, size_bytes: int) -> None:
        self._left = size_bytes
        self._piece = memoryview(bytes(SEGMENT))

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int:
        size = min(len(room), SEGMENT, self._left)
        room[:size] = self._piece[:size]
        self._left -= size
        return size


def measure(effort: Effort) -> Findings:
    """The rows about receiving."""
    create_folder(effort.folder / "storage")
    storage = FolderStorage(effort.folder / "storage", signing_key=os.urandom(32))
    app = Flask("receiving")
    app.register_blueprint(media.blueprint(storage))
    init_errors(app)
    multipart_id = storage.start_multipart("bench", media_type="image/jpeg")
    numbers = count(1)

    def receive(size_bytes: int = SIZE, body: IO[bytes] | None = None) -> None:
        # one number again and again would leave one file; the folder stays small all the same
        address = storage.part_url("bench", multipart_id, next(numbers) % 8 + 1, size_bytes=size_bytes)
        put(app, address, body or _from_socket(size_bytes), size_bytes)

    def copy() -> None:
        raw_copy(_from_socket(SIZE), effort.folder / "copy")

    taken = rotated(
        {"ours": times(10, receive), "copy": times(10, copy)},
        effort.choose(5, 15),
    )
    in_process = of_rounds(
        "receiving 5 MB, in process",
        ratios(taken, "ours", "copy"),
        "x a raw copy",
        "CPU time of the WSGI application, signature and flush to disk included; the copy reads 64 KiB and "
        "writes 512 KiB at a time, and is flushed too",
        bar=2.0,
    )
    return Findings(
        figures=[in_process, *_heap(receive), _through_gunicorn(effort)],
        peers=["a raw copy of the same bytes"],
    )


def _from_socket(size_bytes: int) -> io.BufferedReader:
    return io.BufferedReader(SocketLike(size_bytes), SEGMENT)


def put(app: Callable[..., Any], address: str, body: IO[bytes], size_bytes: int) -> None:
    """One PUT to a WSGI application, without a server. Raises RuntimeError unless it succeeds."""
    parts = urlsplit(address)
    answers: list[str] = []
    environ = {
        "REQUEST_METHOD": "PUT",
        "PATH_INFO": parts.path,
        "QUERY_STRING": parts.query,
        "CONTENT_LENGTH": str(size_bytes),
        "CONTENT_TYPE": "application/octet-stream",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "HTTP_HOST": "localhost",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.input": body,
        "wsgi.errors": io.StringIO(),
        "wsgi.url_scheme": "http",
        "wsgi.version": (1, 0),
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    answer = app(environ, lambda status, *_: answers.append(status))
    b"".join(answer)
    if close := getattr(answer, "close", None):
        close()
    if not answers[0].startswith("200"):
        raise RuntimeError(f"{address} answered {answers[0]}")


def _heap(receive: Callable[[int, IO[bytes]], None]) -> Iterator[Figure]:
    for size_bytes in (SIZE, 10 * SIZE):
        # the body and its buffer belong to the bench
        bodies = [_from_socket(size_bytes) for _ in range(2)]
        tracemalloc.start()
        receive(size_bytes, bodies[0])
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        receive(size_bytes, bodies[1])
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
        yield single(
            f"heap while receiving {size_bytes // MIB} MB",
            peak / MIB,
            "MiB",
            "peak of all Python allocations of one request, by tracemalloc",
            bar=0.5,
            noise=0.0,
        )


def _through_gunicorn(effort: Effort) -> Figure:
    """The web server's CPU time for a part, beside the same bytes copied raw from a socket."""
    body = bytes(SIZE)
    with (
        running(effort.folder / "served", WEB_PROCESSES="1") as served,
        copying(effort.folder / "copy") as copier,
    ):
        client = Client(served)
        offered = [client.offer(b"%d" % number + body) for number in range(4)]
        targets = cycle(offer["parts"][0]["url"] for offer in offered)  # type: ignore[index]
        servers = served.app.pids("gunicorn")
        ours: list[float] = []
        raw: list[float] = []
        for turn in range(effort.choose(6, 16)):
            for pids, spent, send in (
                (servers, ours, lambda: client.put(next(targets), b"0" + body)),
                ([copier.pid], raw, partial(copier.send, body)),
            ):
                before = cpu_seconds(*pids) - cpu_seconds()
                for _ in range(4):
                    send()
                if turn:
                    spent.append(cpu_seconds(*pids) - cpu_seconds() - before)
        client.close()
    return of_rounds(
        "receiving 5 MB through gunicorn",
        [mine / theirs for mine, theirs in zip(ours, raw, strict=True)],
        "x a raw copy",
        "CPU time of the web server; the copy is a loop from socket to file in a process of its own",
        bar=2.0,
    )
