"""What people keep about themselves: name, password, sessions, tokens, theme."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import (
    Blueprint,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from werkzeug.wrappers import Response

from photos.db import samples
from photos.db import sessions as session_rows
from photos.db import tokens as token_rows
from photos.errors import Invalid
from photos.models import ApiToken, Session
from photos.passwords import LONGEST, SHORTEST
from photos.services import accounts, dropbox, signing_in, tokens
from photos.services.arrival import quota_of
from photos.services.promises import size_words
from photos.web import deps, sessions
from photos.web.devices import device_words
from photos.web.words import moment_words

blueprint = Blueprint("accounts", __name__)

THEMES = {"": "System", "light": "Light", "dark": "Dark"}
Page = str | tuple[str, int] | Response


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
    this = stored.public_id if stored else ""
    quota = quota_of(person, deps.settings())
    return render_template(
        "accounts/account.html",
        section="account",
        person=person,
        has_samples=has_samples,
        is_local=not deps.backends().identity.origin,
        errors={error.field: error.reason} if error else {},
        used=size_words(person.used_bytes),
        quota=size_words(quota) if quota is not None else "",
        sessions=[_session_row(one, is_this=one.public_id == this) for one in live],
        tokens=[_token_row(one) for one in issued],
        new_token=shown_once,
        dropbox=dropbox.find_address(person, deps.backends().storage),
        themes=THEMES,
        theme=request.cookies.get("theme", ""),
        shortest=SHORTEST,
        longest=LONGEST,
    )


def _session_row(session: Session, *, is_this: bool) -> dict[str, object]:
    return {
        "id": session.public_id,
        "device": device_words(session.user_agent),
        "address": session.address,
        "seen": moment_words(session.last_seen_at),
        "is_this": is_this,
    }


def _token_row(token: ApiToken) -> dict[str, str]:
    return {
        "id": token.public_id,
        "name": token.name,
        "may": "read and change" if "write" in token.scopes else "read",
        "used": moment_words(token.last_used_at) if token.last_used_at else "never",
        "ends": moment_words(token.expires_at) if token.expires_at else "",
    }
