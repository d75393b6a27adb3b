"""Keeping truth and what is derived from it together: the sweep mends, fsck counts, reindex rebuilds."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import groupby, islice
from operator import itemgetter
from typing import TypeVar

from photos.backends.jobs import Jobs
from photos.backends.recognition import Recognition
from photos.backends.search import Search
from photos.backends.storage import Storage
from photos.config import Settings
from photos.db import documents, objects, pipeline
from photos.db import photos as photo_rows
from photos.db import uploads as upload_rows
from photos.db.engine import Database
from photos.models import StoredObject
from photos.services import accounts, arrival, bulk, counting, dropbox, duplicates, failures
from photos.services.processing import DEVELOPED_WITH, index_photos

log = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 200
STALE_SECONDS = 3600
"""Temporary files of a store that are older belong to nobody who is still alive."""
SETTLED = timedelta(minutes=1)
"""Objects and rows younger than this may belong to work in progress."""


@dataclass(frozen=True, slots=True)
class Swept:
    """What one sweep did, as counts."""

    resent: int
    indexed: int
    uploads_dropped: int
    photos_purged: int
    objects_deleted: int
    sign_ins_forgotten: int
    hashes_compared: int
    changes_forgotten: int
    drops_found: int
    failures_forgotten: int


def sweep(
    *,
    settings: Settings,
    database: Database,
    storage: Storage,
    recognition: Recognition,
    search: Search,
    jobs: Jobs,
) -> Swept:
    """Send overdue work again and throw away what nobody needs. Harmless whenever and however often."""
    now = datetime.now(UTC)
    return Swept(
        resent=_resend(now, settings=settings, database=database, recognition=recognition, jobs=jobs)
        + bulk.resend(database=database, jobs=jobs, now=now, limit=BATCH),
        indexed=index_pending(database=database, search=search),
        uploads_dropped=_drop_uploads(now, database=database, storage=storage),
        photos_purged=_empty_trash(now, settings=settings, database=database, search=search),
        objects_deleted=_delete_discarded(now, database=database, storage=storage),
        sign_ins_forgotten=accounts.delete_expired(now, database=database),
        hashes_compared=duplicates.match_new(database=database),
        changes_forgotten=bulk.forget_old(database=database, now=now, limit=BATCH),
        drops_found=dropbox.send_drops(database=database, storage=storage, jobs=jobs),
        failures_forgotten=failures.forget_old(database=database, now=now),
    )


def _resend(
    now: datetime, *, settings: Settings, database: Database, recognition: Recognition, jobs: Jobs
) -> int:
    """Jobs may be lost: every row that waits gets one."""
    lease = timedelta(seconds=settings.job_lease_seconds)
    with database.write() as connection:
        pipeline.renew_outdated(connection, developed_with=DEVELOPED_WITH, limit=BATCH, now=now)
    with database.read() as connection:
        work = [
            ("process_photo", photo_id)
            for photo_id in pipeline.list_overdue(connection, now=now, limit=BATCH, lease=lease)
        ]
        if recognition.provider:
            work += [
                ("label_photo", photo_id)
                for photo_id in pipeline.list_unlabelled(
                    connection, provider=recognition.provider, limit=BATCH
                )
            ]
            work += [
                ("read_text", photo_id)
                for photo_id in pipeline.list_unread(
                    connection, provider=recognition.text_provider, limit=BATCH
                )
            ]
    for name, photo_id in work:
        # one that waits for its next try keeps waiting
        jobs.send(name, {"photo_id": photo_id}, unless_queued=True)
    return len(work)


def index_pending(*, database: Database, search: Search) -> int:
    """Index every photo whose row changed since; stops quietly while the index is down."""
    total = 0
    while True:
        with database.read() as connection:
            keys = documents.list_unindexed(connection, limit=BATCH)
        if not keys:
            return total
        done = index_photos(keys, database=database, search=search)
        total += done
        if done == 0:
            return total


def _drop_uploads(now: datetime, *, database: Database, storage: Storage) -> int:
    with database.read() as connection:
        expired = upload_rows.list_expired_uploads(connection, now, BATCH)
    for upload in expired:
        arrival.forget(upload, database=database, storage=storage)
    with database.write() as connection:
        upload_rows.forget_finished_uploads(connection, now)
    _abort_strays(database=database, storage=storage)
    return len(expired)


def _abort_strays(*, database: Database, storage: Storage) -> None:
    """Parts of uploads that were given up by a process that died then. A row precedes its parts, so the
    store is asked first. What somebody is just copying into a dropbox is theirs."""
    begun = [upload for upload in storage.list_multiparts() if not upload[0].startswith(objects.DROPBOX)]
    if not begun:
        return
    with database.read() as connection:
        open_keys = set(upload_rows.list_open_keys(connection))
    for key, multipart_id in begun:
        if key not in open_keys:
            storage.abort_multipart(key, multipart_id)


def _empty_trash(now: datetime, *, settings: Settings, database: Database, search: Search) -> int:
    deadline = now - timedelta(days=settings.trash_days)
    with database.write() as connection:
        keys = photo_rows.list_trashed_before(connection, deadline, limit=BATCH)
        for key in keys:
            photo_rows.purge_photo(connection, key, now=now)
    if keys:
        index_photos(keys, database=database, search=search)
    return len(keys)


def _delete_discarded(now: datetime, *, database: Database, storage: Storage) -> int:
    with database.read() as connection:
        keys = objects.list_discarded(connection, before=now, limit=BATCH)
    for key in keys:
        if not (key.startswith(objects.SHARED) and _is_wanted(key, database)):
            storage.delete(key)
    if keys:
        with database.write() as connection:
            objects.forget_discarded(connection, keys)
    return len(keys) + storage.sweep(older_than_seconds=STALE_SECONDS)


@dataclass(frozen=True, slots=True)
class Differences:
    """What `fsck` found, as counts; all zero is healthy."""

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


def fsck(
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
        wanted: set[str] = set(objects.list_discarded(connection, before=now + timedelta(days=1), limit=None))
        wanted |= set(upload_rows.list_open_keys(connection))
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
        revisions = dict(documents.list_revisions(connection))
        behind = set(documents.list_unindexed(connection, limit=None))
    for key in sorted(stored.keys() - wanted):
        found("objects_without_row", key)
    for month in counting.list_wrong(database=database):
        found("months_wrong", f"user {month.owner_id}, {month.shelf}, {month}")
    _compare_index(revisions, behind, search, found)
    return Differences(**counts)


def _list_ours(storage: Storage) -> Iterator[StoredObject]:
    """Every object but those in dropboxes."""
    return (item for item in storage.list() if not item.key.startswith(objects.DROPBOX))


def _compare_index(
    revisions: dict[int, int], behind: set[int], search: Search, found: Callable[[str, object], None]
) -> None:
    """Rows against documents, but for those `behind`, which the rows know to be missing."""
    indexed = dict(search.revisions())
    for key in sorted(revisions.keys() - indexed.keys() - behind):
        found("documents_missing", f"photo row {key}")
    for key in sorted(indexed.keys() - revisions.keys() - behind):
        found("documents_without_row", f"photo row {key}")
    for key in sorted((revisions.keys() & indexed.keys()) - behind):
        if revisions[key] != indexed[key]:
            found("documents_outdated", f"photo row {key}")


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
    mended; fsck goes on counting it.
    """
    now = datetime.now(UTC)
    stored = {item.key for item in _list_ours(storage)}
    to_develop = []
    with database.write() as connection:
        wanted = set(objects.list_discarded(connection, before=now + timedelta(days=1), limit=None))
        wanted |= set(upload_rows.list_open_keys(connection))
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
        if _is_wanted(key, database):
            continue
        storage.delete(key)
        deleted += 1
        report(f"{key} belonged to no row and is deleted")
    return deleted


def _is_wanted(key: str, database: Database) -> bool:
    with database.read() as connection:
        return objects.is_wanted(connection, key)


def reindex(*, database: Database, search: Search, report: Callable[[str], None]) -> int:
    """Empty the index and fill it from the rows. Returns how many photos it holds now.

    The rows say so first: where this ends too early, the sweep goes on.
    """
    with database.write() as connection:
        documents.mark_all_unindexed(connection)
    search.clear()
    total = 0
    with database.read() as connection:
        for batch in _batches(documents.search_documents(connection, None), BATCH):
            search.put(batch)
            with database.write() as marking:
                documents.mark_indexed(marking, [(document.key, document.revision) for document in batch])
            total += len(batch)
            report(f"{total:,} photos indexed")
    return total


def mend(*, database: Database, search: Search) -> None:
    """What is due once an hour: compare index and counts with the rows, and put the index in order."""
    mend_index(database=database, search=search)
    counting.mend(database=database)
    search.optimise()


def mend_index(*, database: Database, search: Search) -> int:
    """Bring in what the index lacks, whatever the rows believe; returns how many photos that were.

    Its file may have been replaced by an empty one, or have lost its last batch in a power cut. Reads two
    numbers of every photo. Raises SearchError while the index is down.
    """
    with database.read() as connection:
        rows = documents.list_revisions(connection)
        wrong = list(_unlike(rows, search.revisions()))
    for keys in _batches(wrong, BATCH):
        # a document newer than its row, as after a restore, would not give way
        search.remove(keys)
        index_photos(keys, database=database, search=search)
    return len(wrong)


def _unlike(rows: Iterable[tuple[int, int]], indexed: Iterable[tuple[int, int]]) -> Iterator[int]:
    """Keys whose (key, revision) is not in both; each comes in key order."""
    for key, pairs in groupby(merge(rows, indexed), key=itemgetter(0)):
        row, *document = pairs
        if document != [row]:
            yield key


def _batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch
