"""The one table from an error to its status, page and problem document.

A page shows what happened, what to do, and the request id that the log line carries. The API answers
with RFC 9457 problem details. A thing that is not yours gives the same bytes as one that is not there.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from typing import Any

import msgspec
from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from werkzeug.exceptions import HTTPException

from photos import logs
from photos.errors import (
    BackendError,
    BigimageError,
    Conflict,
    DatabaseFull,
    Denied,
    Invalid,
    NotFound,
    StorageFull,
    TooMany,
)

log = logging.getLogger(__name__)
RETRY_SECONDS = 5
DRAINED_BYTES = 64 * 1024**2
DRAINED_SECONDS = 10
"""So much is read of a body that is not taken, and for so long."""

TITLES = {
    400: "This request cannot be read",
    401: "Sign in first",
    403: "This is not for you",
    404: "There is nothing here",
    405: "This cannot be done here",
    408: "The request took too long",
    409: "Not as things stand now",
    410: "This is gone",
    411: "The size is missing",
    412: "Not as things stand now",
    413: "Too large",
    414: "The address is too long",
    415: "This kind of content is not taken here",
    416: "Beyond the end",
    422: "This cannot be accepted",
    429: "Too many tries",
    500: "This did not work, and it is our fault",
    503: "A part of Bigimage does not answer",
    507: "No space is left",
}
SILENT = {
    "database": "The list of your photos cannot be reached just now.",
    "storage": "The place where the photos are kept cannot be reached just now.",
    "search": "The search cannot be reached just now. Your photos can be looked at meanwhile.",
    "identity": "The sign-in cannot be reached just now.",
    "jobs": "The queue of work cannot be reached just now.",
}
"""What does not answer, by its role, for people."""
DETAILS = {
    404: "It may have been deleted, or the address is wrong.",
    405: "The address is right, but it does not take this kind of request.",
    413: "Send less at once.",
    500: "It is noted. Try again; if it happens again, tell whoever runs this library the number below.",
    503: "Nothing is lost. Try again in a few seconds; if it stays so, tell whoever runs this library.",
    507: "The disk is full. What is stored stays safe; new photos have to wait until there is room.",
}


class Problem(msgspec.Struct, frozen=True):
    """What is told to the person or program that asked."""

    status: int
    code: str
    detail: str
    field: str = ""
    retry_after: int | None = None
    position: int | None = None
    heading: str = ""
    """Of its page, where the title says too little to a person."""

    @property
    def title(self) -> str:
        """A few words, the same for every problem of this status."""
        return TITLES.get(self.status, "This did not work")


def problem_of(error: BigimageError) -> Problem:
    """The table. Details of a failing part stay in the log."""
    match error:
        case NotFound():
            return Problem(404, "not_found", DETAILS[404])
        case Invalid():
            position = getattr(error, "position", None)
            return Problem(400, error.code, error.reason, error.field, position=position)
        case Conflict():
            return Problem(409, error.code, error.reason)
        case Denied():
            return Problem(403, "denied", error.reason)
        case TooMany():
            return Problem(429, "too_many", error.reason, retry_after=error.retry_after_seconds)
        case StorageFull() | DatabaseFull():
            return Problem(507, "storage_full", DETAILS[507], retry_after=RETRY_SECONDS)
        case BackendError():
            detail = f"{SILENT.get(error.role, '')} {DETAILS[503]}".lstrip()
            return Problem(503, f"{error.role}_unavailable", detail, retry_after=RETRY_SECONDS)
        case _:
            return Problem(500, "internal", DETAILS[500])


def problem_response(problem: Problem) -> Response:
    """The problem as a page, or as `application/problem+json` where no person looks."""
    response = _json(problem) if is_api() or request.blueprint == "media" or _is_worker() else _page(problem)
    response.status_code = problem.status
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(problem.retry_after)
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="bigimage"'
    return response


def is_api() -> bool:
    """Whether the caller is a program: it gets JSON and is never redirected."""
    return request.path == "/api" or request.path.startswith("/api/")


def _is_worker() -> bool:
    """Whether this is the tier without pages."""
    return "worker" in current_app.blueprints


def init_errors(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(BigimageError, _on_own)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_unexpected)


def _on_own(error: BigimageError) -> Response:
    problem = problem_of(error)
    if problem.status == 500:
        return _on_unexpected(error)
    if isinstance(error, BackendError):
        log.error("%s", error, exc_info=error)
    return problem_response(problem)


def _on_http(error: HTTPException) -> Response:
    if isinstance(error.response, Response):
        return error.response
    status = error.code or 500
    if status < 400:
        return make_response(error.get_response())
    if status == 413:
        _drain()
    detail = DETAILS.get(status) or error.description or ""
    response = problem_response(Problem(status, error.name.lower().replace(" ", "_"), detail))
    for name, value in error.get_headers():
        if name.lower() in {"allow", "content-range", "accept-ranges"}:
            response.headers[name] = value
    return response


def _drain() -> None:
    """Read the rest of what is too large, within bounds.

    A browser that is hung up on while it still sends shows an error of its own in place of our page.
    """
    left = request.content_length or 0
    if left > DRAINED_BYTES:
        return
    give_up_at = time.monotonic() + DRAINED_SECONDS
    with suppress(OSError):
        while left > 0 and time.monotonic() < give_up_at:
            piece = request.environ["wsgi.input"].read(min(left, 65536))
            left -= len(piece) or left


def _on_unexpected(error: Exception) -> Response:
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return problem_response(Problem(500, "internal", DETAILS[500]))


def _json(problem: Problem) -> Response:
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": logs.request_id.get(),
    }
    if problem.field:
        body["field"] = problem.field
    if problem.position is not None:
        body["position"] = problem.position
    response = jsonify(body)
    response.mimetype = "application/problem+json"
    return response


def _page(problem: Problem) -> Response:
    return make_response(
        render_template("errors/error.html", problem=problem, request_id=logs.request_id.get(), lone=True)
    )
