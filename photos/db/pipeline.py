"""What processing writes. A photo is claimed with a lease token, and only its holder may go on.

State says what remains to be done: `new` waits, `processing` is claimed until `lease_until`, `ready` and
`refused` are done. Every change that search can see bumps the revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from photos.db import chunks, columns, vectors
from photos.db.duplicates import forget_matches
from photos.db.edits import PERSON
from photos.db.engine import to_micros
from photos.db.leases import SKEW
from photos.db.objects import discard_objects, keep_objects
from photos.db.photos import change_photo, renew_photo
from photos.db.rows import load_photos, write_boxes
from photos.db.schema import label, photo, photo_hash, rendition, tag, text_line
from photos.db.turning import turn_boxes
from photos.models import (
    Developed,
    Label,
    Photo,
    PhotoState,
    Place,
    Rendition,
    TakenSource,
    TextLine,
)

LONGEST_LEASE = timedelta(hours=12)
"""Of a photo; no setting allows more."""


def claim_photo(
    connection: Connection, photo_id: str, *, token: str, now: datetime, lease_until: datetime
) -> Photo | None:
    """Take a photo that waits, or whose last holder is overdue; None if there is nothing to take.

    Counts an attempt. `token` is this holder's own, up to 22 characters.
    """
    instant = to_micros(now)
    is_over = or_(photo.c.lease_until <= instant, photo.c.lease_until > to_micros(lease_until + SKEW))
    is_overdue = and_(photo.c.state == PhotoState.PROCESSING, is_over)
    taken = connection.execute(
        update(photo)
        .where(photo.c.id == photo_id, or_(photo.c.state == PhotoState.NEW, is_overdue))
        .values(
            state=PhotoState.PROCESSING,
            reason="",
            attempts=photo.c.attempts + 1,
            lease_token=token,
            lease_until=to_micros(lease_until),
            updated_at=instant,
        )
    )
    return _find(connection, photo.c.id == photo_id) if taken.rowcount == 1 else None


def save_developed(
    connection: Connection,
    key: int,
    *,
    token: str,
    developed: Developed,
    developed_with: int,
    place: Place | None,
    renditions: Sequence[Rendition],
    now: datetime,
    turn: int = 0,
) -> bool:
    """Keep what decoding gave; False, and nothing is kept, if the lease is somebody else's by now.

    What a person wrote stays. The state does not change: `finish_photo` does that. `developed_with`
    is the version of the recipe, `turn` what the picture was turned by; known boxes turn with it.
    """
    row = connection.execute(select(photo).where(_held(key, token)).with_for_update()).first()
    if row is None:
        return False
    facts = developed.facts
    values = columns.picture(developed) | columns.camera(facts)
    if row.place_source != PERSON:
        values |= columns.where(facts, place)
    if row.taken_source != TakenSource.PERSON:
        values |= columns.when(facts, row.created_at)
    if row.description_by != PERSON:
        values |= {"description": facts.description, "description_by": "file" if facts.description else ""}
    if row.developed_with == 0:
        # later it may be a person's, also where it is empty
        values["rating"] = facts.rating
    change_photo(connection, key, now=now, **values, developed_with=developed_with, turn_made=turn)
    turn_boxes(connection, key, turn - row.turn_made)
    _replace_renditions(connection, key, renditions, now=now)
    _replace_hashes(connection, key, developed)
    _replace_file_tags(connection, key, facts.keywords)
    return True


def save_labels(
    connection: Connection,
    key: int,
    *,
    provider: str,
    labels: Iterable[Label],
    now: datetime,
    turn: int | None = None,
    vector: bytes = b"",
) -> None:
    """Replace the labels of a photo, and its vector, by what `provider` sees; verdicts stay.

    Without effect if the photo is gone. Another provider's labels go too: the new one looked at the same
    picture, and answers for it. `turn` is that picture's `turn_made`: nothing happens if it has been turned
    since. None trusts the caller.
    """
    if not is_there(connection, key, turn=turn):
        return
    best: dict[str, Label] = {}
    for each in sorted(labels, key=lambda one: -one.confidence):
        best.setdefault(columns.cut(label.c.name, each.name).strip(), each)
    connection.execute(delete(label).where(label.c.photo_key == key))
    rows = [
        {
            "photo_key": key,
            "name": name,
            "provider": provider,
            "confidence": each.confidence,
            "boxes": write_boxes(each.boxes),
        }
        for name, each in best.items()
    ]
    if rows:
        connection.execute(insert(label), rows)
    vectors.save_vector(connection, key, provider=provider, bits=vector, now=now)
    change_photo(connection, key, now=now, recogniser=provider)


def save_text(
    connection: Connection,
    key: int,
    *,
    provider: str,
    lines: Iterable[TextLine],
    now: datetime,
    turn: int | None = None,
) -> None:
    """Replace the text read in a photo by what `provider` reads. Without effect if the photo is gone.

    `turn` is as for `save_labels`.
    """
    if not is_there(connection, key, turn=turn):
        return
    connection.execute(delete(text_line).where(text_line.c.photo_key == key))
    rows = [
        {
            "photo_key": key,
            "position": position,
            "text": columns.cut(text_line.c.text, line.text),
            "confidence": line.confidence,
            "box": write_boxes([line.box]),
        }
        for position, line in enumerate(lines)
    ]
    if rows:
        connection.execute(insert(text_line), rows)
    change_photo(connection, key, now=now, text_reader=provider)


def finish_photo(connection: Connection, key: int, *, token: str, now: datetime) -> bool:
    """The photo is ready; False if the lease is somebody else's by now."""
    return _end(connection, key, token, now=now, state=PhotoState.READY)


def refuse_photo(connection: Connection, key: int, *, token: str, reason: str, now: datetime) -> bool:
    """The file will never be a photo; `reason` is for people. False if the lease is somebody else's."""
    return _end(
        connection, key, token, now=now, state=PhotoState.REFUSED, reason=columns.cut(photo.c.reason, reason)
    )


def release_photo(connection: Connection, key: int, *, token: str, reason: str = "") -> bool:
    """Give the claim back for later; `reason` stands in the row until the next try, for the operator.

    False if the lease is somebody else's by now.
    """
    given = connection.execute(
        update(photo)
        .where(_held(key, token))
        .values(state=PhotoState.NEW, lease_token="", reason=columns.cut(photo.c.reason, reason))
    )
    return given.rowcount == 1


def find_ready(connection: Connection, photo_id: str) -> Photo | None:
    """The photo if it is ready, whoever owns it; None otherwise. For jobs, never for requests."""
    return _find(connection, and_(photo.c.id == photo_id, photo.c.state == PhotoState.READY))


def list_overdue(
    connection: Connection, *, now: datetime, limit: int, lease: timedelta = LONGEST_LEASE
) -> list[str]:
    """Ids of photos that wait for a job, or whose holder has let the lease run out; longest overdue first.

    `lease` is how long holders take photos for: what is held for longer was claimed by a wrong clock.
    """
    found: list[Any] = []
    for state, ahead in ((PhotoState.PROCESSING, lease), (PhotoState.NEW, timedelta(0))):
        for is_over in (
            photo.c.lease_until <= to_micros(now),
            photo.c.lease_until > to_micros(now + ahead + SKEW),
        ):
            statement = select(photo.c.lease_until, photo.c.key, photo.c.id).where(
                photo.c.state == state, is_over
            )
            found += connection.execute(statement.order_by(photo.c.lease_until, photo.c.key).limit(limit))
    return [row.id for row in sorted(found)[:limit]]


def list_stuck(connection: Connection, *, now: datetime) -> list[str]:
    """Ids of photos whose holder has let the lease run out before `now`, and that nobody took up since."""
    statement = select(photo.c.id).where(
        photo.c.state == PhotoState.PROCESSING, photo.c.lease_until <= to_micros(now)
    )
    return list(connection.scalars(statement.order_by(photo.c.lease_until, photo.c.key)))


def list_unlabelled(connection: Connection, *, provider: str, limit: int) -> list[str]:
    """Ids of ready photos that this recogniser has not labelled."""
    return _list_others(connection, photo.c.recogniser, provider, limit)


def list_unread(connection: Connection, *, provider: str, limit: int) -> list[str]:
    """Ids of ready photos whose text this recogniser has not read."""
    return _list_others(connection, photo.c.text_reader, provider, limit)


def is_read(connection: Connection, key: int, *, provider: str) -> bool:
    """Whether this recogniser has read the photo's text."""
    return connection.scalar(select(photo.c.text_reader).where(photo.c.key == key)) == provider


def renew_outdated(connection: Connection, *, developed_with: int, limit: int, now: datetime) -> int:
    """Let ready photos of an older recipe be processed again; returns how many."""
    statement = select(photo.c.key).where(
        photo.c.state == PhotoState.READY, photo.c.developed_with < developed_with
    )
    keys = connection.scalars(statement.order_by(photo.c.developed_with, photo.c.key).limit(limit)).all()
    for key in keys:
        renew_photo(connection, key, now=now)
    return len(keys)


def _list_others(connection: Connection, column: ColumnElement[str], value: str, limit: int) -> list[str]:
    """Two ranges of the index; `<>` would read every ready photo."""
    found: list[str] = []
    for is_other in (column < value, column > value):
        statement = select(photo.c.id).where(photo.c.state == PhotoState.READY, is_other)
        if len(found) < limit:
            found += connection.scalars(statement.order_by(column, photo.c.key).limit(limit - len(found)))
    return found


def _held(key: int, token: str) -> ColumnElement[bool]:
    return and_(photo.c.key == key, photo.c.state == PhotoState.PROCESSING, photo.c.lease_token == token)


def is_there(connection: Connection, key: int, *, turn: int | None = None) -> bool:
    """Whether the photo still exists, and still is turned by `turn`, if that is given.

    Its row is locked where the engine has row locks.
    """
    statement = select(photo.c.turn_made).where(photo.c.key == key).with_for_update()
    made = connection.scalar(statement)
    return made is not None and turn in {None, made}


def _find(connection: Connection, condition: ColumnElement[bool]) -> Photo | None:
    rows = connection.execute(select(photo).where(condition)).all()
    return load_photos(connection, rows)[0] if rows else None


def _end(
    connection: Connection, key: int, token: str, *, now: datetime, state: PhotoState, reason: str = ""
) -> bool:
    if state is PhotoState.REFUSED:
        chunks.note_move(connection, [key])
    ended = connection.execute(
        update(photo)
        .where(_held(key, token))
        .values(
            state=state,
            reason=reason,
            lease_token="",
            lease_until=None,
            updated_at=to_micros(now),
            revision=photo.c.revision + 1,
            is_indexed=False,
        )
    )
    return ended.rowcount == 1


def _replace_renditions(
    connection: Connection, key: int, renditions: Sequence[Rendition], *, now: datetime
) -> None:
    """A key that is used again was overwritten, and must not go with the sweep."""
    new = {each.key for each in renditions}
    old = set(connection.scalars(select(rendition.c.storage_key).where(rendition.c.photo_key == key)))
    connection.execute(delete(rendition).where(rendition.c.photo_key == key))
    rows = [
        {
            "photo_key": key,
            "kind": each.kind,
            "storage_key": each.key,
            "width": each.width,
            "height": each.height,
            "size_bytes": each.size_bytes,
            "media_type": each.media_type,
        }
        for each in renditions
    ]
    if rows:
        connection.execute(insert(rendition), rows)
    discard_objects(connection, old - new, now=now)
    keep_objects(connection, new)


def _replace_hashes(connection: Connection, key: int, developed: Developed) -> None:
    """Only of the picture as it stands: turned and mirrored copies are found by asking with variants."""
    forget_matches(connection, key)
    connection.execute(delete(photo_hash).where(photo_hash.c.photo_key == key))
    rows = [
        {"photo_key": key, "variant": each.variant, "bits": each.bits, "quality": each.quality}
        for each in developed.hashes[:1]
    ]
    if rows:
        connection.execute(insert(photo_hash), rows)


def _replace_file_tags(connection: Connection, key: int, keywords: Iterable[str]) -> None:
    """A person's own tags stay, and so do the marks of those that they removed."""
    connection.execute(delete(tag).where(tag.c.photo_key == key, tag.c.source == "file"))
    others = set(connection.scalars(select(tag.c.name).where(tag.c.photo_key == key)))
    names = {columns.cut(tag.c.name, keyword).strip() for keyword in keywords} - others - {""}
    if names:
        connection.execute(
            insert(tag), [{"photo_key": key, "name": name, "source": "file"} for name in sorted(names)]
        )
