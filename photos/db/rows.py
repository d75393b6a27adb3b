"""From rows to models: photos with everything that hangs on them, a constant number of statements a page."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import BindParameter, Connection, Row, bindparam, select

from photos.db.engine import from_micros, wall_from_micros
from photos.db.schema import label, label_verdict, rendition, tag, text_line
from photos.models import (
    Box,
    Camera,
    Label,
    Photo,
    PhotoState,
    Place,
    Position,
    Rendition,
    Shelf,
    TakenSource,
    TextLine,
    Verdict,
)

REMOVED = "removed"
"""Source of a tag that came with the file and that a person took away: it must not come back."""
# What hangs on some photos; built once, since to build these takes longer than to run them for one photo.
_KEYS: BindParameter[int] = bindparam("keys", expanding=True)
_LABELS = select(label).where(label.c.photo_key.in_(_KEYS))
_VERDICTS = select(label_verdict).where(label_verdict.c.photo_key.in_(_KEYS))
_TAGS = (
    select(tag.c.photo_key, tag.c.name)
    .where(tag.c.photo_key.in_(_KEYS), tag.c.source != REMOVED)
    .order_by(tag.c.photo_key, tag.c.name)
)
_RENDITIONS = (
    select(rendition)
    .where(rendition.c.photo_key.in_(_KEYS))
    .order_by(rendition.c.photo_key, rendition.c.kind)
)
_TEXT = (
    select(text_line)
    .where(text_line.c.photo_key.in_(_KEYS))
    .order_by(text_line.c.photo_key, text_line.c.position)
)


def load_photos(
    connection: Connection, rows: Sequence[Row[Any]], *, with_text: bool = True
) -> tuple[Photo, ...]:
    """Photos for rows of the table `photo`, in their order.

    Costs five statements for any number of rows, four without the text read in the pictures.
    """
    if not rows:
        return ()
    keys = [row.key for row in rows]
    renditions = _renditions(connection, keys)
    labels = load_labels(connection, keys)
    lines = _text(connection, keys) if with_text else {}
    tags = load_tags(connection, keys)
    return tuple(
        _photo(
            row,
            renditions=tuple(renditions.get(row.key, ())),
            labels=labels.get(row.key, ()),
            text=tuple(lines.get(row.key, ())),
            tags=tuple(tags.get(row.key, ())),
        )
        for row in rows
    )


def bare_photo(row: Row[Any]) -> Photo:
    """The photo of a row on which nothing hangs yet."""
    return _photo(row, renditions=(), labels=(), text=(), tags=())


def load_labels(connection: Connection, keys: Sequence[int]) -> dict[int, tuple[Label, ...]]:
    """Labels by photo key, surest first, with their verdicts; rejected ones are among them.

    A label that a person kept stays, at confidence 100 and without a provider, when no recogniser sees it
    any more.
    """
    verdicts: dict[int, dict[str, Verdict]] = defaultdict(dict)
    for row in connection.execute(_VERDICTS, {"keys": keys}):
        verdicts[row.photo_key][row.name] = Verdict(row.verdict)
    found: dict[int, list[Label]] = defaultdict(list)
    for row in connection.execute(_LABELS, {"keys": keys}):
        verdict = verdicts[row.photo_key].get(row.name)
        found[row.photo_key].append(
            Label(row.name, row.confidence, read_boxes(row.boxes), row.provider, verdict)
        )
    for key, decisions in verdicts.items():
        seen = {each.name for each in found[key]}
        found[key] += [
            Label(name, 100.0, verdict=verdict)
            for name, verdict in decisions.items()
            if verdict is Verdict.KEPT and name not in seen
        ]
    return {
        key: tuple(sorted(each, key=lambda one: (-one.confidence, one.name))) for key, each in found.items()
    }


def load_tags(connection: Connection, keys: Sequence[int]) -> dict[int, list[str]]:
    """Tags by photo key, in the order of the alphabet."""
    found: dict[int, list[str]] = defaultdict(list)
    for row in connection.execute(_TAGS, {"keys": keys}):
        found[row.photo_key].append(row.name)
    return found


def position_of(row: Row[Any]) -> Position | None:
    """Where a photo was taken, None if unknown."""
    if row.latitude is None or row.longitude is None:
        return None
    return Position(row.latitude, row.longitude, row.altitude_m)


def write_boxes(boxes: Iterable[Box]) -> str:
    """Boxes as they are stored: a JSON list of [left, top, width, height], to a hundred-thousandth."""
    edges = [[round(edge, 5) for edge in (box.left, box.top, box.width, box.height)] for box in boxes]
    return msgspec.json.encode(edges).decode()


def read_boxes(stored: str) -> tuple[Box, ...]:
    """The reverse of `write_boxes`."""
    return tuple(Box(*edges) for edges in msgspec.json.decode(stored))


def _renditions(connection: Connection, keys: Sequence[int]) -> dict[int, list[Rendition]]:
    found: dict[int, list[Rendition]] = defaultdict(list)
    for row in connection.execute(_RENDITIONS, {"keys": keys}):
        found[row.photo_key].append(
            Rendition(row.kind, row.storage_key, row.width, row.height, row.size_bytes, row.media_type)
        )
    return found


def _text(connection: Connection, keys: Sequence[int]) -> dict[int, list[TextLine]]:
    found: dict[int, list[TextLine]] = defaultdict(list)
    for row in connection.execute(_TEXT, {"keys": keys}):
        found[row.photo_key].append(TextLine(row.text, row.confidence, read_boxes(row.box)[0]))
    return found


def _photo(
    row: Row[Any],
    *,
    renditions: tuple[Rendition, ...],
    labels: tuple[Label, ...],
    text: tuple[TextLine, ...],
    tags: tuple[str, ...],
) -> Photo:
    state = PhotoState(row.state)
    return Photo(
        key=row.key,
        id=row.id,
        owner_id=row.owner_id,
        sha256=row.sha256,
        size_bytes=row.size_bytes,
        name=row.name,
        media_type=row.media_type,
        storage_key=row.storage_key,
        state=state,
        shelf=Shelf(row.shelf),
        reason=row.reason if state is PhotoState.REFUSED else "",
        taken_local=wall_from_micros(row.taken_local),
        taken_source=TakenSource(row.taken_source),
        offset_minutes=row.offset_minutes,
        taken_at=_instant(row.taken_at),
        width=row.width,
        height=row.height,
        camera=_camera(row),
        position=position_of(row),
        place=_place(row),
        description=row.description,
        rating=row.rating,
        is_favourite=row.is_favourite,
        thumbhash=row.thumbhash,
        colours=tuple((colour, share) for colour, share in json.loads(row.colours)),
        light=row.light,
        turn=row.turn,
        turn_made=row.turn_made,
        recogniser=row.recogniser,
        created_at=from_micros(row.created_at),
        updated_at=from_micros(row.updated_at),
        trashed_at=_instant(row.trashed_at),
        archived_at=_instant(row.archived_at),
        revision=row.revision,
        attempts=row.attempts,
        renditions=renditions,
        labels=labels,
        text=text,
        tags=tags,
    )


def _instant(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)


def _camera(row: Row[Any]) -> Camera:
    return Camera(
        make=row.camera_make,
        model=row.camera_model,
        lens=row.lens,
        f_number=row.f_number,
        exposure_seconds=row.exposure_seconds,
        iso=row.iso,
        focal_length_mm=row.focal_length_mm,
    )


def _place(row: Row[Any]) -> Place | None:
    if not row.place_name:
        return None
    return Place(row.place_name, row.place_region, row.place_country, row.place_country_code)
