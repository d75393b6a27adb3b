"""Many photos in one piece: lists to download, and zip files streamed from the originals.

A list is kept, so that a download that was cut can go on: it is divided into parts of at most PART_BYTES,
each a zip file of its own whose size is known before its first byte. So a browser sees when one is not whole.
Nothing is written to disk, and only names and descriptions are in memory.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

import msgspec

from photos.backends.search import Search
from photos.backends.storage import Storage
from photos.db import changes as change_rows
from photos.db.engine import Database
from photos.errors import Invalid, NotFound, StorageError
from photos.ids import new_id
from photos.models import Photo, User, Verdict
from photos.services import changes

PART_BYTES = 2 * 1024**3
"""Of the originals in one zip file; below 4 GB every program opens it."""
SLICE = 500
LONGEST_NAME = 150
RESERVED = re.compile(r"(?i)^(con|prn|aux|nul|com\d|lpt\d)(\.|$)")
"""Names that Windows keeps for itself."""
FORMULA = re.compile(r"\s*[=+\-@＝＋－＠]")
"""What a spreadsheet would take for a formula in a cell; the wide signs only some programs."""
COLUMNS = (
    "file",
    "name",
    "taken",
    "offset_minutes",
    "description",
    "rating",
    "favourite",
    "tags",
    "labels",
    "place",
    "latitude",
    "longitude",
    "id",
    "sha256",
)


class Part(msgspec.Struct, frozen=True):
    """One zip file of a list: photos from `start` on, `size_bytes` of originals."""

    start: int
    count: int
    size_bytes: int


class Packed(msgspec.Struct, frozen=True):
    """A zip file on its way: its whole size, and its bytes."""

    size_bytes: int
    chunks: Iterator[bytes]


class _Entry(msgspec.Struct, frozen=True):
    """What streaming needs of one photo."""

    name: str
    storage_key: str
    size_bytes: int


def create(chosen: changes.Chosen, *, owner: User, database: Database, search: Search) -> str:
    """Keep a list of photos to download; its id. Raises as `photos.services.changes.choose`."""
    ids = changes.choose(chosen, owner=owner, database=database, search=search)
    download_id = new_id()
    with database.write() as connection:
        sizes = change_rows.sizes_of(connection, owner.id, ids)
        theirs = [photo_id for photo_id in ids if photo_id in sizes]
        if not theirs:
            raise Invalid("Choose at least one photo.", code="nothing", field="photos")
        parts = _divide([sizes[photo_id] for photo_id in theirs])
        change_rows.add_list(
            connection,
            download_id,
            owner_id=owner.id,
            content={"parts": [[part.start, part.count, part.size_bytes] for part in parts]},
            photo_ids=theirs,
            now=datetime.now(UTC),
        )
    return download_id


def parts_of(download_id: str, *, owner: User, database: Database) -> list[Part]:
    """The zip files of a list. Raises NotFound."""
    with database.read() as connection:
        kept = change_rows.get_change(connection, download_id, owner_id=owner.id)
    if kept.action != change_rows.DOWNLOAD:
        raise NotFound("download", download_id)
    return [Part(*numbers) for numbers in kept.content["parts"]]


def pack(download_id: str, part: Part, *, owner: User, database: Database, storage: Storage) -> Packed:
    """One zip file: a listing, then the originals as they are. Photos deleted since are in the listing alone.

    The bytes raise StorageError or NotFound where an original cannot be read; the file then ends too early.
    """
    from zipstream import ZipStream

    entries, rows, missing = _contents(download_id, part, owner, database)
    stream = ZipStream(sized=True)
    listing = {"photos": rows, "missing": missing}
    stream.add(json.dumps(listing, ensure_ascii=False, indent=1).encode(), "photos.json")
    stream.add(_as_csv(rows), "photos.csv")
    for entry in entries:
        stream.add(_read(entry, storage), entry.name, size=entry.size_bytes)
    return Packed(len(stream), iter(stream))


def _divide(sizes: Sequence[int]) -> list[Part]:
    parts = []
    start, total = 0, 0
    for position, size in enumerate(sizes):
        if total and total + size > PART_BYTES:
            parts.append(Part(start, position - start, total))
            start, total = position, 0
        total += size
    return [*parts, Part(start, len(sizes) - start, total)]


def _contents(
    download_id: str, part: Part, owner: User, database: Database
) -> tuple[list[_Entry], list[dict[str, Any]], list[str]]:
    entries, rows, missing = [], [], []
    taken_names = {"photos.json", "photos.csv"}
    for start in range(part.start, part.start + part.count, SLICE):
        count = min(SLICE, part.start + part.count - start)
        with database.read() as connection:
            ids = change_rows.list_ids_of(connection, download_id, start=start, count=count)
            found = change_rows.load_by_id(connection, owner.id, ids)
        for photo_id in ids:
            photo = found.get(photo_id)
            if photo is None:
                missing.append(photo_id)
                continue
            name = _unique(safe_name(photo.name), taken_names)
            entries.append(_Entry(name, photo.storage_key, photo.size_bytes))
            rows.append(_row(name, photo))
    return entries, rows, missing


def safe_name(name: str) -> str:
    """A file name that every system can write, and that leads out of no folder."""
    cleaned = re.sub(r'[\x00-\x1f\x7f<>:"/\\|?*]', "_", name).strip(" .")
    if not cleaned or RESERVED.match(cleaned):
        cleaned = f"_{cleaned}"
    suffix = PurePosixPath(cleaned).suffix[:20]
    stem = cleaned[: len(cleaned) - len(suffix)] if suffix else cleaned
    return stem.encode()[:LONGEST_NAME].decode(errors="ignore") + suffix


def _unique(name: str, taken: set[str]) -> str:
    """The name, or with a number: no system may put two photos into one file."""
    path = PurePosixPath(name)
    unique, number = name, 1
    while _folded(unique) in taken:
        number += 1
        unique = f"{path.stem} ({number}){path.suffix}"
    taken.add(_folded(unique))
    return unique


def _folded(name: str) -> str:
    """As systems compare names that know no case, or write letters and accents apart."""
    return unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())


def _row(name: str, photo: Photo) -> dict[str, Any]:
    place, position = photo.place, photo.position
    values = (
        name,
        photo.name,
        photo.taken_local.isoformat(),
        photo.offset_minutes,
        photo.description,
        photo.rating,
        photo.is_favourite,
        list(photo.tags),
        [label.name for label in photo.labels if label.verdict is not Verdict.REJECTED],
        ", ".join(filter(None, (place.name, place.region, place.country))) if place else "",
        position.latitude if position else None,
        position.longitude if position else None,
        photo.id,
        photo.sha256,
    )
    return dict(zip(COLUMNS, values, strict=True))


def _as_csv(rows: Sequence[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return text.getvalue().encode("utf-8-sig")


def _cell(value: object) -> object:
    if isinstance(value, list):
        value = ", ".join(value)
    if isinstance(value, str) and FORMULA.match(value):
        return f"'{value}"
    return value


def _read(entry: _Entry, storage: Storage) -> Iterator[bytes]:
    """The original's bytes. Opened when its turn comes; another size than the row's is no whole photo."""
    total = 0
    for chunk in storage.get(entry.storage_key):
        total += len(chunk)
        yield chunk
    if total != entry.size_bytes:
        raise StorageError("read all of", entry.storage_key)
