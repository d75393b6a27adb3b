"""A running library with people and photos in it, for tests that look around."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from playwright.sync_api import Page, expect

from photos.config import read_settings
from photos.db.engine import Database
from photos.services import accounts
from tests import pictures
from tests.servers.app import RunningApp

EMAIL = "owner@example.org"
PASSWORD = "a lighthouse at noon"
WORK_SECONDS = 60


@dataclass
class Furnished:
    """The library, and what its owner knows."""

    app: RunningApp
    token: str
    ids: dict[str, str] = field(default_factory=dict)
    """File name -> photo id."""

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
        names = [str(path) for path in paths]
        sent = self.app.flask("upload", "--json", "--server", self.app.url, "--token", self.token, *names)
        lines = [json.loads(line) for line in sent.stdout.splitlines()]
        assert len(lines) == len(paths), sent.stderr
        self.ids |= {Path(line["path"]).name: line["photo_id"] for line in lines}
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
    database = Database(read_settings(app.environ()).database_url)
    owner = accounts.create_account(EMAIL, PASSWORD, name="Olga Owner", is_admin=True, database=database)
    scopes = frozenset({"read", "write"})
    token, _ = accounts.create_token(owner, name="tests", scopes=scopes, database=database)
    database.close()
    return Furnished(app, token)


def add_photos(library: Furnished, folder: Path) -> None:
    """A few real and made photos; one of them with words, one in the trash, one refused."""
    good = pictures.sample_photos(folder, 9)
    broken = folder / "broken.jpg"
    broken.write_bytes(pictures.truncated(pictures.jpeg(900, 700, seed=77), 0.1))
    library.upload(*good, broken)
    coffee = library.ids["coffee.jpg"]
    library.api("PATCH", f"photos/{coffee}", description="Coffee at the harbour", is_favourite=True, rating=4)
    library.api("PATCH", f"photos/{coffee}", tags=["breakfast", "holiday 2024"])
    library.api("POST", f"photos/{library.ids[good[-1].name]}/trash")


def sign_in(page: Page, address: str) -> None:
    """As the owner, by the form; ends on the timeline."""
    page.goto(address)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("link", name="Trash")).to_be_visible()


def until(is_done: Callable[[], bool], what: str, seconds: float = WORK_SECONDS) -> None:
    """Ask until it is so; a test that waits for longer than the work may take fails."""
    give_up_at = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < give_up_at, f"waited in vain: {what}"
        time.sleep(0.05)
