"""gunicorn: a few processes with a few threads. No preload: it loses threads and connections on fork."""

import socket
import struct
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.http.wsgi import Response

from photos.config import read_settings

SILENCE_SECONDS = 10
# What one read of a body takes from the socket: as much as `/media` asks for. gunicorn would take a megabyte
# and copy what is left of it for each piece it hands out, which makes receiving cost three times as much.
SocketUnreader.max_body_chunk = 64 * 1024

_write = Response.write


class _Gathered(list[bytes]):
    """Stands in for a socket and keeps what would be sent."""

    sendall = list.append


def _write_at_once(response: Any, piece: bytes) -> None:
    """Send headers and the first piece of the body together, for most answers all there is.

    gunicorn sends one after the other. A process that is killed between the two leaves an answer that a proxy
    has begun to pass on, so that it can ask no other process.
    """
    if response.headers_sent:
        _write(response, piece)
        return
    sock, gathered = response.sock, _Gathered()
    response.sock = gathered
    try:
        _write(response, piece)
    finally:
        response.sock = sock
    sock.sendall(b"".join(gathered))


Response.write = _write_at_once  # type: ignore[method-assign]

settings = read_settings()

bind = f"[{settings.host}]:{settings.port}" if ":" in settings.host else f"{settings.host}:{settings.port}"
workers = settings.web_processes
worker_class = "gthread"
threads = settings.web_threads
# of a process that does not move at all; a job of the worker tier ends before that by its own limit
timeout = settings.job_seconds + 15 if settings.tier == "worker" else 60
graceful_timeout = 20
keepalive = 65  # longer than a load balancer's 60, so that it never meets a connection we just closed
limit_request_line = 8190
limit_request_fields = 64
limit_request_field_size = 8190
accesslog = None  # requests are logged by the application, with their id
errorlog = "-"
loglevel = "warning"
control_socket_disable = True


def when_ready(server: Any) -> None:
    """Hang up on whoever falls silent in the middle of a request: a request being read holds a thread.

    Accepted connections inherit this from the listening socket (Linux); gunicorn has no setting for it.
    """
    for listener in server.LISTENERS:
        limit = struct.pack("ll", SILENCE_SECONDS, 0)
        listener.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, limit)
