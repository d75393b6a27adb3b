"""A shelf by months, by chunks of a month, and by ranges of its order: what a grid of any length asks for.

Places in the order are pairs (`taken_local`, key). A range is everything before one place and not before
another, so ranges side by side hold every photo once, whatever comes and goes between two requests.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BindParameter, Connection, Select, bindparam, select

from photos.db import keyset
from photos.db.chunks import Place, on_shelf
from photos.db.engine import wall_from_micros
from photos.db.schema import label, label_verdict, photo, rendition
from photos.models import Page, PhotoState, PhotoSummary, Rendition, Shelf, Verdict

LABELS_NAMED = 3
SHOWN = ("large", "medium")
"""Renditions that a grid shows."""
_SUMMARY = (
    photo.c.key,
    photo.c.id,
    photo.c.revision,
    photo.c.state,
    photo.c.reason,
    photo.c.name,
    photo.c.description,
    photo.c.taken_local,
    photo.c.place_name,
    photo.c.width,
    photo.c.height,
    photo.c.thumbhash,
    photo.c.is_favourite,
    photo.c.rating,
)


def list_range(
    connection: Connection, *, owner_id: int, shelf: Shelf, newest: Place, oldest: Place, limit: int
) -> Page[PhotoSummary]:
    """Photos before the place `newest` and not before `oldest`, newest first, at most `limit`.

    Costs four statements. `next` is the cursor of what is left of the range, None where nothing is.
    """
    values = {
        "owner": owner_id,
        "shelf": shelf,
        "newest_taken": newest[0],
        "newest_key": newest[1],
        "oldest_taken": oldest[0],
        "oldest_key": oldest[1],
        "count": limit + 1,
    }
    rows = connection.execute(_range_statement(), values).all()
    shown = rows[:limit]
    following = keyset.write_cursor(shown[-1].taken_local, shown[-1].key) if len(rows) > limit else None
    return Page(_summaries(connection, shown), following)


@lru_cache
def _range_statement() -> Select[Any]:
    """Building a statement costs more than running it, so it is built once."""
    newest: tuple[BindParameter[int], ...] = (bindparam("newest_taken"), bindparam("newest_key"))
    oldest: tuple[BindParameter[int], ...] = (bindparam("oldest_taken"), bindparam("oldest_key"))
    return (
        on_shelf(bindparam("owner"), bindparam("shelf"))
        .with_only_columns(*_SUMMARY)
        .where(keyset.before(photo.c.taken_local, photo.c.key, newest))
        .where(keyset.at_or_after(photo.c.taken_local, photo.c.key, oldest))
        .order_by(photo.c.taken_local.desc(), photo.c.key.desc())
        .limit(bindparam("count"))
    )


def _summaries(connection: Connection, rows: Sequence[Any]) -> tuple[PhotoSummary, ...]:
    keys = [row.key for row in rows]
    renditions = _renditions(connection, keys)
    labels = _label_names(connection, keys)
    # taken apart at once: to ask a row for each column by its name costs more than the statement
    return tuple(
        PhotoSummary(
            key=key,
            id=photo_id,
            revision=revision,
            state=PhotoState(state),
            reason=reason if state == PhotoState.REFUSED else "",
            name=name,
            description=description,
            taken_local=wall_from_micros(taken_local),
            place_name=place_name,
            width=width,
            height=height,
            thumbhash=thumbhash,
            is_favourite=is_favourite,
            rating=rating,
            renditions=tuple(renditions.get(key, ())),
            labels=tuple(labels.get(key, ())),
        )
        for (
            key, photo_id, revision, state, reason, name, description, taken_local, place_name,
            width, height, thumbhash, is_favourite, rating,
        ) in map(tuple, rows)
    )  # fmt: skip


def _renditions(connection: Connection, keys: Sequence[int]) -> dict[int, list[Rendition]]:
    found: dict[int, list[Rendition]] = defaultdict(list)
    if keys:
        statement = select(rendition).where(rendition.c.photo_key.in_(keys), rendition.c.kind.in_(SHOWN))
        for key, *facts in map(tuple, connection.execute(statement)):
            found[key].append(Rendition(*facts))
    return found


def _label_names(connection: Connection, keys: Sequence[int]) -> dict[int, list[str]]:
    """The surest labels of each photo that nobody has rejected, at most LABELS_NAMED."""
    if not keys:
        return {}
    seen: dict[int, dict[str, float]] = defaultdict(dict)
    columns = (label.c.photo_key, label.c.name, label.c.confidence)
    for key, name, confidence in connection.execute(select(*columns).where(label.c.photo_key.in_(keys))):
        seen[key][name] = confidence
    decided = (label_verdict.c.photo_key, label_verdict.c.name, label_verdict.c.verdict)
    for key, name, verdict in connection.execute(select(*decided).where(label_verdict.c.photo_key.in_(keys))):
        if verdict == Verdict.REJECTED:
            seen[key].pop(name, None)
        else:
            seen[key][name] = 100.0
    return {
        key: sorted(names, key=lambda name: (-names[name], name))[:LABELS_NAMED]
        for key, names in seen.items()
    }
