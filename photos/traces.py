"""Traces by OpenTelemetry, for who wants them: requests, statements and calls of AWS, from page to worker.

Off unless `TRACES_URL` names a collector and the packages of `requirements-traces.txt` are there. They are
sent by a thread of their own, so a collector that is down costs spans and nothing else. It starts in each
process by itself, after gunicorn has forked: a thread does not survive that.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from photos.logs import mask, request_id, user_hash

if TYPE_CHECKING:
    from opentelemetry.trace import Span

log = logging.getLogger(__name__)

SEND_SECONDS = 5
FROM_QUEUE = "HTTP_X_AWS_SQSD_ATTR_TRACEPARENT"
"""Where the worker tier's daemon puts the attribute `traceparent` of a message."""

_carry: Callable[[dict[str, str]], object] | None = None


def start(app: Any, engine: Any, *, url: str, tier: str) -> None:
    """Trace this process of Flask's `app`, if `url` is given. What goes wrong is logged and stops nothing."""
    if not url:
        return
    try:
        _start(app, engine, url, tier)
    except Exception:
        log.exception("there will be no traces (their packages: requirements-traces.txt)")


def carrier() -> dict[str, str]:
    """What a message has to carry so that its work joins this trace; nothing without one."""
    words: dict[str, str] = {}
    if _carry is not None:
        _carry(words)
    return words


def _start(app: Any, engine: Any, url: str, tier: str) -> None:
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.botocore import BotocoreInstrumentor
    from opentelemetry.instrumentation.flask import FlaskInstrumentor
    from opentelemetry.instrumentation.sqlalchemy import SQLAlchemyInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    global _carry
    provider = TracerProvider(resource=Resource.create({"service.name": f"bigimage-{tier}"}))
    exporter = OTLPSpanExporter(endpoint=f"{url.rstrip('/')}/v1/traces", timeout=SEND_SECONDS)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    BotocoreInstrumentor().instrument()  # type: ignore[no-untyped-call]
    # it names the SQLAlchemy versions it was tried with; what it listens to is the same in ours
    SQLAlchemyInstrumentor().instrument(engine=engine, skip_dep_check=True)
    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
        app, excluded_urls="/health", response_hook=_with_id
    )
    app.wsgi_app = _Entrance(app.wsgi_app)
    _carry = TraceContextTextMapPropagator().inject


def _with_id(span: Span, _status: str, _headers: list[tuple[str, str]]) -> None:
    """The id that the log lines have, and a hash of who is signed in; nobody's name."""
    span.set_attribute("bigimage.request_id", request_id.get())
    if user_hash.get():
        span.set_attribute("enduser.pseudo.id", user_hash.get())


class _Entrance:
    """Before anything is traced: no span may hold a query, which can be codes and signatures, and the work of
    a message joins the trace of the request that sent it."""

    def __init__(self, inner: Callable[..., Iterable[bytes]]) -> None:
        self._inner = inner

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["RAW_URI"] = mask(environ.get("PATH_INFO", ""))
        if FROM_QUEUE in environ:
            environ["HTTP_TRACEPARENT"] = environ[FROM_QUEUE]
        return self._inner(environ, start_response)
