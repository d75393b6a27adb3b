"""What search takes and gives."""

from __future__ import annotations

from datetime import datetime

import msgspec

from photos.models.photo import Label, Position, Shelf


class SearchDocument(msgspec.Struct, frozen=True):
    """What search knows of one photo; made from rows, replaceable at any time."""

    key: int
    owner_id: int
    revision: int
    taken_local: datetime
    shelf: Shelf
    name: str = ""
    description: str = ""
    labels: tuple[Label, ...] = ()
    """Rejected labels are not in it; kept ones count as confidence 100."""
    text: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    albums: tuple[str, ...] = ()
    camera: str = ""
    lens: str = ""
    place: str = ""
    position: Position | None = None
    media_type: str = ""
    width: int = 0
    height: int = 0
    rating: int = 0
    is_favourite: bool = False
    has_people: bool = False


class Reason(msgspec.Struct, frozen=True):
    """Why a hit matched: `kind` is label, description, text, tag, place, camera, lens, name, album, date,
    like (how much, in percent), or filter; `value` is the matched content; `confidence` only for labels;
    `because` says by which other word it was found, if not by the one that was written ("puppy: counted as
    dog")."""

    kind: str
    value: str
    confidence: float | None = None
    because: str = ""


class Hit(msgspec.Struct, frozen=True):
    """One search result. `tier` orders relevance: smaller is better."""

    key: int
    tier: int
    taken_local: datetime
    reasons: tuple[Reason, ...] = ()
