# LEAD TO ENGINEER "perf": flask-login is FIXED by the person we build for (with Flask, boto3, ...): keep it, with
# LoginManager, user_loader, request_loader, login_user, logout_user and current_user in deps. Its cost is small once
# the loader does one statement. Do not replace Flask-WTF's CSRF by code of ours either (libraries before own code):
# import only flask_wtf.csrf, and only what it needs. If a bar cannot be reached with them, say by how much.
# Delete this note when you have read it, and restore both before you commit.
"""What a view asks for: the backends, the settings, the person, and text out of a form."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, cast

from flask import current_app, g, request

from photos.errors import Denied, Invalid
from photos.models import ApiToken, User

if TYPE_CHECKING:
    from photos.config import Settings
    from photos.db.engine import Database
    from photos.wiring import Backends

MAX_FIELD = 2000
"""Characters of a form field that does not say otherwise."""


def backends() -> Backends:
    """The backends of this application."""
    return cast("Backends", current_app.extensions["bigimage"])


def settings() -> Settings:
    """The settings of this application."""
    return backends().settings


def database() -> Database:
    """The database of this application."""
    return backends().database


def person() -> User | None:
    """Who is asking; None for a visitor, and until `photos.web.sessions` has found out."""
    return cast("User | None", g.get("person"))


def user() -> User:
    """The signed-in person. Raises Denied for nobody, which the access table rules out before a view."""
    found = person()
    if found is None:
        raise Denied("Sign in first.")
    return found


def token() -> ApiToken | None:
    """The personal token of this request; None where a browser session or nobody asks."""
    return cast("ApiToken | None", g.get("token"))


def form_text(name: str, *, limit: int = MAX_FIELD, required: bool = True) -> str:
    """One field of the form: NFC, without blanks at the ends, no control characters.

    Raises Invalid with the field's name if it is missing, doubled, too long or holds control characters.
    """
    text = unicodedata.normalize("NFC", form_secret(name, limit=limit)).strip()
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise Invalid("This holds characters that cannot be stored.", code="characters", field=name)
    if required and not text:
        raise Invalid("This is needed.", code="missing", field=name)
    return text


def form_secret(name: str, *, limit: int = MAX_FIELD) -> str:
    """One field exactly as it was sent, empty if absent. Raises Invalid if it is doubled or too long."""
    values = request.form.getlist(name)
    if len(values) > 1:
        raise Invalid("This was sent twice.", code="doubled", field=name)
    value = values[0] if values else ""
    if len(value) > limit:
        raise Invalid(f"This is longer than {limit} characters.", code="too_long", field=name)
    return value
