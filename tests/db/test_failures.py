"""Why messages failed: the latest reason of each, for a while."""

from __future__ import annotations

from datetime import timedelta

from photos.db import failures
from photos.db.engine import Database
from tests.db.making import NOW


def test_the_latest_reason_is_kept_cut_to_what_fits_and_forgotten_in_time(database: Database) -> None:
    with database.write() as connection:
        failures.save_failure(connection, "a", reason="first", attempt=1, now=NOW)
        failures.save_failure(connection, "a", reason="🌊" * 600, attempt=2, now=NOW + timedelta(days=1))
        failures.save_failure(connection, "b" * 200, reason="", attempt=1, now=NOW)
    with database.read() as connection:
        found = failures.list_reasons(connection, ["a", "b" * 100, "c"])
        assert failures.list_reasons(connection, []) == {}
    assert found == {"a": "🌊" * 500, "b" * 100: ""}
    with database.write() as connection:
        assert failures.delete_failures(connection, before=NOW + timedelta(hours=1)) == 1
    with database.read() as connection:
        assert failures.list_reasons(connection, ["a", "b" * 100]).keys() == {"a"}
