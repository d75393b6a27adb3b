"""What every template may use beside Flask's own: `csp_nonce()`, `csrf_token()` and `current_user`."""

from __future__ import annotations

import secrets
from typing import Any, cast

from flask import Flask, g, request, url_for

from photos.models import User
from photos.web import deps
from photos.web.csrf import csrf_token


def csp_nonce() -> str:
    """The nonce of this response, made at first use; `photos.web.security` puts it into the policy."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return cast(str, g.csp_nonce)


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


def init_templating(app: Flask) -> None:
    """Give the functions to Jinja."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce
    app.jinja_env.globals["csrf_token"] = csrf_token
    app.context_processor(_who)
    app.jinja_env.globals["url_for"] = Addresses()


def _who() -> dict[str, User | None]:
    return {"current_user": deps.person()}
