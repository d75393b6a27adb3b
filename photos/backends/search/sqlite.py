"""Search on SQLite FTS5: the local twin, in a file of its own beside the database."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from photos.backends.search import FACETS, Facets, Found, Value
from photos.backends.search.cursor import Place, decode, encode
from photos.backends.search.document import from_json, storable, to_json
from photos.backends.search.sqlite_facets import count_facets, newest_hits
from photos.backends.search.sqlite_file import BUSY_SECONDS, IndexFile
from photos.backends.search.sqlite_places import rare_places
from photos.backends.search.sqlite_query import (
    FIELDS,
    Clause,
    Parameter,
    compile_tree,
    name_of,
    row_of,
    tiers_of,
)
from photos.backends.search.sqlite_vocabulary import StoredVocabulary, VocabularyChanges
from photos.errors import Invalid, SearchError
from photos.ids import new_id
from photos.models import Hit, SearchDocument
from photos.query.evaluate import matches
from photos.query.expansion import expand
from photos.query.ranking import KEY_BITS, LAST_EXACT, LAST_TIER, order_number
from photos.query.tree import Node
from photos.query.vocabulary import Kind, file_kind

MOST_HITS = 500
"""Of one page."""
_BATCH = 1000
"""Documents in one transaction: a fifth of a second, in which other writers wait. Each leaves a segment that
FTS5 has to merge with others, so a large library wants few of them."""
_REVISIONS_AT_ONCE = 5_000

_MARKS = ", ".join("?" for _ in FIELDS)
_PUT_PHOTO = "INSERT INTO photo VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_PUT_WORDS = f"INSERT INTO words (rowid, {', '.join(FIELDS)}) VALUES (?, {_MARKS})"  # nosec B608 # constants


class SqliteSearch:
    """The role `search` on SQLite. Opens nothing until it is used; safe for threads and processes.

    Rows of all tables are numbered by `order_number`, so reading them in the order of their numbers is
    reading them newest or oldest first.
    """

    def __init__(self, path: Path) -> None:
        self._file = IndexFile(path)

    def put(self, documents: Iterable[SearchDocument]) -> None:
        """Add or replace documents by key; an older revision changes nothing. Raises SearchError."""
        waiting = iter(documents)
        while batch := list(islice(waiting, _BATCH)):
            with self._file.writing("put") as connection:
                changes = VocabularyChanges()
                _put(connection, batch, changes)
                changes.write(connection)

    def remove(self, keys: Iterable[int]) -> None:
        """Take documents out; absent ones are fine. Raises SearchError."""
        waiting = iter(keys)
        while batch := list(islice(waiting, _BATCH)):
            with self._file.writing("remove") as connection:
                changes = VocabularyChanges()
                for key in batch:
                    _remove(connection, key, changes)
                changes.write(connection)

    def find(
        self, tree: Node, *, owner_id: int, order: str = "newest", limit: int = 60, cursor: str | None = None
    ) -> Found:
        """One page of hits with their reasons. Raises Invalid for a bad cursor, order or limit."""
        _check_order(order)
        if not 1 <= limit <= MOST_HITS:
            raise Invalid(f"A page holds 1 to {MOST_HITS} results.", code="limit", field="limit")
        after = None if cursor is None else decode(cursor, tree, owner_id, order)
        with self._file.asking("find") as connection:
            expanded = expand(tree, StoredVocabulary(connection, owner_id))
            rows = _in_order(connection, expanded, owner_id, order, limit + 1, after)
        more = len(rows) > limit
        hits = tuple(_explained(expanded, body) for _, body in rows[:limit])
        return Found(hits, encode(rows[limit - 1][0], tree, owner_id, order) if more else None)

    def neighbours(
        self, tree: Node, key: int, *, owner_id: int, order: str = "newest"
    ) -> tuple[int | None, int | None]:
        """Keys of the hits just before and after the document; see the role. Raises Invalid, SearchError."""
        _check_order(order)
        if order == "relevance":
            return None, None
        with self._file.asking("find neighbours") as connection:
            row = connection.execute(
                "SELECT order_number, body FROM photo JOIN document USING (order_number) WHERE key = ?",
                (key,),
            ).fetchone()
            if row is None:
                return None, None
            tree = expand(tree, StoredVocabulary(connection, owner_id))
            match = matches(tree, from_json(row[1]))
            tier = LAST_TIER if match and match.tier > LAST_EXACT else LAST_EXACT
            here = Place(tier, row[0])
            after = _in_order(connection, tree, owner_id, order, 1, here)
            before = _in_order(connection, tree, owner_id, order, 1, here, is_backwards=True)
        before_key, after_key = (from_json(rows[0][1]).key if rows else None for rows in (before, after))
        return before_key, after_key

    def list_keys(self, tree: Node, *, owner_id: int, limit: int) -> tuple[list[int], bool]:
        """Keys of all hits, newest first, and whether these are all; see the role. Raises SearchError, and
        Invalid if it takes long."""
        with self._file.asking("list") as connection:
            expanded = expand(tree, StoredVocabulary(connection, owner_id))
            statement, parameters = newest_hits(connection, expanded, owner_id, limit + 1, "photo.key")
            keys = [key for (key,) in connection.execute(statement, parameters)]
        return keys[:limit], len(keys) <= limit

    def facets(self, tree: Node, *, owner_id: int, kinds: Sequence[Kind] = FACETS) -> Facets:
        """What the hits have in common; see the role. Raises SearchError, and Invalid if it takes long."""
        with self._file.asking("count") as connection:
            expanded = expand(tree, StoredVocabulary(connection, owner_id))
            return count_facets(connection, expanded, owner_id, kinds)

    def suggest(
        self, beginning: str, *, owner_id: int, kinds: Sequence[Kind], limit: int = 6
    ) -> tuple[Value, ...]:
        """Values with a word that begins so; see the role. Raises SearchError."""
        with self._file.asking("suggest") as connection:
            return StoredVocabulary(connection, owner_id).suggest(beginning, kinds, limit)

    def revisions(self) -> Iterator[tuple[int, int]]:
        """(key, revision) of all documents, in key order. Raises SearchError."""
        last = -1
        while True:
            with self._file.reading("read revisions") as connection:
                rows = connection.execute(
                    "SELECT key, revision FROM photo WHERE key > ? ORDER BY key LIMIT ?",
                    (last, _REVISIONS_AT_ONCE),
                ).fetchall()
            yield from rows
            if len(rows) < _REVISIONS_AT_ONCE:
                return
            last = rows[-1][0]

    def optimise(self) -> None:
        """Merge all segments and empty the log, so that nothing of removed documents is left.

        Waits for readers to finish; raises SearchError if they do not within `BUSY_SECONDS`.
        """
        with self._file.writing("merge") as connection:
            connection.execute("INSERT INTO words (words) VALUES ('optimize')")
        give_up_at = time.monotonic() + BUSY_SECONDS
        with self._file.bare("erase") as connection:
            while connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
                if time.monotonic() > give_up_at:
                    raise SearchError("erase", "while it is being read")
                time.sleep(0.05)

    def clear(self) -> None:
        """Empty the index. Raises SearchError."""
        self._file.empty("clear")

    def ident(self) -> str:
        """What the file was named by chance when this was first asked. Raises SearchError."""
        with self._file.writing("be identified") as connection:
            connection.execute("CREATE TABLE IF NOT EXISTS name (ident TEXT NOT NULL)")
            row = connection.execute("SELECT ident FROM name").fetchone()
            if row is None:
                row = (new_id(),)
                connection.execute("INSERT INTO name VALUES (?)", row)
        return str(row[0])

    def ping(self) -> None:
        """Raise SearchError unless the index can be read and written."""
        with self._file.writing("answer") as connection:
            connection.execute("SELECT rowid FROM words LIMIT 1").fetchone()

    def close(self) -> None:
        """Close idle connections; the index stays usable."""
        self._file.close()


def _check_order(order: str) -> None:
    if order not in ("newest", "oldest", "relevance"):
        raise Invalid("Results are ordered by newest, oldest or relevance.", code="order", field="order")


def _put(connection: sqlite3.Connection, batch: Sequence[SearchDocument], changes: VocabularyChanges) -> None:
    newest: dict[int, SearchDocument] = {}
    for document in batch:
        if not 0 <= document.key < 1 << KEY_BITS:
            raise Invalid(f"This index holds photo keys below {1 << KEY_BITS}.", code="key")
        other = newest.get(document.key)
        if other is None or other.revision <= document.revision:
            newest[document.key] = document
    known = _known_revisions(connection, newest)
    fresh = [each for each in newest.values() if known.get(each.key, each.revision) <= each.revision]
    for document in fresh:
        if document.key in known:
            _remove(connection, document.key, changes)
        changes.add(document)
    # FTS5 begins another segment whenever a number is smaller than the one before
    numbered = sorted(
        ((order_number(each.taken_local, each.key), each) for each in fresh), key=lambda pair: pair[0]
    )
    connection.executemany(_PUT_WORDS, ((number, *row_of(each)) for number, each in numbered))
    connection.executemany(_PUT_PHOTO, (_photo_row(number, each) for number, each in numbered))
    labels = {
        (number, name_of(label.name), label.confidence) for number, each in numbered for label in each.labels
    }
    connection.executemany("INSERT INTO label VALUES (?, ?, ?)", sorted(labels))
    connection.executemany("INSERT INTO document VALUES (?, ?)", ((n, to_json(each)) for n, each in numbered))


def _known_revisions(connection: sqlite3.Connection, keys: Iterable[int]) -> dict[int, int]:
    """The revisions of those documents that are there."""
    return dict(
        connection.execute(
            "SELECT key, revision FROM photo WHERE key IN (SELECT value FROM json_each(?))",
            (json.dumps(list(keys)),),
        ).fetchall()
    )


def _photo_row(number: int, document: SearchDocument) -> tuple[Parameter | None, ...]:
    at = document.position
    return (
        number,
        document.key,
        document.owner_id,
        document.revision,
        document.width,
        document.height,
        at.latitude if at else None,
        at.longitude if at else None,
        storable(document.place),
        storable(document.camera),
        storable(file_kind(document.media_type)),
    )


def _remove(connection: sqlite3.Connection, key: int, changes: VocabularyChanges) -> None:
    row = _stored(connection, key)
    if row is None:
        return
    changes.remove(from_json(row[1]))
    for table in ("photo", "label", "document"):
        connection.execute(f"DELETE FROM {table} WHERE order_number = ?", row[:1])  # nosec B608 # constants
    connection.execute("DELETE FROM words WHERE rowid = ?", row[:1])


def _stored(connection: sqlite3.Connection, key: int) -> tuple[int, str] | None:
    """(order number, document) of a key; None if it is not in the index."""
    found: tuple[int, str] | None = connection.execute(
        "SELECT order_number, body FROM photo JOIN document USING (order_number) WHERE key = ?", (key,)
    ).fetchone()
    return found


def _in_order(
    connection: sqlite3.Connection,
    tree: Node,
    owner_id: int,
    order: str,
    count: int,
    after: Place | None,
    *,
    is_backwards: bool = False,
) -> list[tuple[Place, str]]:
    """(place, document) of the next `count` hits of an expanded tree, step by step (`tiers_of`).

    No step is looked at before the better ones are used up; backwards, before the worse ones are.
    """
    direction = "oldest" if (order == "oldest") != is_backwards else "newest"
    tiers = tiers_of(tree, order)
    steps = list(zip(tiers, [None, *tiers], strict=False))
    if is_backwards:
        steps.reverse()
    rare = rare_places(connection, tree, owner_id)
    rows: list[tuple[Place, str]] = []
    for tier, beyond in steps:
        if after and (tier > after.tier if is_backwards else tier < after.tier):
            continue
        if len(rows) == count:
            break
        clause = compile_tree(tree, owner_id, tier, beyond, rare=rare)
        start = after if after and tier == after.tier else None
        found = _select(connection, clause, owner_id, direction, count - len(rows), start)
        rows.extend((Place(tier, number), body) for number, body in found)
    return rows


def _select(
    connection: sqlite3.Connection, clause: Clause, owner_id: int, order: str, count: int, after: Place | None
) -> list[tuple[int, str]]:
    """(order number, document) of the next `count` hits. The owner is checked here once more."""
    conditions = ["words MATCH ?"]
    parameters: list[Parameter] = [clause.words]
    if after:
        conditions.append("words.rowid > ?" if order == "oldest" else "words.rowid < ?")
        parameters.append(after.order_number)
    if clause.where:
        conditions.append(clause.where)
        parameters.extend(clause.parameters)
    direction = "ASC" if order == "oldest" else "DESC"
    return connection.execute(
        "SELECT words.rowid, document.body FROM words"  # nosec B608 # our own clauses, values are bound
        " CROSS JOIN photo ON photo.order_number = words.rowid"
        " CROSS JOIN document ON document.order_number = words.rowid"
        f" WHERE {' AND '.join(conditions)} AND photo.owner_id = ?"
        f" ORDER BY {clause.row} {direction} LIMIT ?",
        (*parameters, owner_id, count),
    ).fetchall()


def _explained(tree: Node, body: str) -> Hit:
    document = from_json(body)
    match = matches(tree, document)
    if match is None:
        raise SearchError("explain", f"document {document.key}: run reindex")
    return Hit(document.key, match.tier, document.taken_local, match.reasons)
