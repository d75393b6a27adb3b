"""Role `identity`: who is this person? Shaped like an OIDC provider: redirect, one-time code, back.

`exchange` answers with an `Identity`; accounts are found by (issuer, subject) and by nothing else.
"""

from __future__ import annotations

from typing import Protocol

from photos.models import Identity


class IdentityProvider(Protocol):
    """A sign-in provider. Every verb may raise `IdentityError` (later)."""

    issuer: str
    origin: str
    """Scheme, host and port that forms may be redirected to; empty if it is our own origin."""

    def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, code_challenge: str) -> str:
        """Where to send the browser (PKCE S256)."""

    def exchange(self, code: str, *, redirect_uri: str, nonce: str, code_verifier: str) -> Identity:
        """Turn a one-time code into an identity. Raises Invalid for a wrong, used or expired code,
        verifier, redirect address or nonce."""

    def sign_out_url(self, *, return_to: str) -> str:
        """Where to send the browser so that the provider's own session ends too."""

    def ping(self) -> None:
        """Raise IdentityError unless people can sign in."""
