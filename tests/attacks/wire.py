"""Bytes straight onto a socket, and an nginx in front, as clients that keep no rules would use them."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

CONFIGURATION = """
daemon off;
pid {folder}/pid;
error_log {folder}/error.log;
worker_processes 1;
events {{ worker_connections 1000; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    proxy_cache_path {folder}/cache keys_zone=shared:1m inactive=1h;
    client_header_timeout 5s;
    client_body_timeout 5s;
    client_max_body_size 600m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_set_header X-Forwarded-Proto http;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_cache shared;
            proxy_cache_key $request_method$request_uri;
            add_header X-Cache $upstream_cache_status always;
        }}
    }}
}}
"""
"""A proxy with a cache that believes every header of the application and knows nothing of cookies."""


def nginx_program() -> str | None:
    """Where nginx is; Debian puts it where an ordinary user's path does not lead."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


@contextmanager
def nginx_before(behind: int, *, port: int) -> Iterator[int]:
    """An nginx with a shared cache on `port`, in front of the port `behind`."""
    program = nginx_program()
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # started by root, its workers are somebody else
        path = Path(folder) / "nginx.conf"
        path.write_text(CONFIGURATION.format(folder=folder, port=port, behind=behind))
        command = [program, "-p", folder, "-e", f"{folder}/error.log", "-c", str(path)]
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            give_up_at = time.monotonic() + 10
            while not answers(port):
                assert process.poll() is None, (Path(folder) / "error.log").read_text()
                assert time.monotonic() < give_up_at
                time.sleep(0.02)
            yield port
        finally:
            process.terminate()
            process.wait(10)


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


@dataclass(frozen=True)
class Answer:
    """All bytes that came back, and whether the other side hung up."""

    body: bytes
    is_closed: bool

    @property
    def statuses(self) -> list[int]:
        """The status of each answer on this connection."""
        lines = [line for line in self.body.split(b"\r\n") if line.startswith(b"HTTP/1.")]
        return [int(line.split()[1]) for line in lines]


def exchange(port: int, request: bytes, *, seconds: float = 3.0) -> Answer:
    """Send bytes and read until the other side hangs up or is silent for `seconds`."""
    with socket.create_connection(("127.0.0.1", port), 5) as connection:
        connection.settimeout(seconds)
        received, is_closed = b"", False
        with suppress(OSError):
            connection.sendall(request)
        try:
            while chunk := connection.recv(65536):
                received += chunk
            is_closed = True
        except TimeoutError:
            pass
        except ConnectionResetError:
            is_closed = True
    return Answer(received, is_closed)
