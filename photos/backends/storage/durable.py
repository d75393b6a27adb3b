"""Files that survive a power cut, opened below a folder without following any link.

Everything works on directory descriptors and single names (openat), so a link that is planted while we
walk is met with O_NOFOLLOW and never followed.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader

from photos.backends.storage import Readable

CHUNK_BYTES = 1 << 20
"""Per read and write of a file."""

_FOLDER_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@contextmanager
def opened_folder(path: str | os.PathLike[str]) -> Iterator[int]:
    """A descriptor of a folder given by path. Its last segment may be a link: the operator chose it."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def folder_beneath(parent: int, segments: Sequence[str], *, create: bool = False) -> Iterator[int]:
    """A descriptor of a folder some segments below `parent`; with `create` missing ones are made durably."""
    descriptor = os.dup(parent)
    try:
        for segment in segments:
            if create:
                ensure_folder(descriptor, segment)
            deeper = os.open(segment, _FOLDER_FLAGS, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = deeper
        yield descriptor
    finally:
        os.close(descriptor)


def ensure_folder(parent: int, name: str) -> None:
    """Make a folder durably unless it is there."""
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return
    os.fsync(parent)


def open_file(folder: int, name: str) -> BufferedReader:
    """A regular file, open for reading. Raises IsADirectoryError and, for a link, OSError (ELOOP)."""
    return open(
        name,
        "rb",
        opener=lambda path, flags: os.open(path, flags | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder),
    )


@contextmanager
def temporary_file(folder: int) -> Iterator[tuple[str, int]]:
    """The name and a writable descriptor of a new file; removed at the end unless it was renamed."""
    name = f"incoming-{secrets.token_hex(8)}"
    descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        yield name, descriptor
    finally:
        os.close(descriptor)
        remove_file(folder, name)


def remove_file(folder: int, name: str) -> None:
    """Remove a file; an absent one is fine."""
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def write_all(descriptor: int, chunk: bytes | memoryview) -> None:
    """Write the whole of `chunk`, however often the system takes only a piece of it."""
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def chunks_of(body: bytes | Readable) -> Iterable[bytes]:
    """The body in pieces that are worth a write."""
    if isinstance(body, bytes):
        return (body,) if body else ()
    return iter(lambda: body.read(CHUNK_BYTES), b"")


def write_small_file(folder: int, name: str, text: bytes, *, is_flushed: bool = True) -> None:
    """Create or replace a file: it holds the old or the new text, whatever happens.

    One that is not flushed may be empty, or not there, after a power cut.
    """
    with temporary_file(folder) as (temporary, descriptor):
        write_all(descriptor, text)
        if is_flushed:
            os.fsync(descriptor)
        os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    if is_flushed:
        os.fsync(folder)
