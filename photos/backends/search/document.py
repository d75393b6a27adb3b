"""A search document as JSON text and back, without loss; what an index keeps to say why it matched."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from photos.models import Label, Position, SearchDocument, Shelf

_PLAIN = (
    "key",
    "owner_id",
    "revision",
    "name",
    "description",
    "camera",
    "lens",
    "place",
    "media_type",
    "width",
    "height",
    "rating",
    "is_favourite",
    "has_people",
)
_LISTS = ("text", "tags", "albums")


def to_json(document: SearchDocument) -> str:
    """Compact ASCII. Boxes, providers and verdicts of labels are not searched and so are left out."""
    fields: dict[str, Any] = {name: getattr(document, name) for name in _PLAIN + _LISTS}
    fields["shelf"] = document.shelf.value
    fields["taken_local"] = document.taken_local.isoformat()
    fields["labels"] = [(label.name, label.confidence) for label in document.labels]
    if document.position:
        at = document.position
        fields["position"] = (at.latitude, at.longitude, at.altitude_m)
    return json.dumps(fields, separators=(",", ":"))


def storable(text: str) -> str:
    """`text` without halves of characters, which no database takes."""
    if text.isascii():
        return text
    return text.encode("utf-8", "replace").decode("utf-8")


def from_json(text: str) -> SearchDocument:
    """The document that `to_json` was given, with bare labels."""
    fields = json.loads(text)
    for name in _LISTS:
        fields[name] = tuple(fields[name])
    fields["shelf"] = Shelf(fields["shelf"])
    fields["taken_local"] = datetime.fromisoformat(fields["taken_local"])
    fields["labels"] = tuple(Label(name, confidence) for name, confidence in fields["labels"])
    if "position" in fields:
        fields["position"] = Position(*fields["position"])
    return SearchDocument(**fields)
