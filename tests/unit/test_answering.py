"""What gunicorn sends of an answer, and in how many pieces."""

from __future__ import annotations

import runpy
import socket
from pathlib import Path
from types import SimpleNamespace

from gunicorn.config import Config
from gunicorn.http.wsgi import Response


def test_headers_and_the_first_piece_of_a_body_are_sent_at_once() -> None:
    runpy.run_path(str(Path(__file__).parents[2] / "gunicorn.conf.py"))
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # which keeps what was sent apart
    with here, there:
        request = SimpleNamespace(method="GET", version=(1, 1), should_close=lambda: False)
        response = Response(request, here, Config())
        response.start_response("200 OK", [("Content-Length", "8")])
        response.write(b"half")
        response.write(b"rest")
        first, second = there.recv(4096), there.recv(4096)
    assert first.startswith(b"HTTP/1.1 200 OK\r\n")
    assert first.endswith(b"\r\n\r\nhalf")
    assert second == b"rest"
