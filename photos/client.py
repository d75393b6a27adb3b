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
LONGEST_PAUSE_SECONDS = 120
LATER = frozenset({408, 425, 429, 500, 502, 503, 504})
STALE = frozenset({403, 404, 409})
"""Answers to a part or to `complete` after which it is worth asking which parts are missing: an address
that ran out, a part that got lost."""
SKIPPED_NAMES = frozenset({"Thumbs.db", "desktop.ini"})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: `sent`, `known`, `refused` or `failed`."""

    path: str
    status: str
    photo_id: str = ""
    reason: str = ""


class ServerError(Exception):
    """The server cannot be reached or does not let us in; `status` is its answer, or 0 if there was none."""

    def __init__(self, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.status = status


class Refused(ServerError):
    """The server does not want this file; the message is its reason."""


class Uploader:
    """Sends files to one server with one personal token."""

    def __init__(self, server: str, token: str, *, workers: int = 4) -> None:
        self.server = server.rstrip("/") + "/"
        self.token = token
        self.workers = workers
        self.session = requests.Session()
        adapter = requests.adapters.HTTPAdapter(pool_maxsize=workers)
        self.session.mount("http://", adapter)
        self.session.mount("https://", adapter)
        self.headers = {"Authorization": f"Bearer {token}", "Accept": "application/json"}

    def check(self) -> None:
        """Raise ServerError, without long patience, unless the server is there and knows the token."""
        if not self.server.startswith(("http://", "https://")):
            raise ServerError(f"{self.server} is no address of a server: it begins with http:// or https://.")
        if not (self.token.isascii() and self.token.isprintable()):
            raise ServerError("This token is damaged: it has characters that no token has.")
        self._call("GET", "me", tries=1)

    def upload(self, paths: Iterable[Path]) -> Iterator[Outcome]:
        """Upload every file; outcomes come as files end, one for each, also when the server goes away."""
        pool = ThreadPoolExecutor(self.workers)
        iterator = iter(paths)
        try:
            while batch := list(islice(iterator, BATCH)):
                yield from self._upload_batch(batch, pool)
        except ServerError as error:
            for path in iterator:
                yield Outcome(str(path), "failed", reason=str(error))
        finally:
            pool.shutdown(cancel_futures=True)

    def _upload_batch(self, batch: list[Path], pool: ThreadPoolExecutor) -> Iterator[Outcome]:
        offered: list[tuple[Path, dict[str, Any]]] = []
        for path, described in zip(batch, pool.map(_describe, batch), strict=True):
            if isinstance(described, str):
                yield Outcome(str(path), "failed", reason=described)
            else:
                offered.append((path, described))
        if not offered:
            return
        try:
            answer = self._call("POST", "uploads", {"files": [described for _, described in offered]})
        except ServerError as error:
            for path, _ in offered:
                yield Outcome(str(path), "failed", reason=str(error))
            raise
        sending = []
        for (path, _), offer in zip(offered, answer["files"], strict=True):
            if offer["status"] == "send":
                sending.append(pool.submit(self._send, path, offer))
            else:
                yield _settled(path, offer)
        for future in as_completed(sending):
            yield future.result()

    def _send(self, path: Path, offer: dict[str, Any]) -> Outcome:
        try:
            return Outcome(str(path), "sent", self._send_whole(path, offer))
        except Refused as refusal:
            return Outcome(str(path), "refused", reason=str(refusal))
        except (ServerError, OSError) as error:
            return Outcome(str(path), "failed", reason=str(error))

    def _send_whole(self, path: Path, offer: dict[str, Any]) -> str:
        """The id of the photo that it became. What got lost meanwhile is asked for, and sent again."""
        upload = f"uploads/{offer['upload_id']}"
        for _ in range(TRIES - 1):
            try:
                return self._complete(path, upload, offer)
            except ServerError as error:
                if error.status not in STALE:
                    raise
            offer = offer | {"parts": self._call("GET", upload)["parts"]}
        return self._complete(path, upload, offer)

    def _complete(self, path: Path, upload: str, offer: dict[str, Any]) -> str:
        self._put_parts(path, offer["parts"], part_size=offer["part_size"])
        return str(self._call("POST", f"{upload}/complete")["id"])

    def _put_parts(self, path: Path, parts: list[dict[str, Any]], *, part_size: int) -> None:
        headers = {"Content-Type": "application/octet-stream"}
        with path.open("rb") as file:
            for part in parts:
                file.seek((part["number"] - 1) * part_size)
                body = file.read(part["size"])
                self._request("PUT", urljoin(self.server, part["url"]), data=body, headers=headers)

    def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, tries: int = TRIES
    ) -> dict[str, Any]:
        answer = self._request(
            method, urljoin(self.server, f"api/v1/{path}"), json=body, headers=self.headers, tries=tries
        )
        try:
            result = answer.json()
        except ValueError:
            result = None
        if not isinstance(result, dict):
            raise ServerError(f"There is no Bigimage at {self.server}: its answer cannot be understood.")
        return result

    def _request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        data: bytes | None = None,
        json: dict[str, Any] | None = None,
        tries: int = TRIES,
    ) -> requests.Response:
        """A request, repeated while the server says "later": after growing, random pauses or when it says."""
        failure, named_seconds = ServerError(""), 0
        for attempt in range(tries):
            if attempt:
                pause = min(30, 2**attempt) * random.uniform(0.5, 1)  # jitter
                time.sleep(max(pause, named_seconds))
            try:
                answer = self.session.request(
                    method, url, headers=headers, data=data, json=json, timeout=TIMEOUT_SECONDS
                )
            except requests.RequestException as error:
                failure = ServerError(f"{self.server} cannot be reached ({type(error).__name__}).")
                continue
            if answer.ok:
                return answer
            failure = ServerError(_detail(answer), answer.status_code)
            named_seconds = _retry_after(answer)
            if answer.status_code in {401, 403, 404, 409}:
                raise failure
            if answer.status_code not in LATER:
                raise Refused(_detail(answer), answer.status_code)
        raise failure


def _settled(path: Path, offer: dict[str, Any]) -> Outcome:
    """What the server answered for a file whose bytes it does not want."""
    reason = "You have this photo already; it is in the trash." if offer.get("in_trash") else ""
    return Outcome(str(path), offer["status"], offer.get("photo_id") or "", offer.get("reason") or reason)


def _retry_after(answer: requests.Response) -> int:
    """Seconds that the server asks to wait, up to LONGEST_PAUSE_SECONDS; 0 if it asks for none."""
    asked = answer.headers.get("Retry-After", "")
    return min(int(asked), LONGEST_PAUSE_SECONDS) if asked.isascii() and asked.isdecimal() else 0


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
    """The files named, and those below the folders named, in order; hidden ones and links are left out.

    A folder that cannot be listed is given as if it were a file, so that it shows up as failed.
    """
    for path in paths:
        if path.is_dir():
            yield from _find_below(path)
        else:
            yield path


def _find_below(top: Path) -> Iterator[Path]:
    closed: list[Path] = []
    for folder, names, files in os.walk(top, onerror=lambda error: closed.append(Path(error.filename))):
        names[:] = sorted(name for name in names if not name.startswith("."))
        for name in sorted(files):
            path = Path(folder) / name
            is_hidden = name.startswith(".") or name in SKIPPED_NAMES
            if not is_hidden and path.is_file() and not path.is_symlink():
                yield path
    yield from closed
