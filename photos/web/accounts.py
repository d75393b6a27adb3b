"""Signing in and out, and what people keep about themselves: name, password, sessions, tokens, theme.

Signing in is the OIDC dance whoever the provider is: out with state, nonce and challenge, back with a
one-time code. What is remembered meanwhile lies in a signed cookie of ten minutes.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Any, cast

from flask import (
    Blueprint,
    after_this_request,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import (
    Response as FlaskResponse,
)
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from photos.backends.identity.pkce import s256
from photos.db import samples
from photos.db import sessions as session_rows
from photos.db import tokens as token_rows
from photos.db import users as user_rows
from photos.errors import Denied, Invalid
from photos.ids import new_secret
from photos.passwords import LONGEST, SHORTEST
from photos.services import accounts, dropbox, signing_in, tokens
from photos.services.promises import size_words
from photos.web import deps, sessions
from photos.web.devices import device_words
from photos.web.origins import own_origin, safe_next
from photos.web.words import moment_words
from photos.wiring import derived_key

blueprint = Blueprint("accounts", __name__)

FLOW_SECONDS = 600
MOST_FLOWS = 5
"""Sign-ins that may be under way in one browser: one for each tab it reopened."""
LONGEST_STATE = 200
THEMES = {"": "System", "light": "Light", "dark": "Dark"}
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


@blueprint.get("/account")
def account() -> str:
    """Everything about oneself."""
    return _account_page()


@blueprint.post("/account/name")
def rename() -> Page:
    """Change one's name."""
    deps.check_accounts_are_ours()
    try:
        accounts.rename(
            deps.user(), deps.form_text("name", limit=accounts.LONGEST_NAME), database=deps.database()
        )
    except Invalid as error:
        return _account_page(error), 400
    flash("Your name is changed.")
    return redirect(url_for("accounts.account"), 303)


@blueprint.post("/account/password")
def change_password() -> Page:
    """Change one's password; every other session ends."""
    deps.check_accounts_are_ours()
    try:
        signing_in.change_password(
            deps.user(),
            old=deps.form_secret("old_password"),
            new=deps.form_secret("new_password"),
            keep_session=sessions.current().id_hash,
            address=request.remote_addr or "",
            settings=deps.settings(),
            database=deps.database(),
        )
    except Invalid as error:
        return _account_page(error), 400
    flash("Your password is changed. Every other browser is signed out.")
    return redirect(url_for("accounts.account"), 303)


@blueprint.post("/account/theme")
def choose_theme() -> Page:
    """Choose light, dark, or what the system says; kept in a cookie of this browser."""
    theme = deps.form_text("theme", limit=10, required=False)
    if theme not in THEMES:
        raise Invalid("A theme is light, dark or the system's.", field="theme")
    response = redirect(url_for("accounts.account"), 303)
    # not HttpOnly: the switch in the menu writes the same cookie
    response.set_cookie(
        "theme", theme, max_age=31536000, path="/", samesite="Lax", secure=deps.settings().is_https
    )
    return response


@blueprint.post("/account/sessions/<session_id>/end")
def end_session(session_id: str) -> Page:
    """Sign one of one's own browsers out; one that is gone already is fine."""
    with deps.database().write() as connection:
        session_rows.delete_session_of(connection, deps.user().id, session_id)
    flash("That browser is signed out.")
    return redirect(url_for("accounts.account"), 303)


@blueprint.post("/account/sessions/end")
def end_sessions() -> Page:
    """Sign out everywhere, here too."""
    with deps.database().write() as connection:
        session_rows.delete_sessions(connection, deps.user().id)
    return sign_out()


@blueprint.post("/account/tokens")
def create_token() -> Page:
    """Make a personal token. Its secret is in this answer and nowhere else, so this POST shows a page."""
    try:
        days = deps.form_text("days", limit=4, required=False)
        if days and not (days.isascii() and days.isdigit() and 1 <= int(days) <= 3650):
            raise Invalid("Choose 1 to 3650 days, or leave it empty.", field="days")
        scopes = {"read": {"read"}, "write": {"read", "write"}}.get(deps.form_text("scope", limit=10), set())
        secret, _ = tokens.create_token(
            deps.user(),
            name=deps.form_text("token_name", limit=tokens.LONGEST_TOKEN_NAME),
            scopes=frozenset(scopes),
            days=int(days) if days else None,
            database=deps.database(),
        )
    except Invalid as error:
        return _account_page(error), 400
    return _account_page(shown_once=secret)


@blueprint.post("/account/tokens/<token_id>/revoke")
def revoke_token(token_id: str) -> Page:
    """Revoke one of one's own tokens. Raises NotFound."""
    with deps.database().write() as connection:
        token_rows.revoke_token(connection, token_id, user_id=deps.user().id)
    flash("The token is revoked.")
    return redirect(url_for("accounts.account"), 303)


def _account_page(error: Invalid | None = None, shown_once: str = "") -> str:
    person = deps.user()
    now = datetime.now(UTC)
    with deps.database().read() as connection:
        live = session_rows.list_sessions(connection, person.id, now=now, seen_since=sessions.seen_since())
        issued = token_rows.list_tokens(connection, person.id)
        has_samples = samples.has_samples(connection, person.id)
    stored = sessions.current().stored
    default_quota = deps.settings().quota_bytes or None
    quota = person.quota_bytes if person.quota_bytes is not None else default_quota
    return render_template(
        "accounts/account.html",
        section="account",
        person=person,
        has_samples=has_samples,
        is_local=not deps.backends().identity.origin,
        errors={error.field: error.reason} if error else {},
        used=size_words(person.used_bytes),
        quota=size_words(quota) if quota is not None else "",
        sessions=[
            {
                "id": one.public_id,
                "device": device_words(one.user_agent),
                "address": one.address,
                "seen": moment_words(one.last_seen_at),
                "is_this": stored is not None and one.public_id == stored.public_id,
            }
            for one in live
        ],
        tokens=[
            {
                "id": one.public_id,
                "name": one.name,
                "may": "read and change" if "write" in one.scopes else "read",
                "used": moment_words(one.last_used_at) if one.last_used_at else "never",
                "ends": moment_words(one.expires_at) if one.expires_at else "",
            }
            for one in issued
        ],
        new_token=shown_once,
        dropbox=dropbox.find_address(person, deps.backends().storage),
        themes=THEMES,
        theme=request.cookies.get("theme", ""),
        shortest=SHORTEST,
        longest=LONGEST,
    )


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
