"""What a view asks for: the backends, the settings, the person, and text out of a form."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, cast

from flask import current_app, request
from flask_login import UserMixin, current_user

from photos.db import users
from photos.errors import Denied, Invalid, NotFound
from photos.models import ApiToken, User

if TYPE_CHECKING:
    from photos.config import Settings
    from photos.db.engine import Database
    from photos.wiring import Backends

MAX_FIELD = 2000
"""Characters of a form field that does not say otherwise."""


class Person(UserMixin):  # type: ignore[misc] # flask_login publishes no types
    """Who is signed in, as flask-login wants it. `token` is set where a program asks with one."""

    def __init__(self, user: User, token: ApiToken | None = None) -> None:
        self.user = user
        self.token = token

    def get_id(self) -> str:
        """The key of the row, as text."""
        return str(self.user.id)


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
    """Who is asking; None for a visitor."""
    return cast("User | None", getattr(current_user, "user", None))


def user() -> User:
    """The signed-in person. Raises Denied for nobody, which the access table rules out before a view."""
    found = person()
    if found is None:
        raise Denied("Sign in first.")
    return found


def get_person(subject: str) -> User:
    """Somebody else, as our provider of identities calls them. Raises NotFound for a stranger."""
    with database().read() as connection:
        found = users.find_user(connection, backends().identity.issuer, subject)
    if found is None:
        raise NotFound("person", subject)
    return found


def token() -> ApiToken | None:
    """The personal token of this request; None where a browser session or nobody asks."""
    return cast("ApiToken | None", getattr(current_user, "token", None))


def check_accounts_are_ours() -> None:
    """Raise Denied where people, names and passwords are kept by a sign-in provider that is not our own."""
    if backends().identity.origin:
        raise Denied("People, names and passwords are kept by the sign-in provider. Change them there.")


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
