"""Signed `/media` addresses: the local twin of presigned URLs, and what the web floor needs to honour them.

A signature covers the method, the key, the expiry and everything that shapes the answer, so none of
them can be changed by the one who holds the address.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import lru_cache
from io import BufferedReader
from typing import BinaryIO, Protocol, runtime_checkable
from urllib.parse import quote, urlencode

import msgspec

from photos.errors import Denied
from photos.models import StoredPart

_READ = frozenset({"expires", "name", "type"})
_WRITE = frozenset({"expires", "part", "size", "upload"})
_SHORTEST_KEY_BYTES = 16
_SIGNATURE_BYTES = 16
"""128 bits are out of reach of guessing, and a grid's answer holds a thousand of them."""


class ReadGrant(msgspec.Struct, frozen=True):
    """Leave to read one object, answered as `media_type`; an attachment if `download_name` is not empty."""

    media_type: str
    download_name: str
    seconds_left: int


class PartGrant(msgspec.Struct, frozen=True):
    """Leave to send one part of exactly `size_bytes`."""

    multipart_id: str
    number: int
    size_bytes: int


class OpenedObject(msgspec.Struct, frozen=True):
    """An object open for reading; whoever receives it closes `file`. `etag` is in its quotes."""

    file: BufferedReader
    size_bytes: int
    etag: str
    modified_at: datetime


class MediaSigner:
    """Makes and checks signed addresses below `base_path`.

    `key` is a secret of at least 16 bytes. A read address lives for `url_seconds` from the start of its
    signing window, which is half as long: within a window the address stays the same, so that browsers
    can cache, and it never has less than half its life left when it is given out.
    """

    def __init__(
        self,
        key: bytes,
        *,
        base_path: str,
        url_seconds: int,
        part_seconds: int,
        now: Callable[[], float] = time.time,
    ) -> None:
        if len(key) < _SHORTEST_KEY_BYTES:
            raise ValueError(f"a signing key has at least {_SHORTEST_KEY_BYTES} bytes")
        self.base_path = base_path.rstrip("/")
        self._key = key
        self._url_seconds = url_seconds
        self._window_seconds = max(1, url_seconds // 2)
        self._part_seconds = part_seconds
        self._now = now

    def read_url(self, key: str, *, media_type: str, download_name: str) -> str:
        """A path with a signed query that GET and HEAD accept."""
        window_start = int(self._now()) // self._window_seconds * self._window_seconds
        expires = window_start + self._url_seconds
        query = (("expires", str(expires)), ("name", download_name), ("type", media_type))
        return self._url("GET", key, query)

    def part_url(self, key: str, multipart_id: str, number: int, *, size_bytes: int) -> str:
        """A path with a signed query that PUT accepts."""
        expires = int(self._now()) + self._part_seconds
        query = (
            ("expires", str(expires)),
            ("part", str(number)),
            ("size", str(size_bytes)),
            ("upload", multipart_id),
        )
        return self._url("PUT", key, query)

    def verify_read(self, key: str, query: Mapping[str, str]) -> ReadGrant:
        """Raises Denied for an address that was altered or has expired."""
        seconds_left = self._verify("GET", key, query, _READ)
        return ReadGrant(query["type"], query["name"], seconds_left)

    def verify_part(self, key: str, query: Mapping[str, str]) -> PartGrant:
        """Raises Denied for an address that was altered or has expired."""
        self._verify("PUT", key, query, _WRITE)
        return PartGrant(query["upload"], int(query["part"]), int(query["size"]))

    def _url(self, method: str, key: str, query: tuple[tuple[str, str], ...]) -> str:
        path, encoded = quote(key), _encoded(query)
        return f"{self.base_path}/{path}?{encoded}&signature={self._signature(method, path, encoded)}"

    def _verify(self, method: str, key: str, query: Mapping[str, str], names: frozenset[str]) -> int:
        signed = {name: value for name, value in query.items() if name != "signature"}
        given = query.get("signature", "").encode(errors="replace")
        encoded = urlencode(sorted(signed.items()), errors="replace")
        expected = self._signature(method, quote(key, errors="replace"), encoded)
        if signed.keys() != names or not hmac.compare_digest(given, expected.encode()):
            raise Denied("This link is not valid.")
        seconds_left = int(signed["expires"]) - int(self._now())
        if seconds_left <= 0:
            raise Denied("This link has expired. Load the page again.")
        return seconds_left

    def _signature(self, method: str, path: str, query: str) -> str:
        """Of a quoted path and a query in the order of its names: the first half of HMAC-SHA256."""
        digest = hmac.digest(self._key, f"{method}\n{path}\n{query}".encode(), hashlib.sha256)
        return base64.urlsafe_b64encode(digest[:_SIGNATURE_BYTES]).rstrip(b"=").decode()


@lru_cache(256)
def _encoded(query: tuple[tuple[str, str], ...]) -> str:
    """The query of an address, its names in order. All pictures of a window have the same."""
    return urlencode(query)


@runtime_checkable
class MediaStore(Protocol):
    """What `/media` asks of a store that has no web server of its own."""

    signer: MediaSigner

    def open(self, key: str) -> OpenedObject:
        """Raises NotFound, StorageError."""

    def write_part(
        self, key: str, multipart_id: str, number: int, body: BinaryIO, *, size_bytes: int
    ) -> StoredPart:
        """Store one part durably, exactly `size_bytes` long, replacing an earlier one of that number.

        Raises Invalid if the body is shorter or longer, NotFound if no such upload is open, StorageFull,
        StorageError; then no part, or the earlier one, is there."""
