"""Signing in and out. It belongs to the blueprint `accounts`.

Signing in is the OIDC dance whoever the provider is: out with state, nonce and challenge, back with a
one-time code. What is remembered meanwhile lies in a signed cookie of ten minutes.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Any, cast

from flask import Response as FlaskResponse
from flask import after_this_request, redirect, render_template, request, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from photos.backends.identity.pkce import s256
from photos.db import sessions as session_rows
from photos.db import users as user_rows
from photos.errors import Denied, Invalid
from photos.ids import new_secret
from photos.web import deps, sessions
from photos.web.accounts import blueprint
from photos.web.origins import own_origin, safe_next
from photos.wiring import derived_key

FLOW_SECONDS = 600
MOST_FLOWS = 5
"""Sign-ins that may be under way in one browser: one for each tab it reopened."""
LONGEST_STATE = 200
Page = str | tuple[str, int] | Response
REFUSALS = {
    "access_denied": "You did not sign in, or the provider refused. Try again, or use another account.",
    "temporarily_unavailable": "The sign-in provider does not answer just now. Try again in a minute.",
    "server_error": "The sign-in provider failed. Try again in a minute.",
}


@blueprint.get("/sign-in")
def sign_in() -> Page:
    """Begin to sign in, or show how to begin at all while nobody is here."""
    target = safe_next(request.args.get("next", "/"))
    if deps.person():
        return redirect(target, 303)
    identity = deps.backends().identity
    if not identity.origin:
        with deps.database().read() as connection:
            is_empty = user_rows.count_users(connection) == 0
        if is_empty:
            return render_template("accounts/first_run.html")
    flow = {"state": new_secret(), "nonce": new_secret(), "verifier": new_secret(), "next": target}
    response = redirect(
        identity.authorize_url(
            redirect_uri=_callback_url(),
            state=flow["state"],
            nonce=flow["nonce"],
            code_challenge=s256(flow["verifier"]),
        ),
        303,
    )
    _remember_flows(response, [*_flows(), flow][-MOST_FLOWS:])
    return response


@blueprint.get("/sign-in/callback")
def callback() -> Page:
    """Come back from the provider. The state is looked at first, and is good for one try.

    Raises Invalid (state, code, the provider's own refusal), Denied (disabled) and IdentityError.
    """
    flow = _take_flow(request.args.get("state", ""))
    if refusal := request.args.get("error"):
        raise Invalid(
            REFUSALS.get(
                refusal, "The sign-in provider did not accept the request. Its settings may be wrong."
            ),
            code="provider",
        )
    identity = deps.backends().identity.exchange(
        request.args.get("code", ""),
        redirect_uri=_callback_url(),
        nonce=flow["nonce"],
        code_verifier=flow["verifier"],
    )
    with deps.database().write() as connection:
        person = user_rows.ensure_user(connection, identity, now=datetime.now(UTC))
    if person.is_disabled:
        raise Denied("This account is locked. An administrator can open it again.")
    sessions.sign_in(person)
    return redirect(safe_next(flow["next"]), 303)


@blueprint.post("/sign-out")
def sign_out() -> Response:
    """End this session, here and at the provider."""
    sessions.sign_out()
    return_to = own_origin() + url_for("accounts.signed_out")
    response = redirect(deps.backends().identity.sign_out_url(return_to=return_to), 303)
    response.headers["Clear-Site-Data"] = '"storage"'
    return response


@blueprint.get("/signed-out")
def signed_out() -> str:
    """Say that it is done."""
    return render_template("accounts/signed_out.html")


@blueprint.post("/account/sessions/end")
def end_sessions() -> Page:
    """Sign out everywhere, here too."""
    with deps.database().write() as connection:
        session_rows.delete_sessions(connection, deps.user().id)
    return sign_out()


def _callback_url() -> str:
    return own_origin() + url_for("accounts.callback")


def _flow_signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(derived_key(deps.backends().secret_key, "sign-in"), salt="flow")


def _flow_cookie() -> str:
    return "__Host-bigimage-flow" if deps.settings().is_https else "bigimage-flow"


def _flows() -> list[dict[str, str]]:
    try:
        return cast(
            list[dict[str, str]],
            _flow_signer().loads(request.cookies.get(_flow_cookie(), ""), max_age=FLOW_SECONDS),
        )
    except BadSignature:
        return []


def _remember_flows(response: Response, flows: list[dict[str, str]]) -> None:
    settings: dict[str, Any] = {
        "path": "/",
        "secure": deps.settings().is_https,
        "httponly": True,
        "samesite": "Lax",
    }
    if flows:
        response.set_cookie(
            _flow_cookie(), str(_flow_signer().dumps(flows)), max_age=FLOW_SECONDS, **settings
        )
    else:
        response.delete_cookie(_flow_cookie(), **settings)


def _take_flow(state: str) -> dict[str, str]:
    """The flow of this state, which no later request can take again. Raises Invalid."""
    flows = _flows()
    sent = state[:LONGEST_STATE].encode()
    found = [flow for flow in flows if hmac.compare_digest(flow["state"].encode(), sent)]
    if not found:
        raise Invalid(
            "This sign-in did not begin in this browser, was used already, or took too long. Sign in again.",
            code="state",
        )

    @after_this_request
    def forget(response: FlaskResponse) -> FlaskResponse:
        _remember_flows(response, [flow for flow in flows if flow is not found[0]])
        return response

    return found[0]
