"""What search says over the wire: matches and why they match, suggestions, facets."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from photos.backends.search import FACETS, Facets
from photos.models import Reason
from photos.services.suggestions import Suggestions, term_for
from photos.web.api.photo_shapes import PhotoShape
from photos.web.api.shapes import Cursor, Limit, Query


class ReasonShape(Struct):
    """Why a photo matched; confidence only for labels. `because` says by which other word than the written
    one, as in "puppy: counted as dog"."""

    kind: str
    value: str
    confidence: float | None
    because: str = ""


class MatchShape(Struct):
    """A photo and why it matched."""

    photo: PhotoShape
    reasons: list[ReasonShape]


class MatchPage(Struct):
    """One page of matches."""

    items: list[MatchShape]
    next: str | None


class SearchQuery(Struct):
    """A query in the search language (docs/search.md)."""

    q: Query = ""
    order: Literal["newest", "oldest", "relevance"] = "newest"
    limit: Limit = 60
    cursor: Cursor | None = None


class SuggestionQuery(Struct):
    """The query so far, and where the cursor stands in it: at its end if `at` is missing."""

    q: Query = ""
    at: Annotated[int, Meta(ge=0, le=1000)] | None = None


class SuggestionShape(Struct):
    """`insert` replaces what is being typed; `photos` is null for operators."""

    kind: str
    shown: str
    insert: str
    photos: int | None


class SuggestionList(Struct):
    """`start` and `length` are the characters of `q` that an `insert` replaces."""

    start: int
    length: int
    items: list[SuggestionShape]


class WholeQuery(Struct):
    """A query in the search language (docs/search.md)."""

    q: Query = ""


class IdList(Struct):
    """Ids of all hits, newest first; `is_whole` is false if there are more than these."""

    ids: list[str]
    is_whole: bool


class FacetValue(Struct):
    """A value, the term that finds it, and how many of the counted photos have it."""

    shown: str
    term: str
    photos: int


class FacetShape(Struct):
    """The commonest values of one kind, commonest first."""

    kind: str
    values: list[FacetValue]


class FacetList(Struct):
    """`photos` were counted: all hits if `is_whole`, else only the newest of them."""

    photos: int
    is_whole: bool
    facets: list[FacetShape]


def reason_shape(reason: Reason) -> ReasonShape:
    """A reason as the API shows it."""
    return ReasonShape(reason.kind, reason.value, reason.confidence, reason.because)


def suggestion_list(found: Suggestions) -> SuggestionList:
    """Suggestions as the API shows them."""
    items = [SuggestionShape(each.kind, each.shown, each.insert, each.photos) for each in found.items]
    return SuggestionList(found.start, found.length, items)


def facet_list(found: Facets) -> FacetList:
    """Facets as the API shows them, every kind, also where it is empty."""
    shapes = [
        FacetShape(
            kind.value,
            [
                FacetValue(value.shown, term_for(kind, value.shown), value.photos)
                for value in found.values
                if value.kind is kind
            ],
        )
        for kind in FACETS
    ]
    return FacetList(found.photos, found.is_whole, shapes)
