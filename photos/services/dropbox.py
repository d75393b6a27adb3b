"""Files that people copy into the store themselves, below `dropbox/<e-mail address>/`, become their photos.

What comes by a message and what a sweep finds goes the same way, `take_drop`. It believes nothing but the
object as it is now, so messages may be doubled, late, lost or in any order. A file is removed only when the
photo's original is stored; what cannot be taken stays, and its owner reads why.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

from photos.backends.jobs import Jobs
from photos.backends.storage import Storage
from photos.config import Settings
from photos.db import drops
from photos.db import users as user_rows
from photos.db.engine import Database
from photos.db.objects import DROPBOX
from photos.errors import BackendError, Invalid, NotFound
from photos.models import ObjectEvent, Photo, RefusedDrop, StoredObject, User
from photos.services import whole_files
from photos.services.email_addresses import fold
from photos.services.promises import size_words

log = logging.getLogger(__name__)

SETTLED = timedelta(seconds=20)
"""A file younger than this may still be growing; and its message is probably on its way."""
TRIED_AGAIN = timedelta(days=1)
"""What was refused may be taken after this: space was made, or this program has learnt its format."""
AT_ONCE = 1000
"""Files that one sweep sends to be taken."""


def find_address(person: User, storage: Storage) -> str:
    """Where this person may copy photos to, as tools write it; empty without a usable e-mail address."""
    address = fold(person.email)
    return storage.location(f"{DROPBOX}{address}/") if address and "/" not in address else ""


def take_events(
    events: Sequence[ObjectEvent], *, settings: Settings, database: Database, storage: Storage, jobs: Jobs
) -> None:
    """Take what a message tells of. Every event is tried, whatever becomes of the others.

    Raises BackendError if the message has to come again, and Invalid if part of it can never be done: another
    bucket, another place, a person whom nobody knows.
    """
    failure: BackendError | None = None
    refusals = []
    for event in events:
        if not event.is_new:
            continue
        try:
            if event.bucket != settings.s3_bucket:
                raise Invalid(f"{event.bucket} is not the bucket of this library.", code="bucket")
            take_drop(event.key, settings=settings, database=database, storage=storage, jobs=jobs)
        except Invalid as refusal:
            log.error("a message about %r is refused: %s", event.key, refusal.reason)
            refusals.append(refusal)
        except BackendError as error:
            log.warning("a message about %r has to come again: %s", event.key, error)
            failure = error
    if failure is not None:
        raise failure
    if refusals:
        raise refusals[0]


def take_drop(key: str, *, settings: Settings, database: Database, storage: Storage, jobs: Jobs) -> None:
    """Make a photo of one dropped file and remove the file; one that is gone was taken before.

    A file that is no photo, or for which there is no space, stays where it is with a reason for its owner.
    Raises Invalid for a place that is nobody's dropbox, BackendError for later.
    """
    if _is_no_file(key):
        return
    owner = _owner_of(key, database)
    name = key.split("/", 2)[2]
    etag = ""
    try:
        dropped = storage.stat(key)
        etag = dropped.etag
        if dropped.size_bytes > settings.max_photo_bytes:
            raise Invalid(
                f"It is larger than {size_words(settings.max_photo_bytes)}, the largest file taken here.",
                code="too_large",
            )
        photo = _store(dropped, owner, settings=settings, database=database, storage=storage, jobs=jobs)
        _check_stored(photo, storage)
    except NotFound:
        _forget(key, database)
        return
    except Invalid as refusal:
        log.warning("%r in the dropbox of user %d is refused: %s", name, owner.id, refusal.reason)
        shown = "".join(letter if letter.isprintable() else "\ufffd" for letter in name)
        refused = RefusedDrop(drops.drop_id(key), shown, etag, refusal.reason, datetime.now(UTC))
        with database.write(is_flushed=False) as connection:
            drops.refuse_drop(connection, refused, owner_id=owner.id)
        return
    _remove(dropped, storage)
    _forget(key, database)
    log.info("%r was taken out of the dropbox of user %d", name, owner.id, extra={"photo_id": photo.id})


def is_due(drop: RefusedDrop) -> bool:
    """Whether the next sweep tries it again."""
    return drop.refused_at <= datetime.now(UTC) - TRIED_AGAIN


def try_again(drop_id: str, *, owner: User, database: Database) -> None:
    """Have a file that was refused tried again by the next sweep. Raises NotFound."""
    long_ago = datetime.now(UTC) - TRIED_AGAIN
    with database.write() as connection:
        if not drops.backdate_refused(connection, drop_id, owner_id=owner.id, refused_at=long_ago):
            raise NotFound("refused file", drop_id)


def send_drops(*, database: Database, storage: Storage, jobs: Jobs) -> int:
    """Have taken what lies in dropboxes for a while: its message was lost, or there are none.

    Returns how many files. Those of unknown people are passed over, and what was refused not long ago.
    """
    now = datetime.now(UTC)
    with database.write(is_flushed=False) as connection:
        drops.forget_refused_before(connection, now - 2 * TRIED_AGAIN)
    settled = (
        item
        for item in storage.list(DROPBOX)
        if item.modified_at is not None and item.modified_at <= now - SETTLED
    )
    waiting = list(islice(_waiting(settled, database), AT_ONCE))
    for key in waiting:
        jobs.send("take_drop", {"key": key}, unless_queued=True)
    return len(waiting)


def _waiting(items: Iterator[StoredObject], database: Database) -> Iterator[str]:
    known: dict[str, bool] = {}
    while batch := list(islice(items, 200)):
        with database.read() as connection:
            refused = drops.find_refused(connection, [item.key for item in batch])
        for item in batch:
            before = refused.get(item.key)
            if before and before.etag in ("", item.etag) and not is_due(before):
                continue
            folder = item.key.split("/")[1]
            if folder not in known:
                known[folder] = _is_somebodys(item.key, database)
            if known[folder] and not _is_no_file(item.key):
                yield item.key


def _is_somebodys(key: str, database: Database) -> bool:
    try:
        _owner_of(key, database)
    except Invalid as refusal:
        log.debug("%s", refusal.reason)
        return False
    return True


def _owner_of(key: str, database: Database) -> User:
    """Whose dropbox a key is in. Raises Invalid for none of ours."""
    place, slash, _ = key.removeprefix(DROPBOX).partition("/")
    if not key.startswith(DROPBOX) or not slash:
        raise Invalid(f"This is no dropbox: copy photos to {DROPBOX}<e-mail address>/.", code="place")
    address = fold(place)
    with database.read() as connection:
        alike = user_rows.list_users_by_email(connection, address)
    found = [person for person in alike if fold(person.email) == address]
    if len(found) != 1:
        raise Invalid(
            f"{'Several people have' if found else 'Nobody has'} the address {place!r}.", code="nobody"
        )
    if found[0].is_disabled:
        raise Invalid(f"The account of {place!r} is locked.", code="locked")
    return found[0]


def _is_no_file(key: str) -> bool:
    """What programs leave beside files: the mark of a folder, and hidden files, as those that still grow."""
    return key.rpartition("/")[2].startswith(".") or key.endswith("/")


def _store(
    dropped: StoredObject,
    owner: User,
    *,
    settings: Settings,
    database: Database,
    storage: Storage,
    jobs: Jobs,
) -> Photo:
    """The photo that these bytes are, or were already. Raises Invalid, NotFound, BackendError."""
    offer = whole_files.accept(
        _Stream(storage.get(dropped.key)),
        name=dropped.key.rpartition("/")[2],
        owner=owner,
        settings=settings,
        database=database,
        storage=storage,
        jobs=jobs,
        is_counted=False,
    )
    if offer.photo is None:
        raise Invalid(offer.reason, code=offer.code)
    return offer.photo


def _check_stored(photo: Photo, storage: Storage) -> None:
    """Raise Invalid unless the photo's original is there, whole."""
    try:
        is_whole = storage.stat(photo.storage_key).size_bytes == photo.size_bytes
    except NotFound:
        is_whole = False
    if not is_whole:
        raise Invalid(
            "You have this photo already, but its original is damaged or missing. "
            "Delete that photo for good, and this file is taken.",
            code="twin",
        )


def _remove(dropped: StoredObject, storage: Storage) -> None:
    """Remove the file that was taken, unless another one lies there by now."""
    try:
        if storage.stat(dropped.key).etag != dropped.etag:
            return
    except NotFound:
        return
    storage.delete(dropped.key)


def _forget(key: str, database: Database) -> None:
    with database.read() as connection:
        if not drops.find_refused(connection, [key]):
            return
    with database.write(is_flushed=False) as connection:
        drops.forget_refused(connection, key)


class _Stream:
    """Chunks as a file to read. Raises StorageError where they end too early."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._rest = b""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most `size`; all of them if it is negative."""
        if size < 0:
            whole, self._rest = self._rest + b"".join(self._chunks), b""
            return whole
        while not self._rest:
            try:
                self._rest = next(self._chunks)
            except StopIteration:
                return b""
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece
