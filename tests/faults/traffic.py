"""People at a library, all the time: pages and lists are read, a photo is described, photos are sent.

Each connection is new, as from many people. What is read is asked for once, and again if an answer breaks off
in the middle; what is changed is asked for again with its key, as the pages' scripts and `flask upload` do.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import requests

from photos.client import Uploader
from tests import pictures
from tests.e2e.furnished import Furnished
from tests.faults.visit import PATIENCE, Visit
from tests.servers.app import RunningApp

PAUSE_SECONDS = 0.05
LATER = frozenset({0, 502, 503, 504})
TRIES = 8


@dataclass
class Traffic:
    """Begins and ends as a context manager. `photo_id` is that of a photo of the owner."""

    url: str
    token: str
    photo_id: str
    folder: Path
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    """Method and status of every answer -> how often; status 0 where it broke off."""
    seen: list[str] = field(default_factory=list)
    """What went wrong in a way that a person notices."""
    described: int = 0
    sent: int = 0
    _is_over: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        # a visit asks of a library what everything has that has an address
        self._visit = Visit(Furnished(cast(RunningApp, self), self.token))
        self.folder.mkdir()
        for act in (self._read_pages, self._read_lists, self._describe, self._send):
            self._threads.append(threading.Thread(target=self._again_and_again, args=(act,), daemon=True))
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(PATIENCE * TRIES)

    @property
    def failed(self) -> dict[tuple[str, int], int]:
        """Answers that say that something went wrong, whoever noticed."""
        return {key: count for key, count in self.answers.items() if not 200 <= key[1] < 400}

    def _again_and_again(self, act: Callable[[], None]) -> None:
        while not self._is_over.wait(PAUSE_SECONDS):
            try:
                act()
            except Exception as error:
                self.seen.append(f"{act.__name__}: {error!r}")

    def _read_pages(self) -> None:
        for path in ("/", f"/photos/{self.photo_id}", "/uploads"):
            self._read(path, cookies=self._visit.browser.cookies)

    def _read_lists(self) -> None:
        for path in ("photos", "timeline", "me"):
            self._read(f"/api/v1/{path}", headers=self._visit.token)

    def _read(self, path: str, **sender: Any) -> None:
        status = self._ask("GET", path, **sender) or self._ask("GET", path, **sender)
        if status != 200:
            self.seen.append(f"GET {path}: {status}")

    def _ask(self, method: str, path: str, **more: Any) -> int:
        """The status of the answer; 0 for one that breaks off."""
        try:
            answer = requests.request(
                method, self.url + path, timeout=PATIENCE, allow_redirects=False, **more
            )
            status = answer.status_code
        except requests.exceptions.ChunkedEncodingError:
            status = 0
        self.answers[method, status] += 1
        return status

    def _describe(self) -> None:
        """One change of many photos, of one; its key is new."""
        words = f"{self.described + 1} times described"
        body = {"action": "describe", "description": words, "photos": {"ids": [self.photo_id]}}
        headers = self._visit.token | {"Idempotency-Key": words.replace(" ", "-")}
        for attempt in range(TRIES):
            time.sleep(attempt * PAUSE_SECONDS * 4)
            status = self._ask("POST", "/api/v1/changes", json=body, headers=headers)
            if status not in LATER:
                break
        if not 200 <= status < 300:
            self.seen.append(f"POST: {status}")
        self.described += 1

    def _send(self) -> None:
        """One photo, as `flask upload` does."""
        path = self.folder / f"{self.sent}.jpg"
        path.write_bytes(pictures.jpeg(320, 240, seed=self.sent))
        uploader = Uploader(self.url, self.token, workers=1)
        uploader.session.headers["Connection"] = "close"
        uploader.session.hooks["response"].append(self._count)
        (outcome,) = uploader.upload([path])
        uploader.session.close()
        if outcome.status != "sent":
            self.seen.append(f"{outcome}")
        self.sent += 1

    def _count(self, answer: requests.Response, **_: object) -> None:
        self.answers[str(answer.request.method), answer.status_code] += 1
