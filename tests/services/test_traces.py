"""Traces reach a collector, join from page to worker, hold no secret, and never stand in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.servers.app import ROOT
from tests.servers.ports import free_port

# A process of each tier in one: a page is asked for, and what its message would carry comes to the door.
SCRIPT = """
from photos import traces
from photos.app import create_app
from photos.config import read_settings
from photos.services import accounts, tokens
from photos.wiring import open_backends, prepare

backends = open_backends(read_settings())
prepare(backends)
app = create_app(backends=backends)
carried = []

@app.after_request
def carry(response):
    carried.append(traces.carrier())
    return response

client = app.test_client()
assert client.get("/sign-in/callback?code=CANARY&state=CANARY").status_code < 500
assert client.get("/provider/link/CANARY").status_code < 500
assert client.get("/api/v1/me", headers={"Authorization": "Bearer bgi_" + "CANARY" * 7}).status_code == 401
person = accounts.create_account("CANARY@example.org", "a long enough word", database=backends.database)
secret, _ = tokens.create_token(person, name="t", scopes=frozenset({"read"}), database=backends.database)
me = client.get("/api/v1/photos", headers={"Authorization": f"Bearer {secret}"})
assert me.status_code == 200
first, *_ = carried
door = {f"X-Aws-Sqsd-Attr-{name}": value for name, value in first.items()}
assert client.get("/version", headers=door).status_code == 200
print(len(first))
"""


class Collector:
    """Takes what exporters send over HTTP."""

    def __init__(self) -> None:
        self.spans: list[Span] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                    for scope in resource.scope_spans:
                        outer.spans += scope.spans
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Silent."""

        self.server = HTTPServer(("127.0.0.1", free_port()), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def named(self, path: str) -> Span:
        """The span of a request."""
        (found,) = (
            span
            for span in self.spans
            if any(pair.key == "http.target" and pair.value.string_value == path for pair in span.attributes)
        )
        return found


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    yield collector
    collector.server.shutdown()
    collector.server.server_close()


def ask(folder: Path, url: str) -> str:
    environ = {
        "PATH": os.environ["PATH"],
        "BIGIMAGE_DATA": str(folder),
        "BASE_URL": "http://localhost",
        "RECOGNITION": "off",
        "TRACES_URL": url,
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_request_its_statements_and_its_job_are_one_trace_without_secrets(
    collector: Collector, tmp_path: Path
) -> None:
    assert ask(tmp_path, collector.url) == "1"
    page, work = collector.named("/sign-in/callback"), collector.named("/version")
    assert work.trace_id == page.trace_id
    assert any(
        span.parent_span_id and span.name.startswith(("SELECT", "BEGIN", "connect"))
        for span in collector.spans
    )
    assert any(pair.key == "bigimage.request_id" and pair.value.string_value for pair in page.attributes)
    assert not any("CANARY" in str(span).upper() for span in collector.spans)


def test_a_span_tells_a_signed_in_person_from_others_and_names_nobody(
    collector: Collector, tmp_path: Path
) -> None:
    ask(tmp_path, collector.url)
    assert len(hash_in(collector.named("/api/v1/photos"))) == 16
    assert hash_in(collector.named("/api/v1/me")) == hash_in(collector.named("/version")) == ""


def hash_in(span: Span) -> str:
    """Of the person, or nothing."""
    return "".join(each.value.string_value for each in span.attributes if each.key == "enduser.pseudo.id")


def test_a_collector_that_is_down_stops_nothing(tmp_path: Path) -> None:
    assert ask(tmp_path, f"http://127.0.0.1:{free_port()}") == "1"


def test_nothing_is_carried_where_nothing_is_traced(tmp_path: Path) -> None:
    assert ask(tmp_path, "") == "0"
