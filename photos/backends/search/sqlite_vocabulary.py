"""The words and values of each owner's timeline with their counts, kept in the search file.

They are written in the transaction of the documents they come from, so they always agree with them; a
value goes with its last photo.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from photos.backends.search import Value
from photos.backends.search.document import storable
from photos.models import SearchDocument
from photos.query.analysis import analyse
from photos.query.vocabulary import WHOLES, Kind, count_phrases, values_of


class VocabularyChanges:
    """What a batch of documents adds and takes away; most of it cancels out."""

    def __init__(self) -> None:
        self._photos: dict[int, Counter[tuple[Kind, str]]] = defaultdict(Counter)
        self._shown: dict[tuple[Kind, str], str] = {}

    def add(self, document: SearchDocument) -> None:
        """Count what stands in a document."""
        values = values_of(document)
        self._photos[document.owner_id].update(values.keys())
        self._shown |= values

    def remove(self, document: SearchDocument) -> None:
        """No longer count what stands in a document."""
        self._photos[document.owner_id].subtract(values_of(document).keys())

    def write(self, connection: sqlite3.Connection) -> None:
        """Bring the table up to date, in the caller's transaction."""
        changes = [
            (owner_id, *value, photos)
            for owner_id, counted in self._photos.items()
            for value, photos in counted.items()
        ]
        more = [
            (owner_id, kind, value, storable(self._shown[kind, value]), photos)
            for owner_id, kind, value, photos in changes
            if photos > 0
        ]
        less = [(photos, owner_id, kind, value) for owner_id, kind, value, photos in changes if photos < 0]
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
            rows = self._in_texts(kind, escaped) if kind in WHOLES else self._rows(kind, escaped, limit)
            found.extend(Value(kind, shown, photos) for _, shown, photos in rows[:limit])
        return tuple(found)

    def _in_texts(self, kind: Kind, beginning: str) -> list[tuple[str, str, int]]:
        """The same as `_rows`, counting the photos in whose text the words of a value stand."""
        wholes = {tuple(value.split()): photos for value, _, photos in self._rows(WHOLES[kind], beginning)}
        values = {tuple(value.split()): shown for value, shown, _ in self._rows(kind, beginning)}
        counted = count_phrases(wholes, values)
        rows = [(" ".join(words), shown, counted[words]) for words, shown in values.items()]
        return sorted(rows, key=lambda row: (-row[2], row[0]))

    def _rows(self, kind: Kind, beginning: str, limit: int = -1) -> list[tuple[str, str, int]]:
        """(value, shown, photos) of values with a word that begins so, commonest first; -1 is all of them.

        Signs of LIKE in `beginning` are escaped.
        """
        return self._connection.execute(
            "SELECT value, shown, photos FROM vocabulary WHERE owner_id = ? AND kind = ?"
            " AND ' ' || value LIKE ? ESCAPE '\\' ORDER BY photos DESC, value LIMIT ?",
            (self._owner_id, kind, f"% {beginning}%", limit),
        ).fetchall()


def phrases_in(written: Iterable[tuple[str, Sequence[str], int]]) -> list[tuple[str, int]]:
    """Values with the number of photos in whose text their words stand, from (text, its values, photos).

    A value without words is left out: nothing finds it.
    """
    wholes: Counter[tuple[str, ...]] = Counter()
    ways: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for text, values, photos in written:
        wholes[analyse(text)] += photos
        for value in values:
            ways[analyse(value)].add(value)
    ways.pop((), None)
    counted = count_phrases(wholes, ways.keys())
    return [(value, counted[phrase]) for phrase, values in ways.items() for value in values]
