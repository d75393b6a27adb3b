"""Photos that a person has turned: what they want, and boxes that follow the picture."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, select, update

from photos.db.photos import change_photo, renew_photo
from photos.db.rows import read_boxes, write_boxes
from photos.db.schema import label, photo, text_line
from photos.models import Box


def set_turn(connection: Connection, key: int, degrees: int, *, now: datetime) -> None:
    """A person wants the photo this many degrees clockwise; it waits to be developed so.

    Whoever is developing it at this moment loses the claim: what they make would be the wrong way up. The
    number goes on upwards, so that renditions thrown away never have the name of those made next.
    """
    turned = connection.scalar(select(photo.c.turn).where(photo.c.key == key).with_for_update()) or 0
    renew_photo(connection, key, now=now)
    change_photo(connection, key, now=now, turn=turned + (degrees - turned) % 360)


def turn_boxes(connection: Connection, key: int, degrees: int) -> None:
    """Take the boxes of labels and text along when the picture is turned clockwise by `degrees`."""
    if not degrees % 360:
        return
    for table, column in ((label, label.c.boxes), (text_line, text_line.c.box)):
        keys = tuple(table.primary_key.columns)
        rows = connection.execute(select(*keys, column).where(table.c.photo_key == key)).all()
        for *values, stored in rows:
            here = [part == value for part, value in zip(keys, values, strict=True)]
            turned = write_boxes(_turned(read_boxes(stored), degrees))
            connection.execute(update(table).where(*here).values({column: turned}))


def _turned(boxes: Iterable[Box], degrees: int) -> list[Box]:
    turned = list(boxes)
    for _ in range(degrees % 360 // 90):
        turned = [
            Box(max(0.0, 1 - each.top - each.height), each.left, each.height, each.width) for each in turned
        ]
    return turned
