"""Role `storage`: bytes under keys, with signed URLs that let a browser send and fetch them directly.

A key is made by us, never from a user's file name: `originals/…`, `renditions/…`. The local twin
answers the same verbs through `/media`, so no page or service asks which adapter it has.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, runtime_checkable

from photos.models import StoredObject, StoredPart


class Readable(Protocol):
    """Where bytes come from: a file, a request body, a stream that counts."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes, at most `size`; empty at the end."""


class Storage(Protocol):
    """An object store. Every verb may raise `StorageError` (later); `StorageFull` when no space is left."""

    min_part_size: int
    """Bytes; every part but the last is at least this large."""

    def put(self, key: str, body: bytes | Readable, *, media_type: str) -> StoredObject:
        """Store the whole of `body` durably before returning; an existing object is replaced at once."""

    def get(self, key: str, *, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from `start` up to, not including, `end`. Raises NotFound before the first byte."""

    def fetch(self, key: str) -> AbstractContextManager[Path]:
        """A readable file with the object's bytes, valid inside the `with` and not to be written to.

        Raises NotFound."""

    def stat(self, key: str) -> StoredObject:
        """Size and entity tag. Raises NotFound."""

    def digest(self, key: str) -> str:
        """SHA-256 of the object in hex, if the store can tell without moving the bytes here, else empty.

        Raises NotFound. Where it is empty the worker checks the hash when it has the bytes anyway."""

    def delete(self, key: str) -> None:
        """Remove the object; an absent one is fine."""

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Every object whose key starts with `prefix`, in key order, with the time when it was stored."""

    def location(self, key: str) -> str:
        """Where tools of others find what is under a key, or below one that ends with a slash."""

    def url(self, key: str, *, media_type: str, download_name: str = "") -> str:
        """A signed GET URL. It stays the same within a signing window, so that browsers can cache it.

        With `download_name` the answer is an attachment of that name, else it is shown inline."""

    def start_multipart(self, key: str, *, media_type: str) -> str:
        """Begin an upload of parts and return its multipart id."""

    def part_url(self, key: str, multipart_id: str, number: int, *, size_bytes: int) -> str:
        """A signed PUT URL for one part; the answer to that PUT carries the part's ETag."""

    def list_parts(self, key: str, multipart_id: str) -> Sequence[StoredPart]:
        """The parts that have arrived, by number. Raises NotFound for an unknown multipart id."""

    def complete_multipart(self, key: str, multipart_id: str, parts: Sequence[StoredPart]) -> StoredObject:
        """Join the parts into the object, durably. Raises NotFound for an unknown multipart id and
        Conflict for missing or different parts. After success the part URLs are dead."""

    def abort_multipart(self, key: str, multipart_id: str) -> None:
        """Forget an upload and its parts; an unknown one is fine."""

    def list_multiparts(self) -> Iterator[tuple[str, str]]:
        """Every unfinished upload as (key, multipart id)."""

    def sweep(self, *, older_than_seconds: float) -> int:
        """Remove what writers that died left behind and nobody has touched for so long; returns how many.

        Unfinished uploads stay: `list_multiparts` names them, and their rows decide."""

    def ping(self) -> None:
        """Raise StorageError unless the store can be read and written."""

    def close(self) -> None:
        """Give connections back. The next call opens new ones."""


@runtime_checkable
class RuledStorage(Protocol):
    """A storage with rules of its own beside our calls. Both verbs may raise `StorageError`."""

    def rule_problems(self, *, origins: Sequence[str], upload_days: int) -> Sequence[str]:
        """What the rules lack for pages of `origins`, and for uploads that live so many days, in words."""

    def set_rules(self, *, origins: Sequence[str], upload_days: int) -> None:
        """Give it what it lacks, and leave rules of others as they are."""
