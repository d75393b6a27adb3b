"""Do I have this picture?"""

from __future__ import annotations

from typing import cast

from flask import request

from photos.backends.storage import Readable
from photos.services import lookup
from photos.web import deps
from photos.web.api import lookup_shapes as shapes
from photos.web.api.operations import operation


@operation("POST", "/photos/lookup", query=shapes.LookupQuery, answer=shapes.CopyList, takes="image/*")
def look_up(query: shapes.LookupQuery) -> shapes.CopyList:
    """Ask whether a picture is in the library. The body is the picture; it is looked at and not kept.
    With `sha256`, the hash of a file, that file is looked for first, and no body is needed if it is there.
    """
    here, owner = deps.backends(), deps.user()
    found: tuple[lookup.Copy, ...] = ()
    if query.sha256:
        found = lookup.find_file(query.sha256, owner=owner, database=here.database)
    if not found:
        # under gunicorn Werkzeug takes the read that finds the end for one beyond the limit
        request.max_content_length = here.settings.max_photo_bytes + 1
        found = lookup.look(
            cast(Readable, request.stream),
            owner=owner,
            settings=here.settings,
            database=here.database,
            open_magnifier=here.open_magnifier,
        )
    return shapes.CopyList([shapes.copy_shape(copy, here.storage) for copy in found])
