"""Photos as their owners see and change them. What processing does to a photo is `photos.db.pipeline`.

Functions that change a photo take its key from a photo that the caller has read as its owner.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from typing import Any

from sqlalchemy import (
    BigInteger,
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    Row,
    ScalarSelect,
    Select,
    bindparam,
    case,
    delete,
    func,
    insert,
    select,
    update,
)

from photos.db import chunks, keyset
from photos.db.belonging import belongs_to
from photos.db.chunks import on_shelf
from photos.db.engine import to_micros, wall_to_micros
from photos.db.objects import discard_objects
from photos.db.rows import REMOVED, bare_photo, load_photos
from photos.db.schema import discarded_document, label_verdict, photo, rendition, tag, user
from photos.db.upsert import upsert
from photos.errors import NotFound
from photos.ids import new_id
from photos.models import Page, Photo, PhotoMark, PhotoState, Shelf, TakenSource, Verdict

_ALL = tuple(photo.c)
_MARK = (photo.c.key, photo.c.revision, photo.c.state, photo.c.taken_local, photo.c.place_name)
"""In the order of the model."""
# Built once, and values given beside them: to build a statement costs more than to run it.
_CHANGE = update(photo).where(photo.c.key == bindparam("of_key")).values(revision=photo.c.revision + 1)
_COUNTED = user.c.used_bytes + bindparam("more_bytes", type_=BigInteger)
_COUNT_BYTES = (
    update(user)
    .where(user.c.id == bindparam("of_user"))
    .values(used_bytes=case((_COUNTED < 0, 0), else_=_COUNTED))
)

MOST_KEYS = 1000
"""Keys in one IN list; SQLite allows 32,766 parameters, and planners like fewer."""


def get_photo(connection: Connection, photo_id: str, *, owner_id: int) -> Photo:
    """One photo with everything. Raises NotFound if it does not exist or is not theirs."""
    rows = connection.execute(select(photo).where(photo.c.id == photo_id, photo.c.owner_id == owner_id)).all()
    if not rows:
        raise NotFound("photo", photo_id)
    return load_photos(connection, rows)[0]


def find_photo_by_hash(connection: Connection, owner_id: int, sha256: str) -> Photo | None:
    """The owner's photo of exactly these bytes, on whatever shelf."""
    rows = connection.execute(
        select(photo).where(photo.c.owner_id == owner_id, photo.c.sha256 == sha256)
    ).all()
    return load_photos(connection, rows)[0] if rows else None


def list_photos_by_hashes(
    connection: Connection, owner_id: int, hashes: Collection[str]
) -> tuple[Photo, ...]:
    """The owner's photos of exactly these files, at most MOST_KEYS, in any order. Without text lines."""
    if not hashes:
        return ()
    rows = connection.execute(
        select(photo).where(photo.c.owner_id == owner_id, photo.c.sha256.in_(hashes))
    ).all()
    return load_photos(connection, rows, with_text=False)


def list_photos(
    connection: Connection,
    *,
    owner_id: int,
    shelf: Shelf = Shelf.TIMELINE,
    limit: int = 60,
    cursor: str | None = None,
) -> Page[Photo]:
    """One page of a shelf, newest first by the wall clock where it was taken. Without text lines.

    Raises Invalid (code `cursor`) for a cursor that is not from here.
    """
    rows, following = _shelf_page(connection, _ALL, owner_id, shelf, limit, cursor)
    return Page(load_photos(connection, rows, with_text=False), following)


def list_marks(
    connection: Connection,
    *,
    owner_id: int,
    shelf: Shelf = Shelf.TIMELINE,
    limit: int = 60,
    cursor: str | None = None,
) -> Page[PhotoMark]:
    """The same page as `list_photos`, for whoever has seen these photos before. Raises the same."""
    rows, following = _shelf_page(connection, _MARK, owner_id, shelf, limit, cursor)
    # `_make` is written in Python and would take as long again as the statement
    marks: Iterator[PhotoMark] = map(partial(tuple.__new__, PhotoMark), rows)
    return Page(tuple(marks), following)


def _shelf_page(
    connection: Connection,
    columns: tuple[Column[Any], ...],
    owner_id: int,
    shelf: Shelf,
    limit: int,
    cursor: str | None,
) -> tuple[Sequence[Row[Any]], str | None]:
    """Rows of one page, and the cursor of the next one."""
    values: dict[str, object] = {"owner": owner_id, "shelf": shelf, "count": limit + 1}
    if cursor is not None:
        values["taken"], values["key"] = keyset.read_cursor(cursor, 2)
    rows = connection.execute(_page_statement(columns, cursor is not None), values).all()
    shown = rows[:limit]
    return shown, keyset.write_cursor(shown[-1].taken_local, shown[-1].key) if len(rows) > limit else None


@lru_cache
def _page_statement(columns: tuple[Column[Any], ...], has_cursor: bool) -> Select[Any]:
    """Building a statement costs more than running it, so each is built once."""
    statement = (
        on_shelf(bindparam("owner"), bindparam("shelf"))
        .with_only_columns(*columns)
        .order_by(photo.c.taken_local.desc(), photo.c.key.desc())
        .limit(bindparam("count"))
    )
    if has_cursor:
        place: tuple[BindParameter[int], ...] = (bindparam("taken"), bindparam("key"))
        statement = statement.where(keyset.before(photo.c.taken_local, photo.c.key, place))
    return statement


def list_photos_by_keys(connection: Connection, owner_id: int, keys: Sequence[int]) -> list[Photo]:
    """The owner's photos among `keys` (at most MOST_KEYS), in that order, without text lines."""
    rows = connection.execute(select(photo).where(photo.c.key.in_(keys), belongs_to(owner_id))).all()
    found = {each.key: each for each in load_photos(connection, rows, with_text=False)}
    return [found[key] for key in keys if key in found]


def list_photos_by_ids(connection: Connection, owner_id: int, ids: Collection[str]) -> list[Photo]:
    """The owner's photos among `ids` (at most MOST_KEYS), without text lines, in no order."""
    rows = connection.execute(select(photo).where(photo.c.id.in_(ids), belongs_to(owner_id))).all()
    return list(load_photos(connection, rows, with_text=False))


def neighbours(connection: Connection, shown: Photo) -> tuple[str | None, str | None]:
    """Ids of the next newer and the next older photo on the same shelf, None at the ends."""
    place = (wall_to_micros(shown.taken_local), shown.key)
    shelf = on_shelf(shown.owner_id, shown.shelf).with_only_columns(photo.c.id).limit(1)
    newer = shelf.where(keyset.after(photo.c.taken_local, photo.c.key, place)).order_by(
        photo.c.taken_local, photo.c.key
    )
    older = shelf.where(keyset.before(photo.c.taken_local, photo.c.key, place)).order_by(
        photo.c.taken_local.desc(), photo.c.key.desc()
    )
    return connection.scalar(newer), connection.scalar(older)


def count_unfinished(connection: Connection, owner_id: int) -> int:
    """How many photos wait or are worked on, the trash included; costs nothing where all are done."""
    waiting = photo.c.state.in_((PhotoState.NEW, PhotoState.PROCESSING))
    # `+ 0` keeps SQLite from walking all photos of the owner by their index
    statement = select(func.count()).select_from(photo).where(waiting, photo.c.owner_id + 0 == owner_id)
    for engine in ("mysql", "mariadb"):
        statement = statement.with_hint(photo, "FORCE INDEX (ix_photo_state)", engine)
    return connection.scalar(statement) or 0


def add_photo(
    connection: Connection,
    *,
    owner_id: int,
    sha256: str,
    size_bytes: int,
    name: str,
    media_type: str,
    storage_key: str,
    now: datetime,
) -> Photo:
    """A new photo that waits to be processed; its bytes count for its owner from here on.

    Raises SQLAlchemy's IntegrityError if the owner has these bytes already.
    """
    instant = to_micros(now)
    photo_id = new_id()
    row = untouched() | {
        "id": photo_id,
        "owner_id": owner_id,
        "sha256": sha256,
        "size_bytes": size_bytes,
        "name": name,
        "media_type": media_type,
        "storage_key": storage_key,
        "lease_until": instant,
        "taken_local": instant,
        "created_at": instant,
        "updated_at": instant,
    }
    # before the insert, which would share the lock with another one and wait for it in count_bytes
    chunks.lock_owners(connection, [owner_id])
    connection.execute(insert(photo), row)
    count_bytes(connection, owner_id, size_bytes)
    added = bare_photo(connection.execute(select(photo).where(photo.c.id == photo_id)).one())
    chunks.note_arrival(connection, added.key)
    return added


def replace_original(
    connection: Connection, key: int, *, storage_key: str, media_type: str, now: datetime
) -> Photo:
    """The same bytes again, after the first ones arrived damaged: the photo waits anew. Raises NotFound."""
    row = _get_row(connection, key)
    discard_objects(connection, {row.storage_key} - {storage_key}, now=now)
    values = {"storage_key": storage_key, "media_type": media_type}
    connection.execute(update(photo).where(photo.c.key == key).values(values))
    renew_photo(connection, key, now=now)
    return get_photo(connection, row.id, owner_id=row.owner_id)


def renew_photo(connection: Connection, key: int, *, now: datetime) -> None:
    """Let the photo be processed once more, from the start; what people decided stays."""
    values = {
        "state": PhotoState.NEW,
        "reason": "",
        "attempts": 0,
        "lease_token": "",
        "lease_until": to_micros(now),
    }
    change_photo(connection, key, now=now, **values, recogniser="", text_reader="")


def set_tags(connection: Connection, key: int, names: Collection[str], *, now: datetime) -> None:
    """Replace the tags. One that came with the file and is left out stays away for good."""
    stored = {row.name: row.source for row in connection.execute(select(tag).where(tag.c.photo_key == key))}
    wanted = {name: stored[name] if stored.get(name) in {"file", "sample"} else "person" for name in names}
    removed = {
        name: REMOVED for name, source in stored.items() if source in {"file", REMOVED} and name not in wanted
    }
    connection.execute(delete(tag).where(tag.c.photo_key == key))
    rows = [{"photo_key": key, "name": name, "source": source} for name, source in (wanted | removed).items()]
    if rows:
        connection.execute(insert(tag), rows)
    change_photo(connection, key, now=now)


def set_verdict(
    connection: Connection, key: int, name: str, verdict: Verdict | None, *, now: datetime
) -> None:
    """Keep or reject one label of one photo for good; None takes the decision back."""
    if verdict is None:
        connection.execute(
            delete(label_verdict).where(label_verdict.c.photo_key == key, label_verdict.c.name == name)
        )
    else:
        decision = {"verdict": verdict, "decided_at": to_micros(now)}
        row = {"photo_key": key, "name": name, **decision}
        upsert(connection, label_verdict, row, on=("photo_key", "name"), update=decision)
    change_photo(connection, key, now=now)


def list_trashed_before(connection: Connection, instant: datetime, limit: int) -> list[int]:
    """Keys of photos of all owners that were put into the trash before `instant`, longest there first."""
    statement = select(photo.c.key).where(photo.c.trashed_at < to_micros(instant))
    return list(connection.scalars(statement.order_by(photo.c.trashed_at, photo.c.key).limit(limit)))


def purge_photo(connection: Connection, key: int, *, now: datetime) -> None:
    """Delete the rows; objects and index document are left to the sweep. Without effect if it is gone."""
    row = connection.execute(select(photo).where(photo.c.key == key).with_for_update()).first()
    if row is None:
        return
    chunks.note_move(connection, [key])
    made = connection.scalars(select(rendition.c.storage_key).where(rendition.c.photo_key == key)).all()
    discard_objects(connection, {row.storage_key, *made}, now=now)
    connection.execute(delete(photo).where(photo.c.key == key))
    upsert(connection, discarded_document, {"photo_key": key}, on=("photo_key",), update={"photo_key": key})
    count_bytes(connection, row.owner_id, -row.size_bytes)


def list_wrong_usage(connection: Connection) -> list[int]:
    """Ids of people whose counted bytes differ from the sum of their photos."""
    statement = select(user.c.id).where(user.c.used_bytes != _real_usage()).order_by(user.c.id)
    return list(connection.scalars(statement))


def correct_usage(connection: Connection) -> None:
    """Count everybody's bytes anew."""
    connection.execute(update(user).values(used_bytes=_real_usage()))


def change_photo(connection: Connection, key: int, *, now: datetime, **values: object) -> None:
    """Set columns of one photo, and have it indexed again."""
    if chunks.MOVING & values.keys():
        chunks.note_move(connection, [key])
    made = {name: value for name, value in values.items() if isinstance(value, ColumnElement)}
    plain = {name: value for name, value in values.items() if name not in made}
    connection.execute(
        _CHANGE.values(made) if made else _CHANGE,
        {**plain, "of_key": key, "updated_at": to_micros(now), "is_indexed": False},
    )


def _get_row(connection: Connection, key: int) -> Row[Any]:
    row = connection.execute(select(photo).where(photo.c.key == key).with_for_update()).first()
    if row is None:
        raise NotFound("photo", key)
    return row


def count_bytes(connection: Connection, owner_id: int, size_bytes: int) -> None:
    """Add to what a person has stored; never below 0."""
    connection.execute(_COUNT_BYTES, {"of_user": owner_id, "more_bytes": size_bytes})


def _real_usage() -> ScalarSelect[int]:
    total = select(func.coalesce(func.sum(photo.c.size_bytes), 0)).where(photo.c.owner_id == user.c.id)
    return total.correlate(user).scalar_subquery()


def untouched() -> dict[str, Any]:
    """Columns of a photo that nobody has processed or changed yet."""
    words = (
        "reason", "lease_token", "camera_make", "camera_model", "lens", "place_name", "place_region",
        "place_country", "place_country_code", "description", "description_by", "thumbhash", "light",
        "recogniser", "text_reader",
    )  # fmt: skip
    return dict.fromkeys(words, "") | {
        "state": PhotoState.NEW,
        "taken_source": TakenSource.UPLOAD,
        "attempts": 0,
        "width": 0,
        "height": 0,
        "is_favourite": False,
        "colours": "[]",
        "developed_with": 0,
        "revision": 1,
        "is_indexed": False,
    }
