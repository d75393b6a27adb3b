"""Which photos are the same picture."""

from __future__ import annotations

from typing import cast

from flask import request

from photos.backends.storage import Readable
from photos.services import twins
from photos.web import deps
from photos.web import twins as pages
from photos.web.api import shapes
from photos.web.api.operations import operation


@operation("POST", "/photos/twins", query=shapes.TwinQuery, answer=shapes.TwinList, takes="image/*")
def find_twins(query: shapes.TwinQuery) -> shapes.TwinList:
    """Ask whether a picture is in the library. The body is the picture; it is looked at and not kept.
    With `sha256`, the hash of a file, that file is looked for first, and no body is needed if it is there.
    """
    here, owner = deps.backends(), deps.user()
    found: tuple[twins.Twin, ...] = ()
    if query.sha256:
        found = twins.find_file(query.sha256, owner=owner, database=here.database)
    if not found:
        # under gunicorn Werkzeug takes the read that finds the end for one beyond the limit
        request.max_content_length = here.settings.max_photo_bytes + 1
        found = pages.look(cast(Readable, request.stream))
    return shapes.TwinList([shapes.twin_shape(twin, here.storage) for twin in found])
