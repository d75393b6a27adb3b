"""Downloads of many photos: a list is kept, and its zip files are streamed."""

from __future__ import annotations

from flask import Blueprint, Response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from photos.db import changes as change_rows
from photos.errors import NotFound
from photos.services import downloads
from photos.services.promises import size_words
from photos.web import deps
from photos.web.changes import chosen

blueprint = Blueprint("downloads", __name__, url_prefix="/downloads")


@blueprint.post("")
def create() -> BaseResponse:
    """Keep the chosen photos as a list, and go to its zip file, or to the page of several."""
    here, owner = deps.backends(), deps.user()
    download_id = downloads.create(chosen(), owner=owner, database=here.database, search=here.search)
    parts = downloads.parts_of(download_id, owner=owner, database=here.database)
    if len(parts) > 1:
        return redirect(url_for("downloads.show", download_id=download_id), 303)
    return redirect(url_for("downloads.pack", download_id=download_id), 303)


@blueprint.get("/<download_id>")
def show(download_id: str) -> str:
    """The zip files of a list."""
    parts = downloads.parts_of(download_id, owner=deps.user(), database=deps.database())
    return render_template(
        "downloads/show.html",
        total=sum(part.count for part in parts),
        parts=[
            (
                url_for("downloads.pack", download_id=download_id, part=number),
                _name(number, len(parts)),
                part.count,
                size_words(part.size_bytes),
            )
            for number, part in enumerate(parts, 1)
        ],
        kept_days=change_rows.KEPT_DAYS,
    )


@blueprint.get("/<download_id>/photos.zip")
def pack(download_id: str) -> Response:
    """One zip file, the `part`-th. Its length is told before, so that a browser notices when it is cut."""
    here, owner = deps.backends(), deps.user()
    parts = downloads.parts_of(download_id, owner=owner, database=here.database)
    number = request.args.get("part", "1")
    if number not in {str(known) for known in range(1, len(parts) + 1)}:
        raise NotFound("part of the download", download_id)
    packed = downloads.pack(
        download_id, parts[int(number) - 1], owner=owner, database=here.database, storage=here.storage
    )
    answer = Response(packed.chunks, mimetype="application/zip")
    answer.content_length = packed.size_bytes
    name = _name(int(number), len(parts))
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _name(number: int, count: int) -> str:
    return "photos.zip" if count == 1 else f"photos-{number}.zip"
