"""When and where a photo was taken, in a person's words. They outlive re-processing, until the person lets
the file speak again.

Both corrections are mappings as they come over the wire, so that a change of many photos can be kept:
`taken` is `{"local", "offset_minutes"}`, `{"shift_seconds"}`, `{"offset_minutes"}` or `{"from_file": True}`,
`place` is `{"position", "named"}` (both None for no place) or `{"from_file": True}`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from msgspec.structs import asdict

from photos.db import edits
from photos.errors import Invalid
from photos.models import Photo, Place, Position

Correction = Mapping[str, Any]

FARTHEST_OFFSET_MINUTES = 14 * 60
LONGEST_SHIFT_SECONDS = 200 * 366 * 86_400
EARLIEST, LATEST = datetime(1, 1, 2), datetime(9998, 12, 31)
"""Dates that stay in the calendar in every time zone."""


def clean_taken(taken: Correction) -> dict[str, Any]:
    """The correction of a date as it is kept. Raises Invalid for one that says nothing, or nonsense."""
    if taken.get("from_file"):
        return {"from_file": True}
    kept: dict[str, Any] = {}
    if taken.get("local"):
        kept["local"] = _wall_clock(taken["local"]).isoformat()
    elif taken.get("shift_seconds"):
        kept["shift_seconds"] = taken["shift_seconds"]
        if abs(kept["shift_seconds"]) > LONGEST_SHIFT_SECONDS:
            raise Invalid("That is more than 200 years.", field="taken")
    if "offset_minutes" in taken:
        kept["offset_minutes"] = offset = taken["offset_minutes"]
        if offset is not None and abs(offset) > FARTHEST_OFFSET_MINUTES:
            raise Invalid("A time zone is at most 14 hours from UTC.", field="taken")
    if not kept:
        raise Invalid("Say a date, a shift, or a time zone.", code="missing", field="taken")
    return kept


def place_of(position: Position | None, nearest: Callable[[Position], Place | None]) -> dict[str, Any]:
    """The correction of a place as it is kept: a position with the name of the nearest place."""
    named = nearest(position) if position else None
    return {
        "position": asdict(position) if position else None,
        "named": asdict(named) if named else None,
    }


def taken_columns(photo: Photo, taken: Correction) -> edits.Columns:
    """What the correction makes of one photo's date. Raises Invalid for a date outside the calendar.

    Where the file shall speak again, the person's word stands until it is read, as nobody's.
    """
    if taken.get("from_file"):
        return edits.taken_by_file()
    local = datetime.fromisoformat(taken["local"]) if "local" in taken else photo.taken_local
    try:
        local += timedelta(seconds=taken.get("shift_seconds", 0))
    except OverflowError:
        local = datetime.max
    if not EARLIEST <= local <= LATEST:
        raise Invalid("That date is not in the calendar.", field="taken")
    return edits.taken(local, taken.get("offset_minutes", photo.offset_minutes))


def place_columns(place: Correction) -> edits.Columns:
    """What the correction makes of a photo's place, as `taken_columns` does of its date."""
    if place.get("from_file"):
        return edits.place_by_file()
    return edits.place(
        Position(**place["position"]) if place["position"] else None,
        Place(**place["named"]) if place["named"] else None,
    )


def _wall_clock(text: str) -> datetime:
    try:
        local = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("Write the date as 2024-06-15T14:30.", code="date", field="taken") from None
    if local.tzinfo is not None:
        raise Invalid("Write the clock there, and its offset beside it.", code="date", field="taken")
    if not EARLIEST <= local <= LATEST:
        raise Invalid("That date is not in the calendar.", code="date", field="taken")
    return local
