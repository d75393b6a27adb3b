"""A person's library for page tests: photos sent through the plain form and processed for real."""

from __future__ import annotations

import io
import re
from collections.abc import Iterable
from html import unescape
from typing import TYPE_CHECKING

from flask import Flask

from photos import tasks
from photos.backends.jobs import Jobs
from photos.db import photos as photo_rows
from photos.db import pipeline
from photos.imaging.pool import Decoders
from photos.models import Label, Photo
from photos.services import fsck

if TYPE_CHECKING:
    from tests.web.conftest import Browser


class Library:
    """What a person has, and a runner that works for it."""

    def __init__(self, app: Flask, darkroom: Decoders, browser: Browser) -> None:
        self.backends = app.extensions["bigimage"]
        self.backends.__dict__["darkroom"] = darkroom
        self.browser = browser
        assert browser.user is not None
        self.owner_id = browser.user.id

    def send(self, *files: tuple[str, bytes]) -> str:
        """Send files by the plain form; the page that says what became of them."""
        fields = {"files": [(io.BytesIO(body), name) for name, body in files]}
        answer = self.browser.post("/uploads", fields, content_type="multipart/form-data")
        # werkzeug's test client leaves the temporary file of a large form open
        answer.request.input_stream.close()
        assert answer.status_code == 303, answer.text
        return self.browser.get(answer.headers["Location"]).text

    def work(self) -> None:
        """Do every due job."""
        while jobs := self.backends.jobs.receive(limit=10, lease_seconds=60):
            for job in jobs:
                tasks.run(job, self.backends)
                self.backends.jobs.done(job)

    def add(self, body: bytes, name: str = "photo.jpg") -> Photo:
        """A photo, processed."""
        self.send((name, body))
        self.work()
        with self.backends.database.read() as connection:
            return max(
                photo_rows.list_photos(connection, owner_id=self.owner_id).items,
                key=lambda photo: photo.key,
            )

    def photo(self, photo_id: str) -> Photo:
        """The photo as it is now."""
        with self.backends.database.read() as connection:
            return photo_rows.get_photo(connection, photo_id, owner_id=self.owner_id)

    def label(self, photo: Photo, labels: Iterable[Label]) -> None:
        """What a recogniser would have seen."""
        with self.backends.database.write() as connection:
            pipeline.save_labels(
                connection, photo.key, provider="tester/1", labels=labels, now=photo.created_at
            )

    def differences(self) -> list[str]:
        """What fsck finds after a sweep."""
        parts, found = self.backends, list[str]()
        tasks.keep_hour("sweep", parts)
        fsck.find_differences(
            database=parts.database, storage=parts.storage, search=parts.search, report=found.append
        )
        return found


def words(page: str) -> str:
    """The text of a page as a person reads it."""
    text = re.sub(r"(?s)<(head|script|style|svg|dialog)\b.*?</\1>", " ", page)
    text = re.sub(r'<span class="tail">(.*?)</span>', r"\1", text)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text))).strip()


def tiles(page: str) -> list[str]:
    """Ids of the photos on a page, in order."""
    return re.findall(r'class="tile[^"]*" href="[^"]*" id="photo-([^"]+)"', page)


def check(page: str) -> str:
    """What every page owes: a title, one h1, named fields, no inline style or handler. Returns it."""
    assert re.search(r"<title>\S.* · Bigimage</title>", page)
    assert len(re.findall(r"<h1\b", page)) == 1
    assert not re.search(r"<[a-z][^>]*\s(style|on[a-z]+)=", page)
    for identifier in re.findall(r'<(?:input|textarea|select)\b[^>]*\bid="([^"]+)"', page):
        assert f'for="{identifier}"' in page
    for form in re.findall(r'(?s)<form[^>]*method="post".*?</form>', page):
        named = re.match(r'<form[^>]*\bid="([^"]+)"', form)
        # a form that is the same for everybody has its token beside it
        assert 'name="csrf_token"' in form or (named and f'form="{named[1]}" name="csrf_token"' in page)
    return page


ROUGH = "<b>storage</b> could not fetch originals/a"
"""Why it fails, in words that a page must not take for its own."""


def wear_out(jobs: Jobs, photo_id: str, tries: int = 10) -> None:
    """A job that fails each time. Nothing else may be queued."""
    jobs.send("process_photo", {"photo_id": photo_id})
    for left in range(tries - 1, -1, -1):
        (job,) = jobs.receive(limit=1, lease_seconds=60)
        jobs.retry(job, error=ROUGH, delay_seconds=0 if left else 3600)
