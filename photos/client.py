"""The command line's uploader: a client of the public API, like any other.

Files are hashed first and offered in batches; known ones are not sent. Parts go to signed URLs, and a
second run asks which parts are missing, so a cut costs one part at most.
"""

from __future__ import annotations

import hashlib
import mimetypes
import os
import random
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import requests

BATCH = 50
TRIES = 5
TIMEOUT_SECONDS = (10, 120)
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
SKIPPED_NAMES = frozenset({"Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: `sent`, `known`, `refused` or `failed`."""

    path: str
    status: str
    photo_id: str = ""
    reason: str = ""


class ServerError(Exception):
    """The server cannot be reached or does not let us in; the message says why."""


class Uploader:
    """Sends files to one server with one personal token."""

    def __init__(self, server: str, token: str, *, workers: int = 4) -> None:
        self.server = server.rstrip("/") + "/"
        self.workers = workers
        self.session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=workers)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def check(self) -> None:
        """Raise ServerError unless the token is good for uploads."""
        self._call("GET", "me")

    def upload(self, paths: Iterable[Path]) -> Iterator[Outcome]:
        """Upload every file; outcomes come as files end. Raises ServerError if nothing can go on."""
        with ThreadPoolExecutor(self.workers) as pool:
            iterator = iter(paths)
            while batch := list(islice(iterator, BATCH)):
                yield from self._upload_batch(batch, pool)

    def _upload_batch(self, batch: list[Path], pool: ThreadPoolExecutor) -> Iterator[Outcome]:
        offered: list[tuple[Path, dict[str, Any]]] = []
        for path, described in zip(batch, pool.map(_describe, batch), strict=True):
            if isinstance(described, str):
                yield Outcome(str(path), "failed", reason=described)
            else:
                offered.append((path, described))
        if not offered:
            return
        answer = self._call("POST", "uploads", {"files": [described for _, described in offered]})
        sending = []
        for (path, _), offer in zip(offered, answer["files"], strict=True):
            if offer["status"] == "send":
                sending.append(pool.submit(self._send, path, offer))
            else:
                yield Outcome(
                    str(path), offer["status"], offer.get("photo_id") or "", offer.get("reason") or ""
                )
        for future in as_completed(sending):
            yield future.result()

    def _send(self, path: Path, offer: dict[str, Any]) -> Outcome:
        try:
            with path.open("rb") as file:
                for part in offer["parts"]:
                    file.seek((part["number"] - 1) * offer["part_size"])
                    self._put(urljoin(self.server, part["url"]), file.read(part["size"]))
            photo = self._call("POST", f"uploads/{offer['upload_id']}/complete")
        except Refused as refusal:
            return Outcome(str(path), "refused", reason=str(refusal))
        except (ServerError, OSError) as error:
            return Outcome(str(path), "failed", reason=str(error))
        return Outcome(str(path), "sent", photo["id"])

    def _put(self, url: str, body: bytes) -> None:
        self._request("PUT", url, data=body, headers={"Content-Type": "application/octet-stream"})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        answer = self._request(
            method, urljoin(self.server, f"api/v1/{path}"), json=body, headers=self.headers
        )
        result = answer.json()
        if not isinstance(result, dict):
            raise ServerError("The server's answer is not what was expected. Is the address right?")
        return result

    def _request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        data: bytes | None = None,
        json: dict[str, Any] | None = None,
    ) -> requests.Response:
        """One request, repeated with growing, random pauses while the server says "later"."""
        failure = ""
        for attempt in range(TRIES):
            if attempt:
                time.sleep(min(30, 2**attempt) * random.uniform(0.5, 1))  # nosec B311 - jitter
            try:
                answer = self.session.request(
                    method, url, headers=headers, data=data, json=json, timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException as error:
                failure = f"The server cannot be reached ({type(error).__name__})."
                continue
            if answer.ok:
                return answer
            failure = _detail(answer)
            if answer.status_code in {401, 403}:
                raise ServerError(failure)
            if answer.status_code not in LATER:
                raise Refused(failure)
        raise ServerError(failure)


class Refused(ServerError):
    """The server does not want this file; the message is its reason."""


def _detail(answer: requests.Response) -> str:
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem.get("title") or answer.reason)
    except (ValueError, AttributeError):
        return f"The server answered {answer.status_code} {answer.reason}."


def _describe(path: Path) -> dict[str, Any] | str:
    """What the server is told of a file; a sentence if it cannot be read."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
    except OSError as error:
        return f"It cannot be read ({error.strerror})."
    name = path.name.encode("utf-8", "replace").decode("utf-8")
    media_type = mimetypes.guess_type(path.name)[0] or ""
    return {"name": name, "size": size, "type": media_type, "sha256": digest}


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """The files named, and those below the folders named, in order; hidden ones and links are left out."""
    for path in paths:
        if not path.is_dir():
            yield path
            continue
        for folder, names, files in os.walk(path):
            names[:] = sorted(name for name in names if not name.startswith("."))
            for name in sorted(files):
                child = Path(folder) / name
                if not name.startswith(".") and name not in SKIPPED_NAMES and not child.is_symlink():
                    yield child
