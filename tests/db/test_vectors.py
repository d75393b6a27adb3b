"""Vectors are read by their owner from an index, and go with their photo."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, text

from photos.db import photos, vectors
from photos.db.engine import Database
from tests.db.making import NOW, add_photo, add_user
from tests.db.test_paging import plan

BITS = bytes(range(128))


def test_vectors_are_found_by_their_owner_s_index_alone(database: Database) -> None:
    sent: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, parameters: object, *_more: object) -> None:
        if statement.startswith("SELECT") and "FROM photo_vector" in statement:
            sent.append((statement, parameters))

    with database.write() as connection:
        owners = [add_user(connection) for _ in range(3)]
        for number in range(300):
            photo = add_photo(connection, owners[number % 3])
            vectors.save_vector(connection, photo.key, provider=f"p/{number % 2}", bits=BITS, now=NOW)
        connection.execute(text("ANALYZE" if database.is_sqlite else "ANALYZE TABLE photo_vector"))
        event.listen(database.engine, "before_cursor_execute", note)
        mark = vectors.mark(connection, owners[0].id, "p/1")
        read = list(vectors.list_vectors(connection, owners[0].id, "p/1"))
        event.remove(database.engine, "before_cursor_execute", note)
        told = [plan(database, connection, *each) for each in sent]
    assert mark.count == sum(len(keys) for keys, _ in read) == 50
    assert b"".join(bits for _, bits in read) == BITS * 50
    assert all("ix_photo_vector_owner" in each for each in told), told
    assert "COVERING" in told[0] or "Using index" in told[0], told[0]


def test_a_vector_goes_with_its_photo(database: Database) -> None:
    with database.write() as connection:
        photo = add_photo(connection, add_user(connection))
        vectors.save_vector(connection, photo.key, provider="p/1", bits=BITS, now=NOW)
        assert vectors.find_vector(connection, photo.key) == ("p/1", BITS)
        photos.purge_photo(connection, photo.key, now=NOW)
        assert vectors.find_vector(connection, photo.key) is None
