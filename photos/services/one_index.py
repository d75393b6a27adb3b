"""A library has one search index. While that is a file, two machines with folders of their own have two.

Who sweeps says so every time, in a lease; who asks and has another index learns of it.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from photos.backends.search import Search
from photos.db import leases
from photos.db.engine import Database
from photos.errors import SearchError

log = logging.getLogger(__name__)

LEASE = "search index"
SECONDS = 180
"""Three sweeps of the slower timer, which is that of cron.yaml."""
SENTENCE = (
    "another machine serves this library with a search index of its own, so searches miss photos on both. "
    "Web and worker have to run on one machine, with one BIGIMAGE_DATA; `flask reindex` there then makes its "
    "index whole. (If that machine or its folder was just replaced, ask again in three minutes.)"
)


def claim(*, database: Database, search: Search, now: datetime) -> None:
    """Say that the library is served with this index; logs SENTENCE if it is with another one, too.

    An index that is down says nothing. Raises DatabaseError.
    """
    try:
        ident = search.ident()
    except SearchError:
        return
    with database.write(is_flushed=False) as connection:
        is_ours = leases.acquire(connection, LEASE, ident, now=now, seconds=SECONDS)
    if not is_ours:
        log.error("%s", SENTENCE)


def find_problem(*, database: Database, search: Search) -> str:
    """SENTENCE if the library is served with another index than this; else empty.

    Raises SearchError and DatabaseError.
    """
    ident = search.ident()
    with database.read() as connection:
        holder = leases.find_holder(connection, LEASE, now=datetime.now(UTC), seconds=SECONDS)
    return "" if holder in (None, ident) else SENTENCE
