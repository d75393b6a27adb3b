"""The floor under every request: host check, access table, CSRF, and the headers of every response.

The order of the checks is the order in `init_security`; each answers with an error of
`photos.web.errors`. `/health` passes before the host check, since a load balancer asks by address.
"""

from __future__ import annotations

import hmac
import logging
import re
import secrets
import time
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from flask import Flask, Response, g, redirect, request, url_for
from werkzeug.exceptions import BadRequest, Forbidden, MethodNotAllowed, UnsupportedMediaType
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.wrappers import Response as AnyResponse

from photos import logs, metrics
from photos.config import Settings
from photos.errors import Denied
from photos.models import User
from photos.web import deps, routes, sessions
from photos.web.csrf import check_csrf
from photos.web.errors import Problem, is_api, problem_response
from photos.web.headers import headers_of
from photos.web.origins import known_origins, own_origin, plain_host, safe_next, trusted_origins
from photos.web.routes import Access
from photos.wiring import derived_key

log = logging.getLogger(__name__)

SAFE_METHODS = frozenset({"GET", "HEAD"})
_PROXY_ID = re.compile(r"[0-9a-f]{32}")
"""As nginx writes `$request_id`."""


def init_security(app: Flask, settings: Settings) -> None:
    """Install the checks and the headers. Call it before any other before_request function."""
    app.config.update(
        PROVIDE_AUTOMATIC_OPTIONS=False,
        MAX_CONTENT_LENGTH=routes.MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=routes.MAX_BODY_BYTES,
        MAX_FORM_PARTS=2000,
    )
    if settings.proxy_hops:
        hops = settings.proxy_hops
        # every proxy adds itself to X-Forwarded-For; the scheme is told by one and passed on by the others
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=1, x_host=hops
        )
    app.extensions["bigimage_origins"] = trusted_origins(settings)
    pages = (
        _begin,
        _check_host,
        _ask_for_https,
        _limit_body,
        _check_session,
        _check_access,
        _check_origin,
    )
    # no browser comes to the worker tier, and the daemon asks by the name of its own machine
    app.before_request(_in_order((_begin, _check_row) if settings.tier == "worker" else pages))
    app.after_request(_finish)


def _in_order(steps: Sequence[Callable[[], AnyResponse | None]]) -> Callable[[], AnyResponse | None]:
    """These steps as one, up to the first that answers: Flask examines each function it is given anew for
    every request."""

    def check() -> AnyResponse | None:
        for step in steps:
            if (answer := step()) is not None:
                return answer
        return None

    return check


def _begin() -> None:
    g.started = time.perf_counter()
    logs.request_id.set(_id_of_proxy() or secrets.token_hex(8))
    logs.user_hash.set("")


def _id_of_proxy() -> str:
    """The id that our own proxy gave the request; a client's word is not taken, since nothing replaces it."""
    given = request.headers.get("X-Request-Id", "") if deps.settings().proxy_hops else ""
    return given if _PROXY_ID.fullmatch(given) else ""


def _check_host() -> None:
    if request.path == "/health":
        return
    scheme = urlsplit(deps.settings().base_url).scheme
    if plain_host(request.host, scheme) not in known_origins():
        raise BadRequest(
            "Bigimage does not answer under this name. Whoever runs it can add the address to OTHER_ORIGINS."
        )


def _ask_for_https() -> AnyResponse | None:
    """Send a browser that came by http to https, where a proxy says which of them it was.

    Load balancers ask /health directly and the worker daemon has no proxy that would say.
    """
    if not deps.settings().is_https or request.path == "/health":
        return None
    if not deps.settings().proxy_hops or request.headers.get("X-Forwarded-Proto") != "http":
        return None
    if request.method not in SAFE_METHODS:
        raise Forbidden("This was sent without encryption. Use the address that begins with https.")
    return redirect(own_origin() + request.full_path.rstrip("?"), 301)


def _limit_body() -> None:
    route = (request.endpoint or "", request.method)
    if route in routes.LARGE_BODIES:
        request.max_content_length = routes.LARGE_BODIES[route]


def _check_session() -> None:
    failure = sessions.current().failure
    if failure is not None and not routes.is_bearer(request):
        raise failure


def _check_access() -> AnyResponse | None:
    if request.method == "OPTIONS":
        raise MethodNotAllowed
    access = _find_access()
    if access is None:
        return None  # no such route: 404 or 405 follow by themselves
    person = deps.person()
    if person is not None and deps.settings().traces_url:
        logs.user_hash.set(_hash_of(person))
    if person is None and routes.is_bearer(request):
        return problem_response(Problem(401, "token", "This token is unknown, expired or revoked."))
    if access in (Access.PUBLIC, Access.SIGNED_URL):
        return None
    if person is None:
        return _ask_to_sign_in()
    if access is Access.ADMIN and not person.is_admin:
        raise Denied("Only administrators may do this.")
    _check_scope()
    return None


def _hash_of(person: User) -> str:
    """The same for a person in every trace, and nobody's without the key."""
    key = derived_key(deps.backends().secret_key, "traces")
    return hmac.new(key, str(person.id).encode(), "sha256").hexdigest()[:16]


def _find_access() -> Access | None:
    """Who may use what is asked for; None for no such route. Raises Forbidden for one without a row."""
    endpoint = request.endpoint
    if endpoint is None:
        return None
    access = routes.access_of(endpoint, request.method)
    if access is None:
        log.error("route %s %s has no row in photos/web/routes.py", request.method, endpoint)
        raise Forbidden("Nobody may use this yet.")
    return access


def _check_row() -> None:
    _find_access()


def _check_scope() -> None:
    token = deps.token()
    if token is None:
        return
    needed = "read" if request.method in SAFE_METHODS else "write"
    if needed not in token.scopes:
        raise Denied(f"This token may not {needed}.")


def _ask_to_sign_in() -> AnyResponse:
    if is_api():
        return problem_response(Problem(401, "sign_in", "Sign in, or send a personal token."))
    target = request.full_path.rstrip("?") if request.method in SAFE_METHODS else ""
    next_path = safe_next(target) if target else ""
    return redirect(url_for("accounts.sign_in", next=next_path if next_path not in {"", "/"} else None), 303)


def _check_origin() -> None:
    """Nothing is changed for a page that is not ours: origin, fetch metadata, token, content type."""
    if request.method in SAFE_METHODS or request.endpoint is None or routes.is_bearer(request):
        _check_json()
        return
    if routes.access_of(request.endpoint, request.method) is Access.SIGNED_URL:
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != own_origin():
        raise Forbidden("This request came from another site.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in {"same-origin", "none"}:
        raise Forbidden("This request came from another site.")
    check_csrf()
    _check_json()


def _check_json() -> None:
    if (request.endpoint, request.method) in routes.LARGE_BODIES:
        return
    if not is_api() or request.is_json:
        return
    if request.content_length or request.headers.get("Transfer-Encoding") is not None:
        raise UnsupportedMediaType("Send JSON, with Content-Type: application/json.")


def _finish(response: Response) -> Response:
    given = {name.lower() for name, _ in response.headers}
    for name, value in headers_of(response, has_policy="content-security-policy" in given).items():
        if name.lower() not in given:
            response.headers.add(name, value)
    if not request.path.startswith(routes.NO_SESSION):
        _vary(response, "Cookie, Authorization" if is_api() else "Cookie")
    _log_request(response)
    return response


def _vary(response: Response, names: str) -> None:
    """Add to the header, which hardly any view sets: Werkzeug would parse and write it each time."""
    before = response.headers.get("Vary")
    response.headers["Vary"] = f"{before}, {names}" if before else names


def _log_request(response: Response) -> None:
    if request.path == "/health":
        return
    path = request.path
    for name, value in (request.view_args or {}).items():
        if name in {"token", "signature"}:
            path = path.replace(str(value), "***")
    elapsed = time.perf_counter() - g.get("started", time.perf_counter())
    pages = request.blueprint or request.endpoint or "none"
    metrics.record("RequestTime", elapsed * 1000, "Milliseconds", Pages=pages)
    metrics.record("RequestFailures", int(response.status_code >= 500), "Count", Pages=pages)
    log.info(
        "request",
        extra={
            "method": request.method,
            "path": path,
            "status": response.status_code,
            "duration_ms": round(elapsed * 1000, 1),
        },
    )
