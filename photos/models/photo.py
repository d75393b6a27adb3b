"""A photo and what belongs to it, as the database knows them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

import msgspec


class PhotoState(StrEnum):
    """What remains to be done for a photo; people read waiting, working, ready, refused."""

    NEW = "new"
    PROCESSING = "processing"
    READY = "ready"
    REFUSED = "refused"


class Shelf(StrEnum):
    """Where a photo is listed. Derived in the database from state, archived_at and trashed_at."""

    TIMELINE = "timeline"
    ARCHIVE = "archive"
    TRASH = "trash"
    REFUSED = "refused"


class Verdict(StrEnum):
    """A person's decision on one label of one photo; it survives re-processing."""

    KEPT = "kept"
    REJECTED = "rejected"


class TakenSource(StrEnum):
    """Where `taken_local` comes from."""

    FILE = "file"
    UPLOAD = "upload"
    PERSON = "person"


class Box(msgspec.Struct, frozen=True):
    """A rectangle as fractions of the upright picture: left and top edge, then extent."""

    left: float
    top: float
    width: float
    height: float


class Label(msgspec.Struct, frozen=True):
    """One thing seen in a photo by one provider. `boxes` is empty where the provider has none."""

    name: str
    confidence: float
    boxes: tuple[Box, ...] = ()
    provider: str = ""
    verdict: Verdict | None = None
    """None means that nobody has decided yet."""


class TextLine(msgspec.Struct, frozen=True):
    """One line of text read in a photo, in reading order."""

    text: str
    confidence: float
    box: Box


class Rendition(msgspec.Struct, frozen=True):
    """A derived picture: `large` (1600 fit), `medium` (512 fit) or `square` (256 crop)."""

    kind: str
    key: str
    width: int
    height: int
    size_bytes: int
    media_type: str


class Camera(msgspec.Struct, frozen=True):
    """What the file says about how it was taken. None means that the file does not say."""

    make: str = ""
    model: str = ""
    lens: str = ""
    f_number: float | None = None
    exposure_seconds: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None


class Position(msgspec.Struct, frozen=True):
    """WGS 84, degrees; altitude in metres, None if unknown."""

    latitude: float
    longitude: float
    altitude_m: float | None = None


class Place(msgspec.Struct, frozen=True):
    """Nearest named place. `country_code` is ISO 3166-1 alpha-2."""

    name: str
    region: str
    country: str
    country_code: str


class Photo(msgspec.Struct, frozen=True):
    """One photo as the database knows it. `key` orders by arrival and never leaves the house."""

    key: int
    id: str
    owner_id: int
    sha256: str
    size_bytes: int
    name: str
    media_type: str
    storage_key: str
    state: PhotoState
    shelf: Shelf
    reason: str
    """Why it was refused, for people; empty otherwise."""
    taken_local: datetime
    taken_source: TakenSource
    offset_minutes: int | None
    taken_at: datetime | None
    """UTC instant; None where the offset is unknown."""
    width: int
    height: int
    """0 until the photo is ready."""
    camera: Camera
    position: Position | None
    place: Place | None
    description: str
    rating: int | None
    is_favourite: bool
    thumbhash: str
    """Base64; empty until ready."""
    colours: tuple[tuple[str, float], ...]
    light: str
    turn: int
    """Clockwise degrees that a person wants on top of what the file says. It only goes up: 450 is 90."""
    turn_made: int
    """The turn with which size, renditions and boxes were made; another one than `turn` until they follow."""
    recogniser: str
    """Name and version of who labelled it; empty if nobody has."""
    created_at: datetime
    updated_at: datetime
    trashed_at: datetime | None
    archived_at: datetime | None
    revision: int
    attempts: int
    renditions: tuple[Rendition, ...] = ()
    labels: tuple[Label, ...] = ()
    text: tuple[TextLine, ...] = ()
    tags: tuple[str, ...] = ()


class PhotoMark(NamedTuple):
    """A photo as a long list knows it: where it stands, and whether what was made of it still holds.

    A tuple, since every page makes sixty.
    """

    key: int
    revision: int
    state: str
    """Of PhotoState."""
    taken_micros: int
    """The wall clock where it was taken, in microseconds since the beginning of 1970 there."""
    place_name: str
    """Empty if unknown."""


class PhotoSummary(msgspec.Struct, frozen=True):
    """A photo as a tile of a grid shows it."""

    key: int
    id: str
    revision: int
    state: PhotoState
    reason: str
    """Why it was refused, for people; empty otherwise."""
    name: str
    description: str
    taken_local: datetime
    place_name: str
    """Empty if unknown."""
    width: int
    height: int
    """0 until the photo is ready."""
    thumbhash: str
    is_favourite: bool
    rating: int | None
    renditions: tuple[Rendition, ...] = ()
    """Those that a grid shows."""
    labels: tuple[str, ...] = ()
    """Names of the surest few."""


class Chunk(msgspec.Struct, frozen=True):
    """Neighbours on a shelf: the photos before the place `newest` and not before `oldest`.

    A place is a pair (stored `taken_local`, key) in the order of the shelf.
    """

    newest: tuple[int, int]
    oldest: tuple[int, int]
    count: int
