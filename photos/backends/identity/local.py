"""The local identity provider: accounts with a password, answering like an OIDC provider.

Its pages are ours (`photos.web.provider`), so `authorize_url` leads to our own origin: the one the
browser came by, which is the one of the redirect address.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

from photos.backends.identity.pkce import s256
from photos.db import accounts as account_rows
from photos.db.engine import Database
from photos.errors import DatabaseError, IdentityError, Invalid
from photos.ids import hash_secret
from photos.models import Identity

AUTHORIZE_PATH = "/provider/authorize"


class LocalIdentity:
    """Accounts in our own database. `clock` returns the aware UTC time."""

    issuer = account_rows.ISSUER
    origin = ""

    def __init__(
        self, database: Database, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self.clock = clock

    def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, code_challenge: str) -> str:
        """The password page."""
        parts = urlsplit(redirect_uri)
        query = urlencode(
            {
                "response_type": "code",
                "scope": "openid email profile",
                "redirect_uri": redirect_uri,
                "state": state,
                "nonce": nonce,
                "code_challenge": code_challenge,
                "code_challenge_method": "S256",
            }
        )
        return f"{parts.scheme}://{parts.netloc}{AUTHORIZE_PATH}?{query}"

    def exchange(self, code: str, *, redirect_uri: str, nonce: str, code_verifier: str) -> Identity:
        """Spend a code, whether or not the rest fits, so that nobody can try twice."""
        try:
            with self.database.write() as connection:
                grant = account_rows.spend_code(connection, hash_secret(code), now=self.clock())
        except DatabaseError as error:
            raise IdentityError("exchange", "a code") from error
        if grant is None:
            raise Invalid("This sign-in was used already or took too long. Sign in again.", code="code")
        account = grant.account
        fits = (
            _same(grant.redirect_uri, redirect_uri)
            and _same(grant.nonce, nonce)
            and _same(grant.code_challenge, s256(code_verifier))
            and not account.is_disabled
        )
        if not fits:
            raise Invalid("This sign-in does not belong to this browser. Sign in again.", code="code")
        return Identity(
            issuer=self.issuer,
            subject=account.subject,
            email=account.email,
            email_verified=False,
            name=account.name,
        )

    def sign_out_url(self, *, return_to: str) -> str:
        """Straight back: the password page keeps no session of its own."""
        return return_to

    def ping(self) -> None:
        """Raise IdentityError unless accounts can be read."""
        try:
            self.database.ping()
        except DatabaseError as error:
            raise IdentityError("answer") from error


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
