"""What search gets to know, made from the rows, and which photos it does not know yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from msgspec.structs import replace
from sqlalchemy import Connection, Row, delete, false, select, update

from photos.db.engine import wall_from_micros
from photos.db.rows import load_labels, load_tags, position_of
from photos.db.schema import discarded_document, photo, text_line
from photos.models import Label, SearchDocument, Shelf, Verdict

BATCH = 500
PERSON = "person"


def search_documents(connection: Connection, keys: Sequence[int] | None = None) -> Iterator[SearchDocument]:
    """Documents of the given photos or of all, in key order; photos that are gone are left out."""
    if keys is None:
        yield from _all_documents(connection)
        return
    wanted = sorted(set(keys))
    for start in range(0, len(wanted), BATCH):
        statement = select(photo).where(photo.c.key.in_(wanted[start : start + BATCH])).order_by(photo.c.key)
        yield from _documents(connection, connection.execute(statement).all())


def list_unindexed(connection: Connection, limit: int | None) -> list[int]:
    """Keys of photos that the index does not know as they are now, purged ones among them; None is all."""
    gone = select(discarded_document.c.photo_key).order_by(discarded_document.c.photo_key).limit(limit)
    changed = select(photo.c.key).where(photo.c.is_indexed == false()).order_by(photo.c.key).limit(limit)
    return [*connection.scalars(gone), *connection.scalars(changed)][:limit]


def mark_indexed(connection: Connection, revisions: Sequence[tuple[int, int]]) -> None:
    """The index knows these (key, revision); a photo that changed meanwhile stays marked as unknown."""
    keys_at = defaultdict[int, list[int]](list)
    for key, revision in revisions:
        keys_at[revision].append(key)
    for revision, keys in sorted(keys_at.items()):
        for start in range(0, len(keys), BATCH):
            some = photo.c.key.in_(keys[start : start + BATCH])
            connection.execute(
                update(photo).where(some, photo.c.revision == revision).values(is_indexed=True)
            )


def mark_all_unindexed(connection: Connection) -> None:
    """Have every photo indexed again, before a rebuild."""
    connection.execute(update(photo).values(is_indexed=False))


def forget_purged(connection: Connection, keys: Iterable[int]) -> None:
    """The index has dropped these photos."""
    connection.execute(delete(discarded_document).where(discarded_document.c.photo_key.in_(list(keys))))


def list_revisions(connection: Connection) -> Iterator[tuple[int, int]]:
    """(key, revision) of every photo, in key order; for fsck."""
    last = 0
    while rows := connection.execute(
        select(photo.c.key, photo.c.revision).where(photo.c.key > last).order_by(photo.c.key).limit(BATCH)
    ).all():
        yield from ((row.key, row.revision) for row in rows)
        last = rows[-1].key


def _all_documents(connection: Connection) -> Iterator[SearchDocument]:
    last = 0
    while rows := connection.execute(
        select(photo).where(photo.c.key > last).order_by(photo.c.key).limit(BATCH)
    ).all():
        yield from _documents(connection, rows)
        last = rows[-1].key


def _documents(connection: Connection, rows: Sequence[Row[Any]]) -> Iterator[SearchDocument]:
    keys = [row.key for row in rows]
    if not keys:
        return
    labels, tags, lines = load_labels(connection, keys), load_tags(connection, keys), _texts(connection, keys)
    for row in rows:
        shown = tuple(
            _as_searched(each) for each in labels.get(row.key, ()) if each.verdict is not Verdict.REJECTED
        )
        yield SearchDocument(
            key=row.key,
            owner_id=row.owner_id,
            revision=row.revision,
            taken_local=wall_from_micros(row.taken_local),
            shelf=Shelf(row.shelf),
            name=row.name,
            description=row.description,
            labels=shown,
            text=tuple(lines.get(row.key, ())),
            tags=tuple(tags.get(row.key, ())),
            camera=f"{row.camera_make} {row.camera_model}".strip(),
            lens=row.lens,
            place=", ".join(filter(None, (row.place_name, row.place_region, row.place_country))),
            position=position_of(row),
            media_type=row.media_type,
            width=row.width,
            height=row.height,
            rating=row.rating or 0,
            is_favourite=row.is_favourite,
            has_people=any(each.name.casefold() == PERSON for each in shown),
        )


def _as_searched(label: Label) -> Label:
    """A person's word counts more than any recogniser's."""
    return replace(label, confidence=100.0) if label.verdict is Verdict.KEPT else label


def _texts(connection: Connection, keys: Sequence[int]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    statement = select(text_line.c.photo_key, text_line.c.text).where(text_line.c.photo_key.in_(keys))
    for row in connection.execute(statement.order_by(text_line.c.photo_key, text_line.c.position)):
        found[row.photo_key].append(row.text)
    return found
