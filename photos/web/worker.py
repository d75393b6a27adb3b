"""The door of the worker tier: the daemon of Elastic Beanstalk posts here what comes through the queue.

Only 200 deletes a message, so 200 means done; whatever else is answered, the message comes again, and after
a number of tries SQS puts it among the dead letters. The daemon runs on the same machine, behind the same
nginx as everybody would: so every address on the way must be loopback, and a job must carry our signature.
What cannot be signed, a bucket's events and the hours of cron.yaml, is believed in nothing but its name.
"""

from __future__ import annotations

import contextvars
import ipaddress
import json
import logging
import os
import re
import signal
import threading
import time
from collections.abc import Callable

from flask import Blueprint, Request, Response, jsonify, request

from photos import logs, tasks
from photos.backends.jobs import letter
from photos.errors import BackendError, BigimageError, Denied, NotFound
from photos.models import Job
from photos.services import dropbox, failures
from photos.services.bucket_events import read_events
from photos.web import deps
from photos.wiring import JOBS_PURPOSE, Backends, derived_key

log = logging.getLogger(__name__)
blueprint = Blueprint("worker", __name__, url_prefix="/worker")

DAEMON = "aws-sqsd/"
_REQUEST_ID = re.compile(r"[0-9a-f]{16,32}")


@blueprint.before_request
def admit() -> None:
    """Let nobody in but the daemon of this machine. Raises Denied."""
    if not (_is_from_here(request) and request.headers.get("User-Agent", "").startswith(DAEMON)):
        log.warning("somebody else than the daemon knocked at %s", request.path)
        raise Denied("Only the daemon of this machine may do this.")
    cause = request.headers.get("X-Aws-Sqsd-Attr-request-id", "")
    if _REQUEST_ID.fullmatch(cause):
        logs.request_id.set(cause)


@blueprint.post("/message")
def take_message() -> Response:
    """One message of the queue."""
    here, body = deps.backends(), request.get_data(as_text=True)
    attempt = _number(request.headers.get("X-Aws-Sqsd-Receive-Count", "1"))
    return _answer(lambda: handle(body, here, attempt=attempt), attempt)


@blueprint.post("/cron/<name>")
def keep_hour(name: str) -> Response:
    """One entry of cron.yaml, which may come twice. Raises NotFound for a name that is not in it."""
    if name not in tasks.TIMED or request.headers.get("X-Aws-Sqsd-Taskname") != name:
        raise NotFound("timed task", name)
    here = deps.backends()
    return _answer(lambda: tasks.keep_hour(name, here), 1)


def handle(body: str, backends: Backends, *, attempt: int = 1) -> None:
    """Do what a message says, whoever brought it.

    Raises BackendError for "later", NotFound for "gone", and Invalid for what will never be right.
    """
    if letter.is_letter(body):
        name, payload = letter.unseal(body, key=_signing_key(backends))
        tasks.run(Job("", name, payload, attempt), backends)
        return
    dropbox.take_events(
        read_events(body),
        settings=backends.settings,
        database=backends.database,
        storage=backends.storage,
        jobs=backends.jobs,
    )


def simulate(text: str, backends: Backends) -> None:
    """`handle` for an operator, who need not sign: {"name": ..., "payload": {...}} is a job too."""
    try:
        match json.loads(text):
            case {"name": str(name), "payload": dict(payload)}:
                text = letter.seal(name, payload, key=_signing_key(backends))
    except (ValueError, RecursionError):
        pass  # `handle` says what it thinks of it
    handle(text, backends)


def _signing_key(backends: Backends) -> bytes:
    """What jobs are signed with, here and where they are sent."""
    return derived_key(backends.secret_key, JOBS_PURPOSE)


def _answer(work: Callable[[], object], attempt: int) -> Response:
    """200 when it is done. What went wrong is noted for those who look at the dead letters."""
    here, message_id = deps.backends(), request.headers.get("X-Aws-Sqsd-Msgid", "")[:100]
    began = time.monotonic()
    try:
        within(here.settings.job_seconds, work)
    except NotFound as gone:
        log.info("message %s is void: %s", message_id, gone)
    except Exception as error:
        reason = str(error) if isinstance(error, BigimageError) else f"a mistake: {type(error).__name__}"
        log.warning("message %s failed at try %d: %s", message_id, attempt, reason)
        _note(message_id, reason, attempt, here)
        raise
    log.info("message %s done in %d ms", message_id, (time.monotonic() - began) * 1000)
    return jsonify(status="done")


def _note(message_id: str, reason: str, attempt: int, backends: Backends) -> None:
    try:
        failures.note(message_id, reason=reason, attempt=attempt, database=backends.database)
    except BackendError as error:
        log.warning("why message %s failed is not noted: %s", message_id, error)


def within(seconds: float, work: Callable[[], object]) -> None:
    """Do it in a thread of its own; raises what it raises, and BackendError where it takes too long.

    A thread cannot be ended. So this process then ends in good order, with the other jobs in it, and takes
    the hanging one along; gunicorn starts another.
    """
    ended: list[BaseException | None] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            ended.append(error)
        else:
            ended.append(None)

    thread = threading.Thread(target=contextvars.copy_context().run, args=(run,), name="job", daemon=True)
    thread.start()
    thread.join(seconds)
    if not ended:
        log.error("a job hangs: it is given up after %d s, and this process ends", seconds)
        os.kill(os.getpid(), signal.SIGTERM)
        raise BackendError("job", "finish within", f"{seconds:.0f} s")
    if ended[0] is not None:
        raise ended[0]


def _is_from_here(asked: Request) -> bool:
    """Whether each address on the way is loopback, before any proxy's word is taken for it."""
    environ = asked.environ
    peer = environ.get("werkzeug.proxy_fix.orig", environ).get("REMOTE_ADDR", "")
    forwarded = environ.get("HTTP_X_FORWARDED_FOR", "")
    return all(map(_is_loopback, [peer, *(forwarded.split(",") if forwarded else ())]))


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address.strip()).is_loopback
    except ValueError:
        return False


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 6 else 1
