"""More like this: `like:` of a query becomes the owner's photos that look most like one of them.

Vectors are compared in this process and only when somebody asks. Those of the last few who asked are kept, as
long as the database has no others. Of a library too large for that their signs are kept: these choose some
thousand photos, whose vectors are then read and compared.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import msgspec
from sqlalchemy import Connection

from photos.backends.recognition import Recognition
from photos.db import photos as photo_rows
from photos.db import vectors as vector_rows
from photos.db.engine import Database
from photos.db.vectors import Mark
from photos.errors import Invalid, NotFound
from photos.models import User
from photos.query import QueryError, parse
from photos.query.tree import Alike, And, Like, Node, Not, Or

if TYPE_CHECKING:
    from photos.perceptual.vectors import Signs, Vectors

MOST_ALIKE = 200
LEAST_COSINE = 0.45
"""Of pictures that have nothing to do with each other, one pair in fifty is nearer (decision 150)."""
EXACT_BYTES = 16 * 2**20
"""Libraries whose vectors take more, some 120,000 photos, are looked at by signs first."""
KEPT_BYTES = 32 * 2**20
"""Between two questions, in one process: signs of 1.4 million photos."""
MOST_CHOSEN = 4000
"""Photos whose signs are nearest, to be compared exactly."""
OVERLAP_MICROS = 60_000_000
"""What was made so long before the last known vector is read again: its transaction may have ended later."""
MOST_DOUBLE = 1.25
"""Signs of vectors that are gone or changed stay until all are so many times as many as those that count."""

ASKED_AT_ONCE = 500

Kind = tuple[int, str]
"""Owner and provider."""


class _Kept(msgspec.Struct, frozen=True):
    mark: Mark
    vectors: Vectors | Signs


_kept: WeakKeyDictionary[Database, OrderedDict[Kind, _Kept]] = WeakKeyDictionary()
_lock = threading.Lock()


def understand(text: str, *, owner: User, database: Database) -> Node:
    """The tree of a query of this person, ready for the index.

    Raises QueryError, also for a `like:` of a photo that is not theirs (code `no_photo`) or that nobody has
    looked at yet (code `not_looked_at`).
    """
    return _resolved(parse(text), owner, database)


def ask_again(*, database: Database, recognition: Recognition, every: bool) -> int:
    """Have photos looked at again that lack a vector, or `every` one; returns how many wait now.

    The sweep sends their jobs. Raises Invalid where no recogniser is installed.
    """
    if not recognition.provider:
        raise Invalid(recognition.missing())
    total = last = 0
    while True:
        with database.write() as connection:
            keys = vector_rows.ask_again(
                connection, recognition.provider, after=last, limit=ASKED_AT_ONCE, every=every
            )
        total += len(keys)
        if len(keys) < ASKED_AT_ONCE:
            return total
        last = keys[-1]


def _resolved(node: Node, owner: User, database: Database) -> Node:
    match node:
        case And(children=children) | Or(children=children):
            return replace(node, children=tuple(_resolved(child, owner, database) for child in children))
        case Not(child=child):
            return replace(node, child=_resolved(child, owner, database))
        case Like():
            return replace(node, found=_alike(node, owner, database))
    return node


def _alike(node: Like, owner: User, database: Database) -> tuple[Alike, ...]:
    with database.read() as connection:
        try:
            photo = photo_rows.get_photo(connection, node.photo_id, owner_id=owner.id)
        except NotFound:
            raise _refused(node, "You have no photo with this id.", "no_photo") from None
        found = vector_rows.find_vector(connection, photo.key)
        if found is None:
            reason = "This photo has not been looked at yet, so nothing is known to be like it."
            raise _refused(node, reason, "not_looked_at")
        provider, vector = found
        nearest = _nearest(connection, database, (owner.id, provider), vector)
    others = (
        Alike(key, round(100 * cosine))
        for key, cosine in nearest
        if cosine >= LEAST_COSINE and key != photo.key
    )
    return (Alike(photo.key, 100), *others)


def _refused(node: Like, reason: str, code: str) -> QueryError:
    return QueryError(reason, position=node.position, length=node.length, code=code)


def kept_bytes(database: Database) -> int:
    """What is kept of this database's vectors in this process."""
    return sum(each.vectors.size_bytes for each in _kept.get(database, {}).values())


def _nearest(
    connection: Connection, database: Database, kind: Kind, vector: bytes
) -> list[tuple[int, float]]:
    """(key, cosine) of the vectors nearest to this one."""
    # numpy: not before somebody asks
    from photos.perceptual.vectors import Signs, Vectors

    known = _known(connection, database, kind, len(vector))
    if isinstance(known, Signs):
        chosen, known = known.nearest(vector, MOST_CHOSEN), Vectors(len(vector))
        for keys, joined in vector_rows.list_vectors_by_keys(connection, *kind, chosen):
            known.add(keys, joined)
    return known.nearest(vector, MOST_ALIKE)


def _known(connection: Connection, database: Database, kind: Kind, length: int) -> Vectors | Signs:
    """One at a time: two would read the same rows into twice the memory."""
    with _lock:
        here = _kept.setdefault(database, OrderedDict())
        mark = vector_rows.mark(connection, *kind)
        kept = here.get(kind)
        if kept is None or kept.mark != mark:
            here.pop(kind, None)
            kept = here[kind] = _Kept(mark, _read(connection, kind, length, mark, kept))
        here.move_to_end(kind)
        while kept_bytes(database) > KEPT_BYTES:
            here.popitem(last=False)
        return kept.vectors


def _read(
    connection: Connection, kind: Kind, length: int, mark: Mark, before: _Kept | None
) -> Vectors | Signs:
    """All vectors, or the signs of all; of signs that were read before, only what has come since."""
    from photos.perceptual.vectors import Signs, Vectors

    vectors = Vectors(length)
    if mark.count * vectors.bytes_each <= EXACT_BYTES:
        for keys, joined in vector_rows.list_vectors(connection, *kind):
            vectors.add(keys, joined)
        return vectors
    signs, since = Signs(length), 0
    if before and isinstance(before.vectors, Signs):
        signs, since = before.vectors.copy(), before.mark.made_at - OVERLAP_MICROS
    for keys, joined in vector_rows.list_vectors(connection, *kind, since=since):
        signs.add(keys, joined)
    is_sound = mark.count <= len(signs) <= MOST_DOUBLE * mark.count
    return signs if is_sound or not since else _read(connection, kind, length, mark, None)
