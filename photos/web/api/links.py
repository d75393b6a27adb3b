"""Where an answer leads: the operations that take an id out of it, as links of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from photos.web.api import change_shapes, lookup_shapes, photo_shapes, search_shapes, upload_shapes

LEADS: dict[type[msgspec.Struct] | None, dict[str, str]] = {
    upload_shapes.OfferList: {"upload_id": "/files/0/upload_id"},
    upload_shapes.UploadShape: {"upload_id": "/id"},
    photo_shapes.PhotoShape: {"photo_id": "/id"},
    photo_shapes.PhotoPage: {"photo_id": "/items/0/id"},
    search_shapes.MatchPage: {"photo_id": "/items/0/photo/id"},
    lookup_shapes.CopyList: {"photo_id": "/items/0/photo/id"},
    change_shapes.ChangeShape: {"change_id": "/id"},
    change_shapes.ChangePage: {"change_id": "/items/0/id"},
}
"""Of each answer: the path parameter that a part of it is good for, and where that part stands."""


def links_of(answer: type[msgspec.Struct] | None, paths: Mapping[str, str]) -> dict[str, Any]:
    """The links of an answer to operations, whose `paths` are known by name; empty if it leads nowhere."""
    return {
        target: {"operationId": target, "parameters": {name: f"$response.body#{pointer}"}}
        for name, pointer in LEADS.get(answer, {}).items()
        for target, path in paths.items()
        if f"<{name}>" in path
    }
