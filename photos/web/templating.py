"""What templates may use beside Flask's own: `csp_nonce()`, `csrf_token()`, `current_user`, `fixed()` and the
macros of `COMPONENTS`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, cast

from flask import Flask, g, request, url_for
from jinja2 import Environment
from markupsafe import Markup

from photos.models import User
from photos.web import deps
from photos.web.csrf import csrf_token

COMPONENTS = ("icon", "flashes", "account_menu", "selection_bar")
"""Macros of most pages, each in the file of its name."""


def csp_nonce() -> str:
    """The nonce of this response, made at first use; `photos.web.headers` puts it into the policy."""
    nonce = cast("str | None", g.get("csp_nonce"))
    if nonce is None:
        nonce = g.csp_nonce = secrets.token_urlsafe(16)
    return nonce


class Addresses:
    """`url_for` of templates, which remembers addresses that are always the same.

    A page asks for some thirty of them, of its own files and of other pages; building each anew takes a tenth
    of the time of the page.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], str] = {}

    def __call__(self, endpoint: str, **values: Any) -> str:
        """Flask's `url_for`; only addresses without values, and of static files, are remembered."""
        name = values.get("filename", "")
        if endpoint.startswith(".") or values.keys() != ({"filename"} if endpoint == "static" else set()):
            return url_for(endpoint, **values)
        kept = (request.root_path, endpoint, name)
        address = self._known.get(kept)
        if address is None:
            address = self._known[kept] = url_for(endpoint, **values)
        return address


class Component:
    """A macro that templates call without importing it: an import costs a page as much as a statement."""

    def __init__(self, templates: Environment, name: str) -> None:
        self._templates = templates
        self._name = name
        self._macro: Callable[..., Markup] | None = None

    def __call__(self, *values: object, **named: object) -> Markup:
        """What the macro of this name in `components/` writes; it is loaded at first use."""
        if self._macro is None:
            module = self._templates.get_template(f"components/{self._name}.html").module
            self._macro = getattr(module, self._name)
        return self._macro(*values, **named)


class FixedParts:
    """`fixed(template)`: a part of pages that is the same for everybody, written once by each process.

    Such a part cannot name the person, nor carry a token or a nonce. Values are words of the including
    template, such as the section of the page, and never what somebody has typed.
    """

    def __init__(self, templates: Environment) -> None:
        self._templates = templates
        self._known: dict[tuple[object, ...], Markup] = {}

    def __call__(self, template: str, **values: str) -> Markup:
        """The finished part."""
        kept = (request.root_path, template, *values.items())
        part = self._known.get(kept)
        if part is None:
            text = self._templates.get_template(template).render(
                values, csrf_token=None, csp_nonce=None, request=None, session=None, g=None
            )
            part = self._known[kept] = Markup(text)  # nosec B704 # Jinja has escaped it
        return part


def init_templating(app: Flask) -> None:
    """Give the functions to Jinja."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.context_processor(_who)
    app.jinja_env.globals["url_for"] = Addresses()
    app.jinja_env.globals["fixed"] = FixedParts(app.jinja_env)
    for name in COMPONENTS:
        app.jinja_env.globals[name] = Component(app.jinja_env, name)


def _who() -> dict[str, User | None]:
    return {"current_user": deps.person()}
