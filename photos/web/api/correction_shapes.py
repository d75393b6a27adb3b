"""What goes over the wire when a person says when and where photos were taken."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from photos.models import Position
from photos.services import corrections
from photos.services.corrections import FARTHEST_OFFSET_MINUTES, LONGEST_SHIFT_SECONDS
from photos.web import deps


class TakenChange(Struct, forbid_unknown_fields=True):
    """When photos were taken. `local` is the wall clock there (2024-06-15T14:30:00), or `shift_seconds` moves
    it; `offset_minutes` is its offset from UTC, null for unknown. `from_file` lets the file speak again."""

    local: Annotated[str, Meta(max_length=32)] | UnsetType = UNSET
    shift_seconds: Annotated[int, Meta(ge=-LONGEST_SHIFT_SECONDS, le=LONGEST_SHIFT_SECONDS)] | UnsetType = (
        UNSET
    )
    offset_minutes: (
        Annotated[int, Meta(ge=-FARTHEST_OFFSET_MINUTES, le=FARTHEST_OFFSET_MINUTES)] | UnsetType | None
    ) = UNSET
    from_file: bool | UnsetType = UNSET


class PositionChange(Struct, forbid_unknown_fields=True):
    """WGS 84 degrees."""

    latitude: Annotated[float, Meta(ge=-90, le=90)]
    longitude: Annotated[float, Meta(ge=-180, le=180)]


class PlaceChange(Struct, forbid_unknown_fields=True):
    """Where photos were taken: a position, null for none, or `from_file` to let the file speak again."""

    position: PositionChange | None = None
    from_file: bool = False


def taken_values(taken: TakenChange) -> dict[str, Any]:
    """A date as the service takes it."""
    values: dict[str, Any] = msgspec.to_builtins(taken)
    return values


def place_values(place: PlaceChange) -> dict[str, Any]:
    """A place as the service takes it: the nearest name is looked up here, once for all photos."""
    if place.from_file:
        return {"from_file": True}
    position = Position(place.position.latitude, place.position.longitude) if place.position else None
    return corrections.place_of(position, lambda here: deps.backends().gazetteer.nearest(here))
