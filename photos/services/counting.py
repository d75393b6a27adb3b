"""The counts of the timeline, held against the photos and mended."""

from __future__ import annotations

from photos.db import recount
from photos.db.chunks import Month
from photos.db.engine import Database, repeated


def list_wrong(*, database: Database) -> list[Month]:
    """Months whose counts differ from their photos. Raises DatabaseError."""
    with database.read() as connection:
        suspects = recount.list_wrong(connection)
    wrong = []
    for month in suspects:
        # asked again: somebody may have written while the rows were read
        with database.write() as connection:
            if recount.is_wrong(connection, month):
                wrong.append(month)
    return wrong


def mend(*, database: Database) -> int:
    """Count anew where it is needed, month by month; returns how many months that were.

    A library from before there were counts gets all of its own here. Raises DatabaseError; called again, it
    goes on.
    """
    with database.read() as connection:
        suspects = recount.list_wrong(connection)
    for month in suspects:
        _mend_month(month, database=database)
    return len(suspects)


@repeated
def _mend_month(month: Month, *, database: Database) -> None:
    with database.write() as connection:
        recount.recount(connection, month)
