"""The words and values of each owner's timeline with their counts, kept in the search file.

They are written in the transaction of the documents they come from, so they always agree with them; a
value goes with its last photo.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from photos.backends.search import Value
from photos.backends.search.document import storable
from photos.models import SearchDocument
from photos.query.analysis import analyse
from photos.query.vocabulary import Kind, entries_of


class VocabularyChanges:
    """What a batch of documents adds and takes away; most of it cancels out."""

    def __init__(self) -> None:
        self._photos: Counter[tuple[int, Kind, str]] = Counter()
        self._shown: dict[tuple[int, Kind, str], str] = {}

    def add(self, document: SearchDocument) -> None:
        """Count what stands in a document."""
        for entry in entries_of(document).values():
            name = (document.owner_id, entry.kind, entry.value)
            self._photos[name] += 1
            self._shown[name] = storable(entry.shown)

    def remove(self, document: SearchDocument) -> None:
        """No longer count what stands in a document."""
        for entry in entries_of(document).values():
            self._photos[document.owner_id, entry.kind, entry.value] -= 1

    def write(self, connection: sqlite3.Connection) -> None:
        """Bring the table up to date, in the caller's transaction."""
        more = [(*name, self._shown[name], photos) for name, photos in self._photos.items() if photos > 0]
        less = [(photos, *name) for name, photos in self._photos.items() if photos < 0]
        connection.executemany(
            "INSERT INTO vocabulary VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (owner_id, kind, value) DO UPDATE SET photos = photos + excluded.photos",
            more,
        )
        connection.executemany(
            "UPDATE vocabulary SET photos = photos + ? WHERE owner_id = ? AND kind = ? AND value = ?", less
        )
        connection.executemany(
            "DELETE FROM vocabulary WHERE owner_id = ? AND kind = ? AND value = ? AND photos <= 0",
            [name for _, *name in less],
        )


class StoredVocabulary:
    """The vocabulary of one owner, read through a connection."""

    def __init__(self, connection: sqlite3.Connection, owner_id: int) -> None:
        self._connection = connection
        self._owner_id = owner_id

    def counts(self, words: Collection[str]) -> Mapping[str, int]:
        """In how many photos each word stands; unknown ones are left out."""
        return dict(
            self._connection.execute(
                "SELECT vocabulary.value, photos FROM json_each(?) AS asked CROSS JOIN vocabulary"
                " ON owner_id = ? AND kind = ? AND vocabulary.value = asked.value",
                (json.dumps(sorted(words)), self._owner_id, Kind.WORD),
            ).fetchall()
        )

    def suggest(self, beginning: str, kinds: Sequence[Kind], limit: int) -> tuple[Value, ...]:
        """Values with a word that begins so, up to `limit` of each kind, commonest first."""
        words = " ".join(analyse(beginning))
        escaped = words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        found: list[Value] = []
        for kind in kinds:
            rows = self._connection.execute(
                "SELECT shown, photos FROM vocabulary WHERE owner_id = ? AND kind = ?"
                " AND ' ' || value LIKE ? ESCAPE '\\' ORDER BY photos DESC, value LIMIT ?",
                (self._owner_id, kind, f"% {escaped}%", limit),
            )
            found.extend(Value(kind, shown, photos) for shown, photos in rows)
        return tuple(found)
