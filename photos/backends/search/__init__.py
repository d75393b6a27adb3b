"""Role `search`: an index over documents that can be rebuilt from the database at any time.

An engine finds and filters; the order is ours: the integer tier of the reasons, then newest. The
definition of what a query means is `photos.query.evaluate`; every adapter is held equal to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from photos.models import Hit, SearchDocument
from photos.query.tree import Node


@dataclass(frozen=True, slots=True)
class Found:
    """One page of hits; `next` is the cursor of the following page, None at the end."""

    hits: tuple[Hit, ...]
    next: str | None


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

    def revisions(self, keys: Sequence[int] | None = None) -> Iterator[tuple[int, int]]:
        """(key, revision) of the given or all documents, in key order; for fsck and reindex."""

    def optimise(self) -> None:
        """Merge and erase: after it, a byte search in the index finds nothing of removed documents."""

    def clear(self) -> None:
        """Empty the index, before a rebuild."""

    def ping(self) -> None:
        """Raise SearchError unless the index can be read and written."""

    def close(self) -> None:
        """Give connections back. The next call opens new ones."""
