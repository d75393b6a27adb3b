"""The token that our own forms and scripts send along, and that no other site can know.

Each browser's session holds one secret, made at first use. Pages show it masked with fresh random bytes, so
that nothing can be learnt about it from the lengths of compressed answers.
"""

from __future__ import annotations

import base64
import binascii
import logging
import secrets
from typing import cast

from flask import g, request, session

from photos.errors import Invalid

log = logging.getLogger(__name__)
NAME = "csrf_token"
"""Of the form field, and of the secret in the session."""
HEADER = "X-CSRF-Token"


def new_secret() -> str:
    """A secret for a session that has just begun."""
    return secrets.token_hex(20)


def csrf_token() -> str:
    """The token for everything in this response."""
    token = cast("str | None", g.get(NAME))
    if token is None:
        secret = session.setdefault(NAME, new_secret()).encode()
        pad = secrets.token_bytes(len(secret))
        token = g.csrf_token = base64.urlsafe_b64encode(pad + _exclusive_or(pad, secret)).decode()
    return token


def check_csrf() -> None:
    """Raise Invalid (code `csrf`) unless the form or the header carries a token of this session."""
    given = request.form.get(NAME) or request.headers.get(HEADER, "")
    secret = session.get(NAME, "")
    if not secret or not secrets.compare_digest(_unmasked(given), secret.encode()):
        log.info("refused a form: its token is %s", "wrong" if given else "missing")
        raise Invalid(
            "This page was open for too long, or the request did not come from it. "
            "Reload the page and try again.",
            code="csrf",
        )


def _unmasked(token: str) -> bytes:
    """The secret in a token; empty for what is not one."""
    try:
        masked = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        return b""
    half = len(masked) // 2
    return _exclusive_or(masked[:half], masked[half:]) if len(masked) == 2 * half else b""


def _exclusive_or(one: bytes, other: bytes) -> bytes:
    size = len(one)
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).to_bytes(size, "big")
