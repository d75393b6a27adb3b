"""Role `search`: an index over documents that can be rebuilt from the database at any time.

An engine finds and filters; the order is ours: the integer tier of the reasons, then newest. The
definition of what a query means is `photos.query.evaluate`; every adapter is held equal to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import msgspec

from photos.models import Hit, SearchDocument
from photos.query.tree import Node
from photos.query.vocabulary import Kind


class Found(msgspec.Struct, frozen=True):
    """One page of hits; `next` is the cursor of the following page, None at the end."""

    hits: tuple[Hit, ...]
    next: str | None


class Value(msgspec.Struct, frozen=True):
    """A value that photos have, as it is written, and in how many of them it stands."""

    kind: Kind
    shown: str
    photos: int


class Facets(msgspec.Struct, frozen=True):
    """What the hits of a query have in common.

    `photos` are the hits counted: all of them if `is_whole`, else the first ones by `newest`, and then
    every count holds for those alone.
    """

    photos: int
    is_whole: bool
    values: tuple[Value, ...]


FACETS = (Kind.LABEL, Kind.PLACE, Kind.CAMERA, Kind.YEAR, Kind.TYPE)
"""Kinds of values that are counted for a result."""


class Search(Protocol):
    """A search index. Every verb may raise `SearchError` (later)."""

    def put(self, documents: Iterable[SearchDocument]) -> None:
        """Add or replace documents by key. An older revision never overwrites a newer one."""

    def remove(self, keys: Iterable[int]) -> None:
        """Take documents out; absent ones are fine."""

    def find(
        self, tree: Node, *, owner_id: int, order: str = "newest", limit: int = 60, cursor: str | None = None
    ) -> Found:
        """Hits of one owner. `order` is `newest`, `oldest` or `relevance`.

        Bare words count as the words akin to them, too (`photos.query.expansion`), behind all exact hits.

        Raises Invalid for an unknown order, a page that is too large, and (code `cursor`) a cursor that
        is altered or belongs to another search.
        """

    def neighbours(
        self, tree: Node, key: int, *, owner_id: int, order: str = "newest"
    ) -> tuple[int | None, int | None]:
        """Keys of the hits just before and just after the document `key`, which need not be a hit itself.

        None where there is no such hit, and both None for a document that is not in the index and for the
        order `relevance`, in which only hits have a place. Raises Invalid for an unknown order.
        """

    def list_keys(self, tree: Node, *, owner_id: int, limit: int) -> tuple[list[int], bool]:
        """Keys of all hits, newest first, however they match, up to `limit`; and whether these are all."""

    def facets(self, tree: Node, *, owner_id: int, kinds: Sequence[Kind] = FACETS) -> Facets:
        """What the hits have in common: the commonest values of these kinds, commonest first.

        Labels below a least confidence of the query do not count. Bounded: see `Facets`. Without kinds only
        the hits themselves are counted.
        """

    def suggest(
        self, beginning: str, *, owner_id: int, kinds: Sequence[Kind], limit: int = 6
    ) -> tuple[Value, ...]:
        """Values on the owner's timeline with a word that begins so, up to `limit` of each kind, commonest
        first. A blank beginning suits every value."""

    def revisions(self) -> Iterator[tuple[int, int]]:
        """(key, revision) of all documents, in key order; for fsck and reindex."""

    def optimise(self) -> None:
        """Merge and erase: after it, a byte search in the index finds nothing of removed documents."""

    def clear(self) -> None:
        """Empty the index, before a rebuild."""

    def ident(self) -> str:
        """Which index this is, in up to 64 characters: the same for all who share it, and for nobody else."""

    def ping(self) -> None:
        """Raise SearchError unless the index can be read and written."""

    def close(self) -> None:
        """Give connections back. The next call opens new ones."""
