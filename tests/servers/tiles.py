"""A tile server of maps over https: one grey tile for every address, and what was asked for."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.pictures import encode, scene
from tests.servers.certificates import Authority
from tests.servers.ports import free_port

SIDE = 256


@dataclass
class TileServer:
    """`url` is where it listens, without a slash at the end."""

    url: str
    asked: list[str] = field(default_factory=list)
    """Paths, in order."""


@contextmanager
def serving_tiles(folder: Path) -> Iterator[TileServer]:
    """Serve until the block ends; the certificate lies in `folder`, and nobody trusts it by itself."""
    tile = encode(scene(SIDE, SIDE, seed=3), "PNG")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            tiles.asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(tile)))
            self.end_headers()
            self.wfile.write(tile)

        def log_message(self, *_: object) -> None:
            """Nothing on the terminal."""

    certificate = Authority(folder).issue("127.0.0.1")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    with ThreadingHTTPServer(("127.0.0.1", free_port()), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        tiles = TileServer(f"https://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield tiles
        server.shutdown()
        thread.join()
