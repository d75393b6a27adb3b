"""What every template may use beside Flask's own: `csp_nonce()`, and `csrf_token()` from Flask-WTF."""

from __future__ import annotations

import secrets
from typing import cast

from flask import Flask, g


def csp_nonce() -> str:
    """The nonce of this response, made at first use; `photos.web.security` puts it into the policy."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    return cast(str, g.csp_nonce)


def init_templating(app: Flask) -> None:
    """Give the functions to Jinja."""
    app.jinja_env.globals["csp_nonce"] = csp_nonce
