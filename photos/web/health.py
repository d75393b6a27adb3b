"""How the machine is: `/health` for load balancers, `/ready` for operators, `/version` for both.

None of them needs a session. `/health` touches nothing but the process, so that a database that is
down does not take every web server out of service with it.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from flask import Blueprint, Response, jsonify

import photos
from photos.errors import BackendError
from photos.services import one_index
from photos.web.deps import backends

log = logging.getLogger(__name__)
blueprint = Blueprint("health", __name__)


@blueprint.get("/health")
def health() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/ready")
def ready() -> tuple[Response, int, dict[str, str]]:
    """Ping every part. 503 names those that do not answer, and says nothing else to a stranger.

    What works only half is `degraded`: the recogniser works in another process and photos are kept without
    it; and an index beside which another machine has one of its own misses photos.
    """
    here = backends()
    missing = []
    for role in ("database", "secrets", "storage", "search", "identity", "jobs"):
        try:
            getattr(here, role).ping()
        except BackendError:
            log.warning("%s does not answer", role, exc_info=True)
            missing.append(role)
    degraded = ["recognition"] if here.recognition.missing() else []
    if not missing and (problem := one_index.find_problem(database=here.database, search=here.search)):
        log.error("%s", problem)
        degraded.append("search")
    if missing:
        return jsonify(status="not ready", missing=missing, degraded=degraded), 503, {"Retry-After": "5"}
    return jsonify(status="ok", missing=[], degraded=degraded), 200, {}


@blueprint.get("/version")
def version() -> Response:
    """Which version runs, and from which commit where that is known."""
    return jsonify(version=photos.__version__, commit=_commit())


@cache
def _commit() -> str | None:
    """The commit of the working copy that this process runs from; None where there is no git folder."""
    git = Path(photos.__file__).parent.parent / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        return (git / head.removeprefix("ref: ")).read_text().strip() if head.startswith("ref: ") else head
    except OSError:
        return None
