"""The nginx that ships, in the places where Elastic Beanstalk's Python platform puts its files.

The frame around them is written after the platform's own `nginx.conf` (Amazon Linux 2023), as it stands in
public repositories: what it sets, ours may not set again, and the order of the includes is the same.
"""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.app import descendants
from tests.servers.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ROOT / ".platform" / "nginx"
START_SECONDS = 10
DRAIN_SECONDS = 60

FRAME = """
daemon off;
error_log {folder}/error.log warn;
pid {folder}/pid;
worker_processes auto;

events {{
    worker_connections 1024;
}}

http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                    '$status $body_bytes_sent "$http_referer" '
                    '"$http_user_agent" "$http_x_forwarded_for"';
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;

    include conf.d/*.conf;

    map $http_upgrade $connection_upgrade {{
        default "upgrade";
    }}

    server {{
        listen 127.0.0.1:{port} default_server;
        access_log {folder}/access.log main;
        client_header_timeout 60;
        client_body_timeout 60;
        keepalive_timeout 60;
        gzip off;
        gzip_comp_level 4;
        gzip_types text/plain text/css application/json application/javascript;

        include conf.d/elasticbeanstalk/*.conf;
    }}
}}
"""
HEALTH_FORMAT = """log_format healthd
    '$msec"$uri"$status"$request_time"$upstream_response_time"$http_x_forwarded_for';
"""
APPLICATION = "location / {\n    proxy_pass http://127.0.0.1:8000;\n    proxy_set_header Host $host;\n}\n"


def program() -> str | None:
    """Where nginx is; Debian puts it where an ordinary user's path does not lead."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/sbin")


@dataclass
class Nginx:
    """In front of the application's processes on the ports `behind`. A context manager.

    `changes` are replacements in the shipped files, such as shorter time-outs; each has to be found.
    """

    behind: tuple[int, ...]
    changes: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="bigimage-nginx-")))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        """What it has complained about."""
        path = self.folder / "error.log"
        return path.read_text() if path.exists() else ""

    def write(self) -> None:
        """Lay the files out as on an instance: first the platform's, then ours over them."""
        self.folder.chmod(0o711)  # started by root, its workers are somebody else
        places = self.folder / "conf.d" / "elasticbeanstalk"
        places.mkdir(parents=True)
        (self.folder / "conf.d" / "healthd_http.conf").write_text(HEALTH_FORMAT)
        (places / "00_application.conf").write_text(APPLICATION)
        (places / "healthd.conf").write_text(f"access_log {self.folder}/health.log healthd;\n")
        shutil.copytree(SHIPPED, self.folder, dirs_exist_ok=True)
        (self.folder / "nginx.conf").write_text(FRAME.format(folder=self.folder, port=self.port))
        self._replace({"server 127.0.0.1:8000;": _servers(self.behind), **self.changes})

    def send_to(self, *ports: int) -> None:
        """Ask only these from now on. Returns when what was asked of others is answered, as a load balancer
        does that takes a machine out of service."""
        assert self._process is not None
        before = set(descendants(self._process.pid))
        self._replace({_servers(self.behind): _servers(ports)})
        self.behind = ports
        self._process.send_signal(signal.SIGHUP)
        give_up_at = time.monotonic() + DRAIN_SECONDS
        while before & set(descendants(self._process.pid)):
            assert time.monotonic() < give_up_at, self.log
            time.sleep(0.02)

    def _replace(self, changes: dict[str, str]) -> None:
        missing = set(changes)
        for path in (self.folder / "conf.d").rglob("*.conf"):
            text = path.read_text()
            for old, new in changes.items():
                if old in text:
                    missing.discard(old)
                    text = text.replace(old, new)
            path.write_text(text)
        assert not missing, f"not in {SHIPPED}: {missing}"

    def check(self) -> str:
        """What `nginx -t` says; raises CalledProcessError where it refuses the files."""
        tried = subprocess.run(
            [*self._command(), "-t"], capture_output=True, text=True, check=True, timeout=START_SECONDS
        )
        return tried.stderr

    def __enter__(self) -> Self:
        self.write()
        self._process = subprocess.Popen(
            self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        give_up_at = time.monotonic() + START_SECONDS
        while not self._answers():
            assert self._process.poll() is None, self.log
            assert time.monotonic() < give_up_at, self.log
            time.sleep(0.02)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(START_SECONDS)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _command(self) -> list[str]:
        found = program()
        assert found is not None
        return [
            found,
            "-p",
            str(self.folder),
            "-e",
            f"{self.folder}/error.log",
            "-c",
            str(self.folder / "nginx.conf"),
        ]

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            return True
        return False


def _servers(ports: tuple[int, ...]) -> str:
    """A server that died is passed over for each request anew: none is thought dead after it is back."""
    return " ".join(f"server 127.0.0.1:{port} max_fails=0;" for port in ports)
