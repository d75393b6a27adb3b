"""An HTTP proxy before a store that speaks S3, failing as stores fail: busy, broken, cut, changed, lying.

The TCP proxy beside it knows no requests. They pass unchanged, with their Host header, so signatures hold.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from tests.servers.ports import free_port
from tests.servers.serving import serving

REFUSAL = "<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
HOP = frozenset({"connection", "transfer-encoding", "keep-alive", "content-length"})


@dataclass(frozen=True)
class Answer:
    """What the store answered, on its way to the client."""

    method: str
    path: str
    status: int
    body: bytes


@dataclass
class S3Proxy:
    """Passes requests on to `target_port` on 127.0.0.1.

    `refuse` says, for a request's method and path, with which (status, code) it is refused without being
    passed on; None passes it. `message` is what refusals say. `change` gives the body of an answer, whose
    length is announced unchanged.
    `tag`, if it is set, takes the place of the tag in answers to PUT: that of something else than was sent.
    """

    target_port: int
    port: int = field(default_factory=free_port)
    refuse: Callable[[str, str], tuple[int, str] | None] = lambda _method, _path: None
    message: str = "by the test"
    change: Callable[[Answer], bytes] = lambda answer: answer.body
    tag: str = ""
    asked: list[tuple[float, str, str]] = field(default_factory=list)
    """When (monotonic), method and path of every request."""

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", self.port), _Handler)
        self._server.proxy = self
        self._serving = serving(self._server)
        self._serving.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._serving.__exit__(kind, error, trace)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: S3Proxy


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _pass(self) -> None:
        proxy = self.server.proxy
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        proxy.asked.append((time.monotonic(), self.command, self.path))
        refusal = proxy.refuse(self.command, self.path)
        if refusal is not None:
            status, code = refusal
            body = REFUSAL.format(code=code, message=proxy.message).encode()
            self._answer(status, [("Content-Type", "application/xml")], body)
            return
        connection = http.client.HTTPConnection("127.0.0.1", proxy.target_port, timeout=30)
        try:
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                if name.lower() not in {"connection", "expect"}:
                    connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            content = answer.read()
            length = int(answer.headers.get("Content-Length", len(content)))
            headers = [(name, value) for name, value in answer.getheaders() if name.lower() not in HOP]
            if proxy.tag and self.command == "PUT":
                headers = [
                    (name, f'"{proxy.tag}"' if name.lower() == "etag" else value) for name, value in headers
                ]
            changed = proxy.change(Answer(self.command, self.path, answer.status, content))
            self._answer(answer.status, headers, changed, length if self.command == "HEAD" else len(content))
        finally:
            connection.close()

    def _answer(
        self, status: int, headers: list[tuple[str, str]], body: bytes, length: int | None = None
    ) -> None:
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        announced = len(body) if length is None else length
        self.send_header("Content-Length", str(announced))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
            if len(body) != announced:
                self.close_connection = True

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = do_OPTIONS = _pass

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing to say."""
