"""A running library with people and photos in it, for tests that look around."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import BrowserContext, Page, expect

from photos.client import Uploader
from photos.config import read_settings
from photos.db import photos as photo_rows
from photos.db import pipeline
from photos.db.engine import Database
from photos.models import Box, Label, TextLine
from photos.services import accounts, tokens
from photos.services.processing import index_photos
from photos.wiring import open_backends
from tests import forms, pictures
from tests.servers.app import RunningApp

EMAIL = "owner@example.org"
PASSWORD = "a lighthouse at noon"
COOKIE = "bigimage"
BOX = Box(0.1, 0.2, 0.3, 0.4)
LINE_BOX = Box(0.3, 0.5, 0.4, 0.08)
WORK_SECONDS = 60
_numbers = count(1)


@dataclass
class Furnished:
    """The library, and what its owner knows."""

    app: RunningApp
    token: str
    email: str = EMAIL
    ids: dict[str, str] = field(default_factory=dict)
    """File name -> photo id."""

    @cached_property
    def cookie(self) -> str:
        """Of a browser in which the owner has signed in."""
        with requests.Session() as browser:
            forms.sign_in(browser, self.app.url, self.email, PASSWORD)
            return str(browser.cookies[COOKIE])

    def let_in(self, context: BrowserContext) -> None:
        """Make this a browser in which the owner has signed in, without the form."""
        context.add_cookies([{"name": COOKIE, "value": self.cookie, "url": self.app.url}])

    def open(self, page: Page, path: str = "/") -> None:
        """A page of the owner's, in a browser that is let in."""
        self.let_in(page.context)
        page.goto(self.app.url + path)

    def api(self, method: str, path: str, **body: object) -> Any:
        """An answer of the API to the owner; None where there is nothing to say."""
        answer = requests.request(
            method,
            f"{self.app.url}/api/v1/{path}",
            json=body or None,
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def upload(self, *paths: Path) -> None:
        """Send files and wait until nothing is being worked on."""
        uploader = Uploader(self.app.url, self.token)
        with uploader.session:
            outcomes = list(uploader.upload(paths))
        assert all(outcome.photo_id for outcome in outcomes), outcomes
        self.ids |= {Path(outcome.path).name: outcome.photo_id for outcome in outcomes}
        ids = ",".join(self.ids.values())
        until(
            lambda: all(map(self._is_finished, self.api("GET", f"photos/states?ids={ids}")["items"])),
            "nothing is being worked on",
        )

    def _is_finished(self, photo: dict[str, Any]) -> bool:
        is_looked_at = photo["is_labelled"] or self.app.settings.get("RECOGNITION") == "off"
        return photo["state"] == "refused" or (photo["state"] == "ready" and is_looked_at)


def furnish(app: RunningApp) -> Furnished:
    """Start `app` and create its owner, who is an administrator."""
    app.start()
    return move_in(app, EMAIL)


def move_in(app: RunningApp, email: str = "") -> Furnished:
    """An empty library of an administrator of its own, in an `app` that runs."""
    email = email or f"owner-{next(_numbers)}@example.org"
    database = Database(read_settings(app.environ()).database_url)
    owner = accounts.create_account(email, PASSWORD, name="Olga Owner", is_admin=True, database=database)
    scopes = frozenset({"read", "write"})
    token, _ = tokens.create_token(owner, name="tests", scopes=scopes, database=database)
    database.close()
    return Furnished(app, token, email)


def add_photos(library: Furnished, folder: Path) -> None:
    """A few real and made photos; one of them with words, one archived, one in the trash, one refused."""
    good = pictures.sample_photos(folder, 9)
    broken = folder / "broken.jpg"
    broken.write_bytes(pictures.truncated(pictures.jpeg(900, 700, seed=77), 0.1))
    library.upload(*good, broken)
    coffee = library.ids["coffee.jpg"]
    library.api("PATCH", f"photos/{coffee}", description="Coffee at the harbour", is_favourite=True, rating=4)
    library.api("PATCH", f"photos/{coffee}", tags=["breakfast", "holiday 2024"])
    archived, trashed = (library.ids[path.name] for path in good[-2:])
    library.api("POST", "changes", action="archive", photos={"ids": [archived]})
    library.api("POST", f"photos/{trashed}/trash")
    see(library, "chelsea.jpg", Label("cat", 97.0, (BOX,)), Label("dog", 52.0, ()))
    see(library, "rocket.jpg", Label("rocket", 91.0, (BOX,)), text="NASA")


def see(library: Furnished, name: str, *labels: Label, text: str = "") -> None:
    """What a recogniser would have seen in this photo, and read at LINE_BOX of it."""
    backends = open_backends(read_settings(library.app.environ()))
    database, now = backends.database, datetime.now(UTC)
    lines = [TextLine(text, 95.0, LINE_BOX)] if text else []
    owner = accounts.get_person(library.email, database=database)
    with database.write() as connection:
        key = photo_rows.get_photo(connection, library.ids[name], owner_id=owner.id).key
        pipeline.save_labels(connection, key, provider="eye 1", labels=labels, now=now)
        pipeline.save_text(connection, key, provider="eye 1", lines=lines, now=now)
    index_photos([key], database=database, search=backends.search)
    backends.close()


def sign_in(page: Page, address: str, email: str = EMAIL) -> None:
    """By the form; ends on the timeline."""
    page.goto(address)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Trash")).to_be_visible()


def until(is_done: Callable[[], bool], what: str, seconds: float = WORK_SECONDS) -> None:
    """Ask until it is so; a test that waits for longer than the work may take fails."""
    give_up_at = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < give_up_at, f"waited in vain: {what}"
        time.sleep(0.05)
