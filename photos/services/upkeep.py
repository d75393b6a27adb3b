"""What the runner does by the clock: the sweep twice a minute, and mending once an hour."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import msgspec

from photos.backends.jobs import Jobs
from photos.backends.recognition import Recognition
from photos.backends.search import Search
from photos.backends.storage import Storage
from photos.config import Settings
from photos.db import objects, pipeline
from photos.db import photos as photo_rows
from photos.db import uploads as upload_rows
from photos.db.engine import Database
from photos.services import accounts, arrival, changes, counting, dropbox, duplicates, failures, one_index
from photos.services.fsck import is_wanted
from photos.services.indexing import index_pending, index_photos, mend_index
from photos.services.processing import DEVELOPED_WITH

BATCH = 200
"""Rows of one kind that one sweep takes up."""
DELETING_SECONDS = 5.0
"""Of a sweep, for objects that nobody needs: an emptied trash may leave hundreds of thousands."""
STALE_SECONDS = 3600
"""Temporary files of a store that are older belong to nobody who is still alive."""


class Swept(msgspec.Struct, frozen=True):
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
    one_index.claim(database=database, search=search, now=now)
    return Swept(
        resent=_resend(now, settings=settings, database=database, recognition=recognition, jobs=jobs)
        + changes.resend(database=database, jobs=jobs, now=now, limit=BATCH),
        indexed=index_pending(database=database, search=search),
        uploads_dropped=_drop_uploads(now, database=database, storage=storage),
        photos_purged=_empty_trash(now, settings=settings, database=database, search=search),
        objects_deleted=_delete_discarded(now, database=database, storage=storage),
        sign_ins_forgotten=accounts.delete_expired(now, database=database),
        hashes_compared=duplicates.match_new(database=database),
        changes_forgotten=changes.forget_old(database=database, now=now, limit=BATCH),
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
    deleted, enough = 0, time.monotonic() + DELETING_SECONDS
    while keys := _list_discarded(now, database):
        for key in keys:
            if not (key.startswith(objects.SHARED) and is_wanted(key, database)):
                storage.delete(key)
        with database.write() as connection:
            objects.forget_discarded(connection, keys)
        deleted += len(keys)
        if time.monotonic() > enough:
            break
    return deleted + storage.sweep(older_than_seconds=STALE_SECONDS)


def _list_discarded(now: datetime, database: Database) -> list[str]:
    with database.read() as connection:
        return objects.list_discarded(connection, before=now, limit=BATCH)


def mend(*, database: Database, search: Search) -> None:
    """What is due once an hour: compare, and put the index in order."""
    compare(database=database, search=search)
    search.optimise()


def compare(*, database: Database, search: Search) -> None:
    """Hold index and counts against the rows, and bring in what they lack."""
    mend_index(database=database, search=search)
    counting.mend(database=database)
