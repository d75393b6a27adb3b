"""Signed reading addresses that stay the same for a while, for all processes with the same credentials."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from photos.backends.storage.disposition import content_disposition
from photos.backends.storage.presign import SigningKey, presign_get

_KEPT = 8192
"""About 8 MB; a page shows 60 tiles in three sizes."""
_CREDENTIALS_SECONDS = 10
"""How long credentials are believed. Temporary ones are renewed minutes before they end, and addresses end
with them: what older ones signed is not given out any more."""


class ReadAddresses:
    """Addresses that live for `seconds`, and for at least half of that when they are given out.

    `credentials` gives access_key, secret_key and token, `base_url` the bucket's address, both when asked.
    """

    def __init__(
        self,
        *,
        region: str,
        seconds: int,
        credentials: Callable[[], Any],
        base_url: Callable[[], str],
        now: Callable[[], float],
    ) -> None:
        self._region = region
        self._seconds = seconds
        self._window_seconds = max(1, seconds // 2)
        self._credentials = credentials
        self._base_url = base_url
        self._now = now
        self._known: tuple[float, SigningKey] | None = None
        self._signed = lru_cache(maxsize=_KEPT)(self._sign)

    def read_url(self, key: str, *, media_type: str, download_name: str) -> str:
        """The address of one object; with a name, of an attachment. Raises what `credentials` does."""
        now = self._now()
        return self._signed(self._key(now), int(now) // self._window_seconds, key, media_type, download_name)

    def _key(self, now: float) -> SigningKey:
        if self._known is None or not 0 <= now - self._known[0] < _CREDENTIALS_SECONDS:
            found = self._credentials()
            key = SigningKey(found.access_key, found.secret_key, found.token or "", self._region)
            self._known = now, key
        return self._known[1]

    def _sign(
        self, signing_key: SigningKey, window: int, key: str, media_type: str, download_name: str
    ) -> str:
        answer = {
            "response-cache-control": f"private, max-age={self._window_seconds}, immutable",
            "response-content-disposition": content_disposition(download_name),
            "response-content-type": media_type,
        }
        begins_at = window * self._window_seconds
        return presign_get(
            self._base_url(), key, answer, key=signing_key, at=begins_at, seconds=self._seconds
        )
