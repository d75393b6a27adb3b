"""A store as the suite sees it: how to reach it, and how to break it from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

import requests

from photos.backends.storage import Storage
from photos.models import StoredPart
from tests.servers.proxy import FaultProxy

MIB = 1 << 20
FIRST_PART = bytes(range(256)) * (5 * MIB // 256)
LAST_PART = b"the rest"
JPEG = "image/jpeg"


@dataclass
class Place:
    """A store, and how to reach it and to break it from outside."""

    storage: Storage
    origin: str
    brief: Callable[[int], Storage]
    """The same store, with addresses that live for so many seconds."""
    stop: Callable[[], None]
    start: Callable[[], None]
    proxy: FaultProxy | None
    """None where there is no network between us and the bytes."""
    authority: Path | None = None
    """Whose certificates hold over https."""

    def get(self, url: str, **headers: str) -> requests.Response:
        return self._ask("GET", url, headers=headers)

    def head(self, url: str) -> requests.Response:
        return self._ask("HEAD", url)

    def send(self, url: str, body: bytes) -> requests.Response:
        return self._ask("PUT", url, data=body)

    def _ask(self, method: str, url: str, **more: Any) -> requests.Response:
        verify = str(self.authority) if self.authority else True
        return requests.request(method, urljoin(self.origin, url), timeout=10, verify=verify, **more)

    def send_part(self, key: str, multipart_id: str, number: int, body: bytes) -> StoredPart:
        url = self.storage.part_url(key, multipart_id, number, size_bytes=len(body))
        answer = self.send(url, body)
        assert answer.status_code == 200, answer.text
        return StoredPart(number, len(body), answer.headers["ETag"])


def read(storage: Storage, key: str, **limits: int) -> bytes:
    return b"".join(storage.get(key, **limits))


def altered(url: str, **changes: str) -> str:
    parts = urlsplit(url)
    query = {**dict(parse_qsl(parts.query, keep_blank_values=True)), **changes}
    return urlunsplit(parts._replace(query=urlencode(query)))
