"""Proof Key for Code Exchange, RFC 7636: both sides of every adapter need the same sum."""

from __future__ import annotations

import base64
import hashlib


def s256(code_verifier: str) -> str:
    """The challenge of a verifier, section 4.2."""
    digest = hashlib.sha256(code_verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
