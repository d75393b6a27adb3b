"""Pages of the local identity provider: password, sign-up, and the one-time links.

To the application beside it this is a foreign provider: it is reached by a redirect with state, nonce
and challenge, and answers with a one-time code. Only `photos.web.signing_in` makes sessions.
"""

from __future__ import annotations

import time
from urllib.parse import urlencode

from flask import Blueprint, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response

from photos import passwords
from photos.db import accounts as account_rows
from photos.db.accounts import Account
from photos.errors import Conflict, Invalid, NotFound
from photos.services import accounts, email_addresses, links, signing_in
from photos.services.signing_in import Application
from photos.web import deps
from photos.web.errors import Problem, problem_response
from photos.web.origins import known_origins

blueprint = Blueprint("provider", __name__, url_prefix="/provider")

FRESH_SECONDS = 60
"""Whoever has just chosen a password is not asked for it again within this time."""
LONGEST_PARAMETER = 128
LONGEST_SECRET = 1000
LINK_IS_OVER = "Links like this work once and for a limited time. Ask whoever gave it to you for a new one."
Page = str | tuple[str, int] | Response


@blueprint.route("/authorize", methods=["GET", "POST"])
def authorize() -> Page:
    """Ask for address and password, then lead back with a code. Raises Invalid for a broken request."""
    application = _application()
    if request.method == "GET":
        account = _fresh_account()
        return _lead_back(account, application) if account else _sign_in_page()
    try:
        email = deps.form_text("email", limit=email_addresses.LONGEST_EMAIL)
        account = signing_in.check_password(
            email,
            deps.form_secret("password", limit=LONGEST_SECRET),
            address=request.remote_addr or "",
            settings=deps.settings(),
            database=deps.database(),
        )
    except Invalid as error:
        return _sign_in_page(error), 400
    return _lead_back(account, application)


@blueprint.route("/sign-up", methods=["GET", "POST"])
def sign_up() -> Page:
    """Make one's own account, where that is open, then lead back with a code. Raises NotFound where not."""
    application = _application()
    if not deps.settings().open_sign_up:
        raise NotFound("page", "sign-up")
    if request.method == "GET":
        return _account_page("Create your account")
    try:
        account = signing_in.sign_up(
            deps.form_text("email", limit=email_addresses.LONGEST_EMAIL),
            _new_password(),
            name=deps.form_text("name", limit=accounts.LONGEST_NAME, required=False),
            address=request.remote_addr or "",
            settings=deps.settings(),
            database=deps.database(),
        )
    except (Invalid, Conflict) as error:
        return _account_page("Create your account", error), 400
    return _lead_back(account, application)


@blueprint.route("/link/<token>", methods=["GET", "POST"])
def link(token: str) -> Page:
    """Use a one-time link: first administrator, invitation, or a new password."""
    try:
        return _use_link(token)
    except NotFound:
        return problem_response(
            Problem(404, "not_found", LINK_IS_OVER, heading="This link does not work any more")
        )


def _use_link(token: str) -> Page:
    """What the link is for, or what became of it. Raises NotFound."""
    found = links.get_link(token, database=deps.database())
    is_reset = found.purpose == "reset"
    title = {"setup": "Make the administrator", "reset": "Choose a new password"}.get(
        found.purpose, "Create your account"
    )
    if request.method == "GET":
        return _account_page(title, is_reset=is_reset, purpose=found.purpose)
    try:
        account = links.use_link(
            token,
            email="" if is_reset else deps.form_text("email", limit=email_addresses.LONGEST_EMAIL),
            name="" if is_reset else deps.form_text("name", limit=accounts.LONGEST_NAME, required=False),
            password=_new_password(),
            database=deps.database(),
        )
    except (Invalid, Conflict) as error:
        return _account_page(title, error, is_reset=is_reset, purpose=found.purpose), 400
    session["provider"] = {"subject": account.subject, "until": time.time() + FRESH_SECONDS}
    return redirect(url_for("accounts.sign_in"), 303)


def _application() -> Application:
    """What the application asks for. Raises Invalid unless it is ours and sends what OIDC demands."""
    wanted = {
        name: request.args.get(name, "") for name in ("state", "nonce", "code_challenge", "redirect_uri")
    }
    ours = {f"{origin}{url_for('accounts.callback')}" for origin in known_origins().values()}
    is_fine = (
        all(0 < len(wanted[name]) <= LONGEST_PARAMETER for name in ("state", "nonce"))
        and len(wanted["code_challenge"]) == 43
        and request.args.get("code_challenge_method") == "S256"
        and request.args.get("response_type") == "code"
        and wanted["redirect_uri"] in ours
    )
    if not is_fine:
        raise Invalid("This page is opened by signing in, not by itself.", code="authorize")
    return Application(wanted["redirect_uri"], wanted["nonce"], wanted["code_challenge"])


def _lead_back(account: Account, application: Application) -> Response:
    code = signing_in.grant_code(account, application, database=deps.database())
    answer = urlencode({"code": code, "state": request.args["state"]})
    return redirect(f"{application.redirect_uri}?{answer}", 303)


def _fresh_account() -> Account | None:
    fresh = session.pop("provider", None)
    if not isinstance(fresh, dict) or fresh.get("until", 0) < time.time():
        return None
    with deps.database().read() as connection:
        account = account_rows.get_account(connection, fresh["subject"])
    return None if account.is_disabled else account


def _new_password() -> str:
    password = deps.form_secret("password", limit=LONGEST_SECRET)
    if not password:
        raise Invalid("This is needed.", code="missing", field="password")
    return password


def _sign_in_page(error: Invalid | None = None) -> str:
    sign_up_href = (
        f"{url_for('provider.sign_up')}?{urlencode(request.args)}" if deps.settings().open_sign_up else ""
    )
    return render_template(
        "accounts/sign_in.html",
        email=request.form.get("email", "")[: email_addresses.LONGEST_EMAIL],
        errors={error.field: error.reason} if error else {},
        sign_up_href=sign_up_href,
    )


def _account_page(
    title: str, error: Invalid | Conflict | None = None, *, is_reset: bool = False, purpose: str = ""
) -> str:
    field = error.field if isinstance(error, Invalid) else "email"
    return render_template(
        "accounts/create.html",
        title=title,
        is_reset=is_reset,
        purpose=purpose,
        email=request.form.get("email", "")[: email_addresses.LONGEST_EMAIL],
        name=request.form.get("name", "")[: accounts.LONGEST_NAME],
        errors={field: error.reason} if error else {},
        shortest=passwords.SHORTEST,
        longest=passwords.LONGEST,
    )
