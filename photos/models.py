"""Frozen dataclasses that cross floors. No behaviour beyond what the fields themselves say.

Instants (`*_at`) are aware UTC datetimes. `taken_local` is naive: the wall clock where the photo was
taken. Confidences are 0-100. Boxes are fractions of the upright picture, 0-1. Lengths are in pixels.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, NamedTuple, TypeVar

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle as fractions of the upright picture: left and top edge, then extent."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Label:
    """One thing seen in a photo by one provider. `boxes` is empty where the provider has none."""

    name: str
    confidence: float
    boxes: tuple[Box, ...] = ()
    provider: str = ""
    verdict: Verdict | None = None
    """None means that nobody has decided yet."""


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line of text read in a photo, in reading order."""

    text: str
    confidence: float
    box: Box


@dataclass(frozen=True, slots=True)
class Rendition:
    """A derived picture: `large` (1600 fit), `medium` (512 fit) or `square` (256 crop)."""

    kind: str
    key: str
    width: int
    height: int
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Camera:
    """What the file says about how it was taken. None means that the file does not say."""

    make: str = ""
    model: str = ""
    lens: str = ""
    f_number: float | None = None
    exposure_seconds: float | None = None
    iso: int | None = None
    focal_length_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """WGS 84, degrees; altitude in metres, None if unknown."""

    latitude: float
    longitude: float
    altitude_m: float | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Nearest named place. `country_code` is ISO 3166-1 alpha-2."""

    name: str
    region: str
    country: str
    country_code: str


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was read from a file's EXIF, XMP and IPTC blocks; text is already cleaned and cut."""

    taken_local: datetime | None = None
    offset_minutes: int | None = None
    """Offset of the wall clock from UTC; None if the file does not say."""
    camera: Camera = Camera()
    position: Position | None = None
    description: str = ""
    rating: int | None = None
    """1-5; None if the file has none."""
    keywords: tuple[str, ...] = ()
    orientation: int = 1


@dataclass(frozen=True, slots=True)
class DevelopedRendition:
    """A rendition's bytes, before they have a key."""

    kind: str
    width: int
    height: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class PerceptualHash:
    """One PDQ hash: 32 bytes, with the quality (0-100) of the picture it was made from."""

    variant: str
    bits: bytes
    quality: int


@dataclass(frozen=True, slots=True)
class Developed:
    """Everything that decoding a file gives, made in one pass by the guarded child."""

    media_type: str
    width: int
    height: int
    """Both upright, after orientation."""
    frames: int
    facts: FileFacts
    renditions: tuple[DevelopedRendition, ...]
    thumbhash: bytes
    hashes: tuple[PerceptualHash, ...]
    """Upright first; then turned and mirrored, for asking with."""
    colours: tuple[tuple[str, float], ...]
    """Dominant colours as (`#rrggbb`, share 0-1), largest first."""
    light: str
    """`dark`, `bright` or empty."""


@dataclass(frozen=True, slots=True)
class Photo:
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


@dataclass(frozen=True, slots=True)
class PhotoSummary:
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


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbours on a shelf: the photos before the place `newest` and not before `oldest`.

    A place is a pair (stored `taken_local`, key) in the order of the shelf.
    """

    newest: tuple[int, int]
    oldest: tuple[int, int]
    count: int


@dataclass(frozen=True, slots=True)
class User:
    """A person; identity is (issuer, subject), never the e-mail address."""

    id: int
    issuer: str
    subject: str
    name: str
    email: str
    is_admin: bool
    is_disabled: bool
    quota_bytes: int | None
    """None means the default of the settings."""
    used_bytes: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One signed-in browser. `public_id` names it on the account page; the cookie's id is only hashed."""

    public_id: str
    user_id: int
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    user_agent: str
    address: str


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A personal token; the secret itself is stored hashed and shown once."""

    public_id: str
    user_id: int
    name: str
    scopes: frozenset[str]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes on their way in; not yet a photo. `state`: open, complete or refused."""

    id: str
    owner_id: int
    name: str
    size_bytes: int
    sha256: str
    storage_key: str
    multipart_id: str
    part_size: int
    state: str
    photo_id: str
    """The photo it became; empty until complete."""
    reason: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Job:
    """A hint to work. It carries ids only, may arrive twice, late or never."""

    id: str
    name: str
    payload: dict[str, str]
    attempt: int
    """1 on the first delivery."""


@dataclass(frozen=True, slots=True)
class DeadJob:
    """A job that was given up, or whatever else came through its queue: `name` is empty for that."""

    id: str
    name: str
    payload: dict[str, str]
    body: str
    """What was in the queue, word by word."""
    attempts: int
    sent_at: datetime
    reason: str = ""
    """Why the last try failed; empty where nobody knows."""


class BulkState(StrEnum):
    """How far a change to many photos is."""

    WAITING = "waiting"
    WORKING = "working"
    DONE = "done"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class BulkChange:
    """One change to many photos. `content` holds the values of its action, as they came over the wire."""

    id: str
    owner_id: int
    action: str
    content: dict[str, Any]
    state: BulkState
    total: int
    done: int
    failed: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class BulkFailure:
    """A photo that a change left as it was, and why, in words for people."""

    photo_id: str
    reason: str


@dataclass(frozen=True, slots=True)
class SearchDocument:
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


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a hit matched: `kind` is label, description, text, tag, place, camera, lens, name, album, date,
    like (how much, in percent), or filter; `value` is the matched content; `confidence` only for labels;
    `because` says by which other word it was found, if not by the one that was written ("puppy: counted as
    dog")."""

    kind: str
    value: str
    confidence: float | None = None
    because: str = ""


@dataclass(frozen=True, slots=True)
class Hit:
    """One search result. `tier` orders relevance: smaller is better."""

    key: int
    tier: int
    taken_local: datetime
    reasons: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a keyset-paged list. `next` is an opaque cursor, None at the end."""

    items: tuple[T, ...]
    next: str | None = None


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a provider says has signed in."""

    issuer: str
    subject: str
    email: str
    email_verified: bool
    name: str


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What an object store knows of one object."""

    key: str
    size_bytes: int
    etag: str
    media_type: str = ""
    modified_at: datetime | None = None
    """None where the answer does not say; a list does."""


@dataclass(frozen=True, slots=True)
class ObjectEvent:
    """What a message says of one object of a bucket: a claim, to be compared with the object itself."""

    bucket: str
    key: str
    """Decoded."""
    is_new: bool
    """Whether it tells of an object that came; others tell that one went, or got other tags."""


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """Which text of a secret a store holds now. `version` is its own word, empty where it keeps none, and
    `changed_at` is None there."""

    version: str = ""
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefusedDrop:
    """A file that lies in a person's dropbox and could not be taken. `etag` is that of what was refused."""

    id: str
    name: str
    etag: str
    reason: str
    refused_at: datetime


@dataclass(frozen=True, slots=True)
class StoredPart:
    """One part of a multipart upload that has arrived. `number` starts at 1."""

    number: int
    size_bytes: int
    etag: str


@dataclass(frozen=True, slots=True)
class RecognisedLabels:
    """What one provider saw."""

    provider: str
    labels: tuple[Label, ...] = field(default=())
    vector: bytes = b""
    """What the picture as a whole looks like, as signed bytes. The vectors of two pictures alike point the
    same way, if they are of one provider. Empty from one that has none."""


@dataclass(frozen=True, slots=True)
class RecognisedText:
    """What one provider read."""

    provider: str
    lines: tuple[TextLine, ...] = field(default=())
