"""The tree of a query. Every node knows where in the text it came from.

`position` and `length` count characters (code points) of the text that was parsed; they do not take
part in comparisons, so two texts that mean the same give equal trees.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from photos.errors import Invalid


class QueryError(Invalid):
    """The query cannot be understood. `position` and `length` point at the part that is wrong."""

    def __init__(self, reason: str, *, position: int, length: int, code: str = "query") -> None:
        super().__init__(reason, code=code, field="q")
        self.position = position
        self.length = length


class Field(StrEnum):
    """Where words are looked for. The values are the kinds of `photos.models.Reason`."""

    LABEL = "label"
    DESCRIPTION = "description"
    TAG = "tag"
    NAME = "name"
    ALBUM = "album"
    PLACE = "place"
    CAMERA = "camera"
    LENS = "lens"
    TEXT = "text"


class Comparison(StrEnum):
    """How a number is compared."""

    EQUAL = "="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


class Measure(StrEnum):
    """A number every photo has; pixels for the first two, 0-5 for the rating (0: unrated)."""

    WIDTH = "width"
    HEIGHT = "height"
    RATING = "rating"


class State(StrEnum):
    """What `is:` asks for."""

    FAVOURITE = "favourite"
    ARCHIVED = "archived"
    TRASHED = "trashed"
    REFUSED = "refused"


class Feature(StrEnum):
    """What `has:` asks for."""

    GPS = "gps"
    TEXT = "text"
    PEOPLE = "people"
    DESCRIPTION = "description"


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A part of a query and its place in the text."""

    position: int = field(default=0, compare=False, repr=False)
    length: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class And(Node):
    """All children hold. Without children it holds for every photo."""

    children: tuple[Node, ...] = ()


@dataclass(frozen=True, slots=True)
class Or(Node):
    """At least one child holds."""

    children: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not(Node):
    """The child does not hold."""

    child: Node


class Kinship(StrEnum):
    """How another word is akin to the one that was written."""

    FORM = "form"
    """The same word in singular, plural or possessive."""
    TYPO = "typo"
    """A word of the library one slip of the finger away."""
    SYNONYM = "synonym"


@dataclass(frozen=True, slots=True)
class Alternative:
    """What a word is counted as too; `text` may be a phrase."""

    text: str
    kinship: Kinship


@dataclass(frozen=True, slots=True)
class Words(Node):
    """Consecutive words, in `field` or, if that is None, in any of them.

    `is_prefix`: the last word may go on. `is_exact`: it was quoted, so nothing akin counts. A bare word
    that holds several (`well-known`) asks for them side by side and so is a phrase too. `others` is empty
    until `photos.query.expansion` has looked at the words of a library.
    """

    text: str
    field: Field | None = None
    is_prefix: bool = False
    is_exact: bool = False
    others: tuple[Alternative, ...] = ()


@dataclass(frozen=True, slots=True)
class Label(Node):
    """A label whose whole name (or, with `is_prefix`, its beginning) is `name`.

    `comparison` with `confidence` (0-100) limits it; None means any confidence.
    """

    name: str
    is_prefix: bool = False
    comparison: Comparison | None = None
    confidence: float = 0.0


@dataclass(frozen=True, slots=True)
class Tag(Node):
    """A tag whose whole name (or, with `is_prefix`, its beginning) is `name`."""

    name: str
    is_prefix: bool = False


@dataclass(frozen=True, slots=True)
class Near(Node):
    """Within `kilometres` of a point (WGS 84, degrees) along the earth's surface."""

    latitude: float
    longitude: float
    kilometres: float


@dataclass(frozen=True, slots=True)
class Within(Node):
    """Inside a box of latitudes and longitudes, its edges included (WGS 84, degrees).

    `west` beyond `east`: across the date line.
    """

    south: float
    west: float
    north: float
    east: float


@dataclass(frozen=True, slots=True)
class Alike:
    """A photo by its key, and how much it is like another one, in percent."""

    key: int
    percent: int


@dataclass(frozen=True, slots=True)
class Like(Node):
    """Looks like the photo with this id, which is like itself.

    `found`, the most alike first, is empty until `photos.services.likeness` has compared the photos.
    """

    photo_id: str
    found: tuple[Alike, ...] = ()


MOST_LIKE = 3
"""Of one query: each compares all photos of a library."""


@dataclass(frozen=True, slots=True)
class Taken(Node):
    """Taken, by the wall clock of the photo, from the day `start` until before the day `end`.

    None leaves that side open.
    """

    start: date | None
    end: date | None


@dataclass(frozen=True, slots=True)
class Number(Node):
    """A measure compared with a whole number."""

    measure: Measure
    comparison: Comparison
    value: int


@dataclass(frozen=True, slots=True)
class Between(Node):
    """A measure from `least` to `most`, both included."""

    measure: Measure
    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Confidence(Node):
    """Labels below `least` percent count as not there, in the whole query. In steps of `CONFIDENCE_STEP`.

    It stands at the top of a query only.
    """

    least: int


CONFIDENCE_STEP = 5


@dataclass(frozen=True, slots=True)
class Is(Node):
    """The photo is in this state."""

    state: State


@dataclass(frozen=True, slots=True)
class Has(Node):
    """The photo has this."""

    feature: Feature


@dataclass(frozen=True, slots=True)
class Type(Node):
    """The file is of this kind: jpeg, png, gif, webp, tiff, avif or heic."""

    kind: str


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, from left to right."""
    yield node
    if isinstance(node, And | Or):
        for child in node.children:
            yield from walk(child)
    elif isinstance(node, Not):
        yield from walk(node.child)
