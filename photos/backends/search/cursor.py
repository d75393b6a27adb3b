"""The cursor of a search page: where the last page ended, bound to the question it belongs to.

The digest has no key, as there is nothing to protect: whatever a cursor says, only the owner's own
photos come back. It makes a cut, altered or borrowed cursor an error in place of a puzzling page.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct

import msgspec

from photos.errors import Invalid
from photos.query import unparse
from photos.query.tree import Node

_PLACE = struct.Struct(">Bq")
_DIGEST_BYTES = 8


class Place(msgspec.Struct, frozen=True):
    """The last hit of a page: its tier (0 unless ordered by relevance) and order number."""

    tier: int
    order_number: int


def encode(place: Place, tree: Node, owner_id: int, order: str) -> str:
    """An opaque word for URLs."""
    body = _PLACE.pack(place.tier, place.order_number)
    return base64.urlsafe_b64encode(body + _digest(body, tree, owner_id, order)).decode("ascii").rstrip("=")


def decode(cursor: str, tree: Node, owner_id: int, order: str) -> Place:
    """The place; raises Invalid with the code `cursor` if it is not one of this very search."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        place = Place(*_PLACE.unpack(raw[: _PLACE.size]))
    except (binascii.Error, ValueError, struct.error):
        raise _refused() from None
    if encode(place, tree, owner_id, order) != cursor:
        raise _refused()
    return place


def _refused() -> Invalid:
    return Invalid(
        "This page of the search is no longer known. Start again from the first page.",
        code="cursor",
        field="cursor",
    )


def _digest(body: bytes, tree: Node, owner_id: int, order: str) -> bytes:
    question = f"{owner_id}\0{order}\0{unparse(tree)}".encode("utf-8", "surrogatepass")
    return hashlib.blake2b(body + question, digest_size=_DIGEST_BYTES).digest()
