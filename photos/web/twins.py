"""Do I have this? A picture that somebody holds in hand is looked at, compared, and not kept."""

from __future__ import annotations

import threading
from contextlib import closing
from datetime import UTC, datetime
from typing import cast

from flask import Blueprint, render_template, request

from photos.backends.storage import Readable
from photos.db import rate
from photos.errors import BackendError, Invalid
from photos.services import twins
from photos.services.promises import size_words
from photos.web import deps, present
from photos.web.words import whereabouts

blueprint = Blueprint("twins", __name__, url_prefix="/twins")

MOST_A_MINUTE = 30
PATIENCE_SECONDS = 20
CERTAINTIES = {
    twins.Certainty.SAME: "The same file",
    twins.Certainty.SURE: "The same picture",
    twins.Certainty.POSSIBLE: "Perhaps the same picture",
}

_one_at_a_time = threading.Semaphore(1)
"""A picture that is looked at may need as much memory as one that is developed."""


@blueprint.get("")
def index() -> str:
    """The form: choose or drop a picture."""
    return _page()


@blueprint.post("")
def ask() -> tuple[str, int]:
    """The photos that look like the picture sent as `picture`, or what is wrong with it."""
    files = [file for file in request.files.getlist("picture") if file.filename]
    sha256 = deps.form_text("sha256", limit=64, required=False)
    if not files:
        return _page(error="Choose a picture."), 400
    try:
        found = twins.find_file(sha256, owner=deps.user(), database=deps.database()) if sha256 else ()
        with closing(files[0]) as file:
            found = found or look(cast(Readable, file.stream))
    except Invalid as refusal:
        return _page(error=refusal.reason), 400
    return _page(found=found), 200


def look(stream: Readable) -> tuple[twins.Twin, ...]:
    """The person's photos that look like this picture.

    Raises what `twins.find_picture` raises, TooMany beyond 30 a minute, and BackendError while others are
    being looked at.
    """
    here, owner = deps.backends(), deps.user()
    with here.database.write() as connection:
        rate.take(
            connection,
            "look",
            str(owner.id),
            limit=MOST_A_MINUTE,
            window_seconds=60,
            now=datetime.now(UTC),
            reason="You have asked very often. Wait a minute.",
        )
    if not _one_at_a_time.acquire(timeout=PATIENCE_SECONDS):
        raise BackendError("decoders", "look", "at one more picture")
    try:
        return twins.find_picture(
            stream,
            owner=owner,
            settings=here.settings,
            database=here.database,
            magnifier=here.open_magnifier(),
        )
    finally:
        _one_at_a_time.release()


def _page(*, found: tuple[twins.Twin, ...] | None = None, error: str = "") -> str:
    here = deps.backends()
    return render_template(
        "twins/index.html",
        error=error,
        asked=found is not None,
        tiles=[
            (
                present.tile(twin.photo, here.storage),
                CERTAINTIES[twin.certainty],
                whereabouts(twin.photo),
            )
            for twin in found or ()
        ],
        max_size=size_words(here.settings.max_photo_bytes),
    )
