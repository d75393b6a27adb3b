"""Uploads of parts in a folder: `<area>/<multipart id>/` holds the parts until they are one file.

Files of an upload:

    upload.json    which key it is for; without it the upload was never begun
    part-00001 …   parts that have arrived
    manifest.json  what is being joined, once complete was asked for; from then on parts are refused
    joined         the parts so far, in order
    finished.json  the manifest of a completed upload, kept so that complete can be asked for again

Joining appends one part after the other to the first, each made durable before its own file goes, so a
large file never needs its space twice, and what is on disk tells at any time where to go on. A file of one
part is moved and not copied; only the move itself waits for the disk, so a power cut may leave the object in
its place and an upload that knows nothing of it.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import BinaryIO

from msgspec.structs import asdict

from photos.backends.storage.durable import (
    chunks_of,
    ensure_folder,
    folder_beneath,
    open_file,
    remove_file,
    temporary_file,
    write_all,
    write_small_file,
)
from photos.errors import Conflict, Invalid, NotFound
from photos.models import StoredPart

LAST_PART_NUMBER = 10_000
"""The limit of S3."""

_READ_BYTES = 64 * 1024
"""As much as gunicorn takes from its socket at once (`gunicorn.conf.py`)."""
_WRITE_BYTES = 256 * 1024
"""Under a socket server smaller writes cost more than twice the CPU time."""

_UPLOAD = "upload.json"
_MANIFEST = "manifest.json"
_JOINED = "joined"
_FINISHED = "finished.json"
_IDENT = re.compile(r"[0-9a-f]{32}\Z")
_PART = re.compile(r"part-(\d{5})\Z")


def entity_tag(facts: os.stat_result) -> str:
    """Changes with every write of a file and costs no pass over its bytes."""
    return f'"{facts.st_ino:x}-{facts.st_mtime_ns:x}-{facts.st_size:x}"'


def start_upload(area: int, key: str) -> str:
    """Begin an upload durably and return its id."""
    multipart_id = secrets.token_hex(16)
    ensure_folder(area, multipart_id)
    with folder_beneath(area, [multipart_id]) as upload:
        write_small_file(upload, _UPLOAD, json.dumps({"key": key}).encode())
    return multipart_id


def receive_part(
    area: int, key: str, multipart_id: str, number: int, body: BinaryIO, *, size_bytes: int
) -> StoredPart:
    """Store one part durably. Raises NotFound unless the upload is open, Invalid for a wrong size."""
    if not 1 <= number <= LAST_PART_NUMBER:
        raise Invalid(f"Parts are numbered from 1 to {LAST_PART_NUMBER}.", code="part")
    with _opened_upload(area, key, multipart_id) as upload, temporary_file(upload) as (name, descriptor):
        _copy_exactly(body, descriptor, size_bytes)
        os.fsync(descriptor)
        with _locked(upload):
            if not _exists(upload, _UPLOAD) or _exists(upload, _MANIFEST) or _exists(upload, _FINISHED):
                raise NotFound("upload", multipart_id)
            os.rename(name, _part_name(number), src_dir_fd=upload, dst_dir_fd=upload)
        os.fsync(upload)
        return StoredPart(number, size_bytes, entity_tag(os.fstat(descriptor)))


def parts_of(area: int, key: str, multipart_id: str) -> list[StoredPart]:
    """The parts that have arrived, by number. Raises NotFound for an unknown or finished upload."""
    with _opened_upload(area, key, multipart_id) as upload:
        arrived = _arrived(upload)
        # Read after the files: while an upload is being joined they go away one by one.
        manifest = _read_manifest(upload, _MANIFEST)
        if _exists(upload, _FINISHED):
            raise NotFound("upload", multipart_id)
        return arrived if manifest is None else manifest


@contextmanager
def joined_upload(
    area: int, key: str, multipart_id: str, parts: Sequence[StoredPart], *, min_part_size: int
) -> Iterator[tuple[int, str] | None]:
    """Join the parts and yield (folder, name) of the file to be moved to its place inside the `with`.

    Yields None where that move was already made, in this or an earlier call. At the end of the `with`
    the upload is finished. Raises NotFound for an unknown upload and Conflict for missing, different or
    too small parts."""
    with _opened_upload(area, key, multipart_id) as upload, _locked(upload):
        finished = _read_manifest(upload, _FINISHED)
        if finished is not None:
            if not _are_same(finished, parts):
                raise NotFound("upload", multipart_id)
            yield None
            return
        manifest = _settle_manifest(upload, parts, min_part_size)
        yield (upload, _JOINED) if _join(upload, manifest) else None
        _finish(upload, is_flushed=len(manifest) > 1)


def abort_upload(area: int, key: str, multipart_id: str) -> None:
    """Remove an upload with all it holds; an unknown one, or one for another key, is fine."""
    try:
        with _opened_upload(area, key, multipart_id):
            pass
    except NotFound:
        return
    _forget_upload(area, multipart_id)


def _forget_upload(area: int, multipart_id: str) -> None:
    try:
        with folder_beneath(area, [multipart_id]) as upload, _locked(upload):
            # First the file that makes it an upload: a half removed one must not come back.
            for name in [_UPLOAD, *_names(upload)]:
                remove_file(upload, name)
        os.rmdir(multipart_id, dir_fd=area)
        os.fsync(area)
    except FileNotFoundError:
        return
    except OSError as error:
        # A part is just being written; it is refused at its end, and the folder is left to the sweep.
        if error.errno != errno.ENOTEMPTY:
            raise


def open_uploads(area: int) -> Iterator[tuple[str, str]]:
    """Every unfinished upload as (key, multipart id)."""
    for multipart_id in _names(area):
        try:
            with folder_beneath(area, [multipart_id]) as upload:
                key = _key_of(upload)
                if _exists(upload, _FINISHED):
                    continue
        except (FileNotFoundError, NotADirectoryError):
            continue
        yield key, multipart_id


def sweep_uploads(area: int, *, older_than_seconds: float) -> int:
    """Remove what nobody can go on with: half written parts, uploads never begun, finished ones."""
    deadline = time.time() - older_than_seconds
    removed = 0
    for multipart_id in _names(area):
        try:
            with folder_beneath(area, [multipart_id]) as upload:
                removed += sweep_temporary_files(upload, older_than_seconds=older_than_seconds)
                is_open = _exists(upload, _UPLOAD) and not _exists(upload, _FINISHED)
                is_old = os.fstat(upload).st_mtime < deadline
        except (FileNotFoundError, NotADirectoryError):
            continue
        if is_old and not is_open:
            _forget_upload(area, multipart_id)
            removed += 1
    return removed


def sweep_temporary_files(folder: int, *, older_than_seconds: float) -> int:
    """Remove temporary files that nobody has written to for so long; returns how many."""
    deadline = time.time() - older_than_seconds
    removed = 0
    for name in _names(folder):
        if not name.startswith("incoming-"):
            continue
        try:
            is_old = os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime < deadline
        except FileNotFoundError:
            continue
        if is_old:
            remove_file(folder, name)
            removed += 1
    return removed


@contextmanager
def _opened_upload(area: int, key: str, multipart_id: str) -> Iterator[int]:
    if not _IDENT.match(multipart_id):
        raise NotFound("upload", multipart_id)
    try:
        with folder_beneath(area, [multipart_id]) as upload:
            if _key_of(upload) != key:
                raise NotFound("upload", multipart_id)
            yield upload
    except FileNotFoundError as error:
        # Whatever is missing in an upload is missing because somebody gave the upload up meanwhile.
        raise NotFound("upload", multipart_id) from error


@contextmanager
def _locked(upload: int) -> Iterator[None]:
    """One at a time, threads and processes alike; a dead holder's lock is gone with it."""
    # A descriptor of its own: locks belong to the open file, and closing it gives the lock back.
    with folder_beneath(upload, ["."]) as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _copy_exactly(body: BinaryIO, descriptor: int, size_bytes: int) -> None:
    """Large writes from small reads: the heap stays below half a megabyte, however long the body is."""
    buffer = memoryview(bytearray(min(_WRITE_BYTES, size_bytes)))
    filled, missing = 0, size_bytes
    while missing:
        piece = body.read(min(_READ_BYTES, missing, len(buffer) - filled))
        if not piece:
            raise Invalid(f"The part ended {missing} bytes too early.", code="size")
        buffer[filled : filled + len(piece)] = piece
        filled += len(piece)
        missing -= len(piece)
        if filled == len(buffer) or not missing:
            write_all(descriptor, buffer[:filled])
            filled = 0
    if body.read(1):
        raise Invalid(f"The part is longer than {size_bytes} bytes.", code="size")


def _settle_manifest(upload: int, wanted: Sequence[StoredPart], min_part_size: int) -> list[StoredPart]:
    """What is to be joined: settled by the first call, so that a later one goes on with the same."""
    manifest = _read_manifest(upload, _MANIFEST)
    if manifest is None:
        arrived = {(part.number, _bare(part)): part for part in _arrived(upload)}
        _check_order(wanted)
        try:
            manifest = [arrived[part.number, _bare(part)] for part in wanted]
        except KeyError as error:
            raise Conflict("A part is missing or is not the one that arrived.", code="part") from error
        if any(part.size_bytes < min_part_size for part in manifest[:-1]):
            raise Conflict(f"Every part but the last has at least {min_part_size} bytes.", code="part")
        write_small_file(upload, _MANIFEST, _manifest_text(manifest), is_flushed=len(manifest) > 1)
    elif not _are_same(manifest, wanted):
        raise Conflict("Other parts of this upload are being joined already.", code="part")
    return manifest


def _check_order(parts: Sequence[StoredPart]) -> None:
    numbers = [part.number for part in parts]
    if not numbers or numbers != sorted(set(numbers)):
        raise Conflict("The parts are to be named once each, in order.", code="part")


def _join(upload: int, manifest: Sequence[StoredPart]) -> bool:
    """Make `joined` hold all parts, durably. False if it was moved away already."""
    offset = 0
    for part in manifest:
        name = _part_name(part.number)
        if _exists(upload, name):
            if offset == 0:
                os.rename(name, _JOINED, src_dir_fd=upload, dst_dir_fd=upload)
            else:
                _append(upload, name, offset)
        offset += part.size_bytes
    return _exists(upload, _JOINED)


def _append(upload: int, name: str, offset: int) -> None:
    """Put a part at its place and remove it. What an earlier try left beyond `offset` is overwritten."""
    target = os.open(_JOINED, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=upload)
    try:
        os.ftruncate(target, offset)
        os.lseek(target, offset, os.SEEK_SET)
        with open_file(upload, name) as part:
            for chunk in chunks_of(part):
                write_all(target, chunk)
        os.fsync(target)
    finally:
        os.close(target)
    remove_file(upload, name)


def _finish(upload: int, *, is_flushed: bool) -> None:
    os.rename(_MANIFEST, _FINISHED, src_dir_fd=upload, dst_dir_fd=upload)
    if is_flushed:
        os.fsync(upload)
    for name in _names(upload):
        if _PART.match(name):
            remove_file(upload, name)


def _arrived(upload: int) -> list[StoredPart]:
    parts = []
    for name in _names(upload):
        if match := _PART.match(name):
            facts = os.stat(name, dir_fd=upload, follow_symlinks=False)
            parts.append(StoredPart(int(match[1]), facts.st_size, entity_tag(facts)))
    return parts


def _read_manifest(upload: int, name: str) -> list[StoredPart] | None:
    """None if there is no such file, or an empty one that a power cut has left."""
    try:
        with open_file(upload, name) as file:
            text = file.read()
    except FileNotFoundError:
        return None
    return [StoredPart(**part) for part in json.loads(text)] if text else None


def _manifest_text(parts: Sequence[StoredPart]) -> bytes:
    return json.dumps([asdict(part) for part in parts]).encode()


def _are_same(one: Sequence[StoredPart], other: Sequence[StoredPart]) -> bool:
    """By number and tag, as S3 compares; the size is the store's to know."""
    return [(part.number, _bare(part)) for part in one] == [(part.number, _bare(part)) for part in other]


def _bare(part: StoredPart) -> str:
    """The tag without its quotes, which some clients drop."""
    return part.etag.strip('"')


def _key_of(upload: int) -> str:
    """Raises FileNotFoundError for a folder that is no upload, or no longer."""
    with open_file(upload, _UPLOAD) as file:
        return str(json.load(file)["key"])


def _names(folder: int) -> list[str]:
    return sorted(os.listdir(folder))


def _part_name(number: int) -> str:
    return f"part-{number:05}"


def _exists(folder: int, name: str) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True
