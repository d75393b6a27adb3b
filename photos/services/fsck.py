"""Truth and what is derived from it, compared: differences as counts, and mending what can be made again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from photos.backends.jobs import Jobs
from photos.backends.search import Search
from photos.backends.storage import Storage
from photos.db import documents, objects, pipeline
from photos.db import photos as photo_rows
from photos.db import uploads as upload_rows
from photos.db.engine import Database
from photos.models import StoredObject
from photos.services import counting
from photos.services.indexing import reindex

SETTLED = timedelta(minutes=1)
"""Objects and rows younger than this may belong to work in progress."""


@dataclass(frozen=True, slots=True)
class Differences:
    """What differs, as counts; all zero is healthy."""

    originals_missing: int = 0
    originals_of_wrong_size: int = 0
    renditions_missing: int = 0
    objects_without_row: int = 0
    documents_missing: int = 0
    documents_outdated: int = 0
    documents_without_row: int = 0
    photos_stuck: int = 0
    used_bytes_wrong: int = 0
    months_wrong: int = 0

    def total(self) -> int:
        """The sum of all counts."""
        return sum(asdict(self).values())


def find_differences(
    *, database: Database, storage: Storage, search: Search, report: Callable[[str], None]
) -> Differences:
    """Compare rows, objects and index; `report` gets one line for each difference.

    Work in progress is no difference: unfinished uploads own their objects, waiting photos have no
    renditions yet, and photos that are marked as unindexed come into the index with the sweep. Raises
    BackendError if a part cannot be asked.
    """
    now = datetime.now(UTC)
    stored = {item.key: item.size_bytes for item in _list_ours(storage)}
    counts = dict.fromkeys(asdict(Differences()), 0)

    def found(kind: str, subject: object) -> None:
        counts[kind] += 1
        report(f"{kind}: {subject}")

    with database.read() as connection:
        wanted = _expected_keys(connection, now)
        for row in objects.iterate_objects(connection):
            wanted.add(row.storage_key)
            if row.storage_key not in stored:
                found("originals_missing", f"photo {row.photo_id}")
            elif stored[row.storage_key] != row.size_bytes:
                found("originals_of_wrong_size", f"photo {row.photo_id}")
            for key in row.rendition_keys:
                wanted.add(key)
                if key not in stored and not row.is_waiting:
                    found("renditions_missing", f"photo {row.photo_id}: {key}")
        for photo_id in pipeline.list_stuck(connection, now=now - SETTLED):
            found("photos_stuck", f"photo {photo_id}")
        for user_id in photo_rows.list_wrong_usage(connection):
            found("used_bytes_wrong", f"user {user_id}")
    for key in sorted(stored.keys() - wanted):
        found("objects_without_row", key)
    for month in counting.list_wrong(database=database):
        found("months_wrong", f"user {month.owner_id}, {month.shelf}, {month}")
    _compare_index(database, search, found)
    return Differences(**counts)


def _expected_keys(connection: Connection, now: datetime) -> set[str]:
    """Objects that may lie there without belonging to a photo: on their way in, or out with a sweep."""
    discarded = objects.list_discarded(connection, before=now + timedelta(days=1), limit=None)
    return {*discarded, *upload_rows.list_open_keys(connection)}


def _list_ours(storage: Storage) -> Iterator[StoredObject]:
    """Every object but those in dropboxes."""
    return (item for item in storage.list() if not item.key.startswith(objects.DROPBOX))


def _compare_index(database: Database, search: Search, found: Callable[[str, object], None]) -> None:
    """Rows against documents. A photo that is worked on meanwhile differs for a moment, and not twice in the
    same way."""
    unlike = _unlike_rows(database, search)
    if unlike:
        unlike = dict(unlike.items() & _unlike_rows(database, search).items())
    for key, (indexed, revision) in sorted(unlike.items()):
        kind = "missing" if indexed is None else "without_row" if revision is None else "outdated"
        found(f"documents_{kind}", f"photo row {key}")


def _unlike_rows(database: Database, search: Search) -> dict[int, tuple[int | None, int | None]]:
    """By photo key, the revisions of documents and rows that differ, but for those that the rows know to be
    behind; None is none."""
    with database.read() as connection:
        revisions = dict(documents.list_revisions(connection))
        behind = set(documents.list_unindexed(connection, limit=None))
    indexed = dict(search.revisions())
    return {
        key: (indexed.get(key), revisions.get(key))
        for key in (revisions.keys() | indexed.keys()) - behind
        if indexed.get(key) != revisions.get(key)
    }


@dataclass(frozen=True, slots=True)
class Repaired:
    """What `repair` did, as counts."""

    photos_to_develop: int
    objects_deleted: int
    photos_indexed: int
    months_counted: int


def repair(
    *, database: Database, storage: Storage, search: Search, jobs: Jobs, report: Callable[[str], None]
) -> Repaired:
    """Mend what can be made again: renditions are re-developed, the index is refilled, strays are deleted.

    Developing is the runner's work; the photos wait for it as new ones do. A missing original cannot be
    mended; it goes on being counted.
    """
    now = datetime.now(UTC)
    stored = {item.key for item in _list_ours(storage)}
    to_develop = []
    with database.write() as connection:
        wanted = _expected_keys(connection, now)
        for row in list(objects.iterate_objects(connection)):
            wanted |= {row.storage_key, *row.rendition_keys}
            if row.storage_key in stored and not stored.issuperset(row.rendition_keys):
                photo_rows.renew_photo(connection, row.photo_key, now=now)
                to_develop.append(row.photo_id)
        photo_rows.correct_usage(connection)
    for photo_id in to_develop:
        jobs.send("process_photo", {"photo_id": photo_id}, unless_queued=True)
        report(f"photo {photo_id} will be developed again")
    deleted = _delete_strays(stored - wanted, database=database, storage=storage, report=report)
    indexed = reindex(database=database, search=search, report=report)
    return Repaired(len(to_develop), deleted, indexed, counting.mend(database=database))


def _delete_strays(
    keys: set[str], *, database: Database, storage: Storage, report: Callable[[str], None]
) -> int:
    deleted = 0
    for key in sorted(keys):
        # asked again: an upload may have begun since the rows were read
        if is_wanted(key, database):
            continue
        storage.delete(key)
        deleted += 1
        report(f"{key} belonged to no row and is deleted")
    return deleted


def is_wanted(key: str, database: Database) -> bool:
    """Whether a row needs this object, asked afresh."""
    with database.read() as connection:
        return objects.is_wanted(connection, key)
