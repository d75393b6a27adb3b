"""An index as the suite sees it: how to look behind it and break it, and what is put into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from photos.backends.search import Search
from photos.models import Label, SearchDocument, Shelf
from photos.query import parse

OWNER, STRANGER = 7, 8
NOON = datetime(2024, 6, 1, 12)


@dataclass(frozen=True)
class Adapter:
    """One technology under test, with the means to look behind it."""

    search: Search
    opened_again: Callable[[], Search]
    stored_bytes: Callable[[], bytes]
    break_it: Callable[[], None]
    mend_it: Callable[[], None]


def document(key: int, *labels: str, **fields: object) -> SearchDocument:
    """A document of OWNER, taken `key` minutes after noon."""
    plain = SearchDocument(
        key=key,
        owner_id=OWNER,
        revision=1,
        taken_local=NOON + timedelta(minutes=key),
        shelf=Shelf.TIMELINE,
        labels=tuple(Label(name, 90.0) for name in labels),
    )
    return msgspec.structs.replace(plain, **fields)  # type: ignore[arg-type]


def keys(search: Search, text: str, owner_id: int = OWNER, order: str = "newest") -> list[int]:
    """Keys of all hits, read page by page."""
    found: list[int] = []
    cursor = None
    while True:
        page = search.find(parse(text), owner_id=owner_id, order=order, limit=2, cursor=cursor)
        found.extend(hit.key for hit in page.hits)
        cursor = page.next
        if cursor is None:
            return found
