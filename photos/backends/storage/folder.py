"""Role `storage` in a folder: the local twin of a bucket, with signed addresses below `/media`.

Below the root: `objects/` (a key is a path in it), `uploads/` (see `multipart.py`), `incoming/` (files
not yet in place) and a marker. Without the marker nothing is believed: a volume that is not mounted is
an outage, not an empty library.
"""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from photos.backends.storage import Readable, multipart
from photos.backends.storage.durable import (
    CHUNK_BYTES,
    chunks_of,
    ensure_folder,
    folder_beneath,
    open_file,
    opened_folder,
    temporary_file,
    write_all,
    write_small_file,
)
from photos.backends.storage.keys import check_key
from photos.backends.storage.media import MediaSigner, OpenedObject
from photos.errors import Conflict, Invalid, NotFound, StorageError, StorageFull
from photos.models import StoredObject, StoredPart

_MARKER = "bigimage-storage"
_OBJECTS, _UPLOADS, _INCOMING = "objects", "uploads", "incoming"
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NOT_THERE = (errno.ENOENT, errno.ENOTDIR)
_NOT_A_KEY_HERE = (errno.EISDIR, errno.ENAMETOOLONG)
_PLACING_TRIES = 10


def create_folder(root: Path) -> None:
    """Make a storage folder, once. A folder that is there already and is none of ours is left alone:
    it may be the empty place of a volume that is not mounted. Raises StorageError for that."""
    with _storage_errors("create", root):
        if not root.exists():
            root.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with opened_folder(root.parent) as parent:
                _begin_folder(parent, root.name)
        with _marked_root(root):
            return


def _begin_folder(parent: int, name: str) -> None:
    """Make it under another name, so that it is there whole or not at all. What a process that died here
    left behind is gone on with."""
    draft = f"{name}.new"
    ensure_folder(parent, draft)
    with folder_beneath(parent, [draft]) as folder:
        for area in (_OBJECTS, _UPLOADS, _INCOMING):
            ensure_folder(folder, area)
        write_small_file(folder, _MARKER, b"Objects of a Bigimage library. Keep this file.\n")
    os.rename(draft, name, src_dir_fd=parent, dst_dir_fd=parent)
    os.fsync(parent)


class FolderStorage:
    """`root` was made by `create_folder`. `signing_key` is secret; see `MediaSigner` for the times.

    Folders go with their last object, but for those under `kept_prefix`: people copy into them.
    """

    def __init__(
        self,
        root: Path,
        *,
        signing_key: bytes,
        base_path: str = "/media",
        url_seconds: int = 3600,
        part_seconds: int = 3600,
        min_part_size: int = 5 << 20,
        kept_prefix: str = "",
        now: Callable[[], float] = time.time,
    ) -> None:
        self.min_part_size = min_part_size
        self.signer = MediaSigner(
            signing_key, base_path=base_path, url_seconds=url_seconds, part_seconds=part_seconds, now=now
        )
        self._root = root
        self._kept_prefix = kept_prefix

    def put(self, key: str, body: bytes | Readable, *, media_type: str) -> StoredObject:
        """The media type is not kept: a signed address carries the one to answer with."""
        check_key(key)
        with (
            _storage_errors("store", key),
            self._area(_INCOMING) as incoming,
            temporary_file(incoming) as (name, descriptor),
        ):
            for chunk in chunks_of(body):
                write_all(descriptor, chunk)
            os.fsync(descriptor)
            # the name among the incoming files need not be gone for good: the sweep takes what is left there
            self._place(incoming, name, key)
            return _stored(key, os.fstat(descriptor))

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        opened = self.open(key)
        with opened.file as file:
            missing = min(opened.size_bytes, opened.size_bytes if end is None else end) - start
            file.seek(start)
            while missing > 0:
                with _storage_errors("read", key):
                    chunk = file.read(min(CHUNK_BYTES, missing))
                if not chunk:
                    raise StorageError("read", key)
                missing -= len(chunk)
                yield chunk

    @contextmanager
    def fetch(self, key: str) -> Iterator[Path]:
        """The object's own file; nothing is copied."""
        self.open(key).file.close()
        yield self._root / _OBJECTS / key

    def stat(self, key: str) -> StoredObject:
        with self.open(key).file as file:
            return _stored(key, os.fstat(file.fileno()))

    def digest(self, key: str) -> str:
        with self.open(key).file as file, _storage_errors("read", key):
            return hashlib.file_digest(file, "sha256").hexdigest()

    def open(self, key: str) -> OpenedObject:
        """Raises NotFound, StorageError."""
        *folders, name = check_key(key).split("/")
        with _storage_errors("read", key), self._area(_OBJECTS) as objects:
            try:
                with folder_beneath(objects, folders) as folder:
                    file = open_file(folder, name)
            except OSError as error:
                if error.errno in (*_NOT_THERE, *_NOT_A_KEY_HERE):
                    raise NotFound("object", key) from error
                raise
        facts = os.fstat(file.fileno())
        return OpenedObject(
            file, facts.st_size, multipart.entity_tag(facts), datetime.fromtimestamp(facts.st_mtime, UTC)
        )

    def delete(self, key: str) -> None:
        *folders, name = check_key(key).split("/")
        with _storage_errors("delete", key), self._area(_OBJECTS) as objects:
            try:
                with folder_beneath(objects, folders) as folder:
                    os.unlink(name, dir_fd=folder)
                    os.fsync(folder)
                if not (self._kept_prefix and key.startswith(self._kept_prefix)):
                    _prune(objects, folders)
            except OSError as error:
                if error.errno not in (*_NOT_THERE, *_NOT_A_KEY_HERE):
                    raise

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        with _storage_errors("list", prefix), self._area(_OBJECTS) as objects:
            for key, facts in _walk(objects, "", prefix):
                yield _stored(key, facts)

    def location(self, key: str) -> str:
        """A path."""
        return f"{self._root / _OBJECTS}/{key}"

    def url(self, key: str, *, media_type: str, download_name: str = "") -> str:
        """A path; the caller's own scheme and host go before it."""
        return self.signer.read_url(check_key(key), media_type=media_type, download_name=download_name)

    def start_multipart(self, key: str, *, media_type: str) -> str:
        check_key(key)
        with _storage_errors("begin", key), self._area(_UPLOADS) as uploads:
            return multipart.start_upload(uploads, key)

    def part_url(self, key: str, multipart_id: str, number: int, *, size_bytes: int) -> str:
        return self.signer.part_url(check_key(key), multipart_id, number, size_bytes=size_bytes)

    def write_part(
        self, key: str, multipart_id: str, number: int, body: BinaryIO, *, size_bytes: int
    ) -> StoredPart:
        """See `MediaStore`."""
        with _storage_errors("store a part of", key), self._area(_UPLOADS) as uploads:
            return multipart.receive_part(uploads, key, multipart_id, number, body, size_bytes=size_bytes)

    def list_parts(self, key: str, multipart_id: str) -> Sequence[StoredPart]:
        with _storage_errors("list the parts of", key), self._area(_UPLOADS) as uploads:
            return multipart.parts_of(uploads, key, multipart_id)

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[StoredPart]) -> StoredObject:
        check_key(key)
        with (
            _storage_errors("complete", key),
            self._area(_UPLOADS) as uploads,
            multipart.joined_upload(
                uploads, key, multipart_id, parts, min_part_size=self.min_part_size
            ) as joined,
        ):
            if joined is not None:
                self._place(*joined, key)
                if len(parts) > 1:
                    # the parts go next; the joined file must not come back without them
                    os.fsync(joined[0])
        return self.stat(key)

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        with _storage_errors("abort", key), self._area(_UPLOADS) as uploads:
            multipart.abort_upload(uploads, key, multipart_id)

    def list_multiparts(self) -> Iterator[tuple[str, str]]:
        with _storage_errors("list uploads", self._root), self._area(_UPLOADS) as uploads:
            yield from multipart.open_uploads(uploads)

    def sweep(self, *, older_than_seconds: float) -> int:
        with _storage_errors("sweep", self._root):
            with self._area(_INCOMING) as incoming:
                removed = multipart.sweep_temporary_files(incoming, older_than_seconds=older_than_seconds)
            with self._area(_UPLOADS) as uploads:
                return removed + multipart.sweep_uploads(uploads, older_than_seconds=older_than_seconds)

    def ping(self) -> None:
        with (
            _storage_errors("reach", self._root),
            self._area(_INCOMING) as incoming,
            temporary_file(incoming) as (_, descriptor),
        ):
            write_all(descriptor, b"ping")

    def close(self) -> None:
        """Nothing stays open between two calls."""

    @contextmanager
    def _area(self, name: str) -> Iterator[int]:
        with _marked_root(self._root) as root, folder_beneath(root, [name]) as area:
            yield area

    def _place(self, source: int, source_name: str, key: str) -> None:
        """Move a finished file to its key, durably. Its old name may be there again after a power cut."""
        *folders, name = key.split("/")
        with _storage_errors("store", key), self._area(_OBJECTS) as objects:
            for _ in range(_PLACING_TRIES):
                try:
                    with folder_beneath(objects, folders, create=True) as folder:
                        os.rename(source_name, name, src_dir_fd=source, dst_dir_fd=folder)
                        os.fsync(folder)
                    break
                except FileNotFoundError:
                    # The last other object of that folder was just deleted, and the folder with it.
                    continue
            else:
                raise StorageError("store", key)


@contextmanager
def _marked_root(root: Path) -> Iterator[int]:
    with opened_folder(root) as descriptor:
        os.stat(_MARKER, dir_fd=descriptor, follow_symlinks=False)
        yield descriptor


@contextmanager
def _storage_errors(action: str, subject: object) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StorageFull(action, subject) from error
        if error.errno == errno.ENAMETOOLONG:
            raise Invalid("A segment of this storage key is too long.", code="key") from error
        if error.errno in (errno.EISDIR, errno.ENOTDIR, errno.ENOTEMPTY):
            raise Conflict("This storage key lies below, or above, another one.", code="key") from error
        raise StorageError(action, subject) from error


def _stored(key: str, facts: os.stat_result) -> StoredObject:
    modified_at = datetime.fromtimestamp(facts.st_mtime, UTC)
    return StoredObject(key, facts.st_size, multipart.entity_tag(facts), modified_at=modified_at)


def _walk(folder: int, base: str, prefix: str) -> Iterator[tuple[str, os.stat_result]]:
    """Files below a folder as (key, facts), in the order of their keys' bytes. Links are passed over."""
    with os.scandir(folder) as entries:
        # A folder sorts with its slash, as its keys do.
        found = sorted(
            (os.fsencode(entry.name) + b"/" * is_folder, entry.name, is_folder)
            for entry in entries
            if (is_folder := entry.is_dir(follow_symlinks=False)) or entry.is_file(follow_symlinks=False)
        )
    for _, name, is_folder in found:
        key = base + name + "/" * is_folder
        try:
            if is_folder and (key.startswith(prefix) or prefix.startswith(key)):
                with folder_beneath(folder, [name]) as deeper:
                    yield from _walk(deeper, key, prefix)
            elif not is_folder and key.startswith(prefix):
                yield key, os.stat(name, dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            # Deleted since the folder was read.
            continue


def _prune(objects: int, folders: Sequence[str]) -> None:
    """Remove folders that a deletion left empty, from the deepest up."""
    for depth in range(len(folders), 0, -1):
        with folder_beneath(objects, folders[: depth - 1]) as parent:
            try:
                os.rmdir(folders[depth - 1], dir_fd=parent)
            except OSError as error:
                if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                return
