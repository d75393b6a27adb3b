"""What the hits of a query have in common, counted over a bounded number of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from photos.backends.search import Facets, Value
from photos.backends.search.sqlite_places import rare_places
from photos.backends.search.sqlite_query import Parameter, compile_tree
from photos.backends.search.sqlite_vocabulary import phrases_in
from photos.query.evaluate import least_confidence
from photos.query.ranking import KEY_BITS, SECONDS_LIMIT
from photos.query.tree import Node
from photos.query.vocabulary import Kind, places_in

MOST_COUNTED = 5_000
"""Hits; of more than these, the newest are counted and the answer says so."""
MOST_VALUES = 10
"""Of one kind."""


def count_facets(connection: sqlite3.Connection, tree: Node, owner_id: int, kinds: Sequence[Kind]) -> Facets:
    """The facets of an expanded tree; no kinds: just the number of hits."""
    hits, parameters = newest_hits(connection, tree, owner_id, MOST_COUNTED + 1)
    if not kinds:
        (count,) = connection.execute(f"SELECT count(*) FROM ({hits})", parameters).fetchone()  # nosec B608
        return Facets(min(count, MOST_COUNTED), count <= MOST_COUNTED, ())
    connection.execute("CREATE TEMP TABLE IF NOT EXISTS hit (number INTEGER PRIMARY KEY)")
    connection.execute("DELETE FROM temp.hit")
    connection.execute(f"INSERT INTO temp.hit {hits}", parameters)  # our own clauses, bound
    (count,) = connection.execute("SELECT count(*) FROM temp.hit").fetchone()
    if count > MOST_COUNTED:
        connection.execute("DELETE FROM temp.hit WHERE number = (SELECT min(number) FROM temp.hit)")
    values = tuple(
        Value(kind, shown, photos)
        for kind in kinds
        for shown, photos in _commonest(_counted(connection, kind, owner_id, least_confidence(tree)))
    )
    return Facets(min(count, MOST_COUNTED), count <= MOST_COUNTED, values)


def newest_hits(
    connection: sqlite3.Connection, tree: Node, owner_id: int, count: int, column: str = "words.rowid"
) -> tuple[str, tuple[Parameter, ...]]:
    """The statement that gives a column of the newest hits of an expanded tree, by default their numbers."""
    clause = compile_tree(tree, owner_id, rare=rare_places(connection, tree, owner_id))
    conditions = ["words MATCH ?", clause.where] if clause.where else ["words MATCH ?"]
    statement = (
        f"SELECT {column} FROM words"  # nosec B608 # our own clauses, values are bound
        " CROSS JOIN photo ON photo.order_number = words.rowid"
        f" WHERE {' AND '.join(conditions)} AND photo.owner_id = ? ORDER BY {clause.row} DESC LIMIT ?"
    )
    return statement, (clause.words, *clause.parameters, owner_id, count)


def _counted(
    connection: sqlite3.Connection, kind: Kind, owner_id: int, least: int
) -> Iterable[tuple[str, int]]:
    """Values of one kind with the number of counted hits that a search for the value finds among them."""
    match kind:
        case Kind.LABEL:
            return _labels(connection, owner_id, least)
        case Kind.PLACE:
            return _places(connection)
        case Kind.CAMERA:
            return phrases_in((shown, [shown], photos) for shown, photos in _column(connection, "camera"))
        case Kind.YEAR:
            return _years(connection)
        case Kind.TYPE:
            return _column(connection, "type")
    raise ValueError(f"{kind} is no facet")


def _commonest(counts: Iterable[tuple[str, int]]) -> list[tuple[str, int]]:
    return sorted(counts, key=lambda pair: (-pair[1], pair[0]))[:MOST_VALUES]


def _labels(connection: sqlite3.Connection, owner_id: int, least: int) -> list[tuple[str, int]]:
    """Labels of the hits by the name they are written with."""
    counted = connection.execute(
        "SELECT name, count(DISTINCT number) FROM temp.hit CROSS JOIN label ON order_number = number"
        " WHERE confidence >= ? GROUP BY name ORDER BY 2 DESC, name LIMIT ?",
        (least, MOST_VALUES),
    ).fetchall()
    shown = dict(
        connection.execute(
            "SELECT replace(value, ' ', '+'), shown FROM vocabulary WHERE owner_id = ? AND kind = ?",
            (owner_id, Kind.LABEL),
        ).fetchall()
    )
    return [(shown.get(name, name.replace("+", " ")), photos) for name, photos in counted]


def _places(connection: sqlite3.Connection) -> Iterable[tuple[str, int]]:
    return phrases_in((place, places_in(place), photos) for place, photos in _column(connection, "place"))


def _column(connection: sqlite3.Connection, column: str) -> list[tuple[str, int]]:
    return connection.execute(
        f"SELECT {column}, count(*) FROM temp.hit CROSS JOIN photo ON order_number = number"  # nosec B608 # constants
        f" WHERE {column} <> '' GROUP BY {column}"
    ).fetchall()


def _years(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    """By the wall clock that the number holds, where it holds all of it."""
    return connection.execute(
        "SELECT strftime('%Y', number >> ?, 'unixepoch'), count(*) FROM temp.hit"
        " WHERE abs(number >> ?) < ? GROUP BY 1",
        (KEY_BITS, KEY_BITS, SECONDS_LIMIT),
    ).fetchall()
