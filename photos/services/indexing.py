"""The index follows the rows: what has changed since, all of it anew, and what a broken file lacks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import TypeVar

from photos.backends.search import Search
from photos.db import documents
from photos.db.engine import Database, repeated
from photos.errors import BackendError

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 200
"""Photos at a time."""


@repeated
def index_photos(keys: Sequence[int], *, database: Database, search: Search) -> int:
    """Bring the index up to date for these photos; returns how many changed.

    An index that is down is no failure here: the rows stay marked, and the sweep comes back.
    """
    with database.read() as connection:
        found = list(documents.search_documents(connection, keys))
    gone = set(keys) - {document.key for document in found}
    try:
        search.put(found)
        search.remove(gone)
    except BackendError as error:
        log.warning("the index is behind: %s", error)
        return 0
    with database.write(is_flushed=False) as connection:
        documents.mark_indexed(connection, [(document.key, document.revision) for document in found])
        documents.forget_purged(connection, gone)
    return len(found) + len(gone)


def index_pending(*, database: Database, search: Search) -> int:
    """Index every photo whose row changed since; stops quietly while the index is down."""
    total = 0
    while True:
        with database.read() as connection:
            keys = documents.list_unindexed(connection, limit=BATCH)
        if not keys:
            return total
        done = index_photos(keys, database=database, search=search)
        total += done
        if done == 0:
            return total


def reindex(*, database: Database, search: Search, report: Callable[[str], None]) -> int:
    """Empty the index and fill it from the rows. Returns how many photos it holds now.

    The rows say so first: where this ends too early, the sweep goes on.
    """
    with database.write() as connection:
        documents.mark_all_unindexed(connection)
    search.clear()
    total = 0
    with database.read() as connection:
        for batch in _batches(documents.search_documents(connection, None), BATCH):
            search.put(batch)
            with database.write() as marking:
                documents.mark_indexed(marking, [(document.key, document.revision) for document in batch])
            total += len(batch)
            report(f"{total:,} photos indexed")
    return total


def mend_index(*, database: Database, search: Search) -> int:
    """Bring in what the index lacks, whatever the rows believe; returns how many photos that were.

    Its file may have been replaced by an empty one, or have lost its last batch in a power cut. Reads two
    numbers of every photo. Raises SearchError while the index is down.
    """
    with database.read() as connection:
        rows = documents.list_revisions(connection)
        wrong = list(_unlike(rows, search.revisions()))
    for keys in _batches(wrong, BATCH):
        # a document newer than its row, as after a restore, would not give way
        search.remove(keys)
        index_photos(keys, database=database, search=search)
    return len(wrong)


def _unlike(rows: Iterable[tuple[int, int]], indexed: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Keys whose (key, revision) is not in both; each comes in key order."""
    for key, pairs in groupby(merge(rows, indexed), key=itemgetter(0)):
        row, *document = pairs
        if document != [row]:
            yield key


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
