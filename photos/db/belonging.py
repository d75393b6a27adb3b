"""Whose photos are meant where photos are named one by one."""

from __future__ import annotations

from sqlalchemy import ColumnElement

from photos.db.schema import photo


def belongs_to(owner_id: int) -> ColumnElement[bool]:
    """The photo is this person's: for statements that name photos by their keys or ids.

    An expression, so that no index of people's photos fits: SQLite, which keeps no statistics by itself,
    takes a person for ten photos, and would read all of theirs in place of the sixty that are named.
    """
    return photo.c.owner_id + 0 == owner_id
