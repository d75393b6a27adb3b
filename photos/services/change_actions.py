"""What each change to many photos does to one of them, and how it is taken back.

An actor makes the change and returns its record, which says what stood there before and what stands there
now; None where nothing changed or nothing can be taken back. `take_back` undoes a record unless somebody has
changed the same thing since. Both raise Invalid with a reason for people where a photo has to stay as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection

from photos.db import edits
from photos.db import photos as photo_rows
from photos.errors import Invalid
from photos.models import Photo, PhotoState
from photos.services import corrections, library

Content = Mapping[str, Any]
Record = Mapping[str, Any]


class Step(msgspec.Struct, frozen=True):
    """One photo of a change, its row locked, and what the change wants."""

    connection: Connection
    photo: Photo
    row: edits.Stored
    content: Content
    now: datetime
    wanted: dict[int, edits.Columns]
    """Edits of this slice so far, by key: they are written together."""


Actor = Callable[[Step], Record | None]

CHANGED_SINCE = "It has been changed since."
NOT_IN_TRASH = "It is not in the trash."
NOT_UNDONE = frozenset({"reprocess", "purge", "undo", "download"})


def can_undo(action: str, content: Content) -> bool:
    """Whether a finished change of this kind can be taken back."""
    return action not in NOT_UNDONE and not content.get("from_file")


def clean(action: str, values: Content) -> dict[str, Any]:
    """The values that an action needs, checked and cleaned. Raises Invalid for missing and bad ones."""
    match action:
        case "rate":
            return {"rating": library.clean_rating(_needed(values, "rating"))}
        case "add_tags" | "remove_tags":
            tags = library.clean_tags(_needed(values, "tags"))
            if not tags:
                raise Invalid("Name at least one tag.", field="tags")
            return {"tags": tags}
        case "describe":
            return {"description": library.clean_description(_needed(values, "description"))}
        case "set_taken":
            return corrections.clean_taken(_needed(values, "taken"))
        case "set_place":
            return dict(_needed(values, "place"))
        case _:
            return {}


def _needed(values: Content, name: str) -> Any:
    if name not in values:
        raise Invalid("This is needed for the change.", code="missing", field=name)
    return values[name]


def _edit(columns_of: Callable[[Step], edits.Columns]) -> Actor:
    def act(step: Step) -> Record | None:
        wanted = columns_of(step)
        was = edits.standing(step.row, wanted)
        if was == wanted:
            return None
        step.wanted[step.photo.key] = wanted
        return {"was": was, "now": wanted}

    return act


def _correct(columns_of: Callable[[Step], edits.Columns]) -> Actor:
    """What the file says is read again by processing; it is no longer there to be written back."""
    edit = _edit(columns_of)

    def act(step: Step) -> Record | None:
        if not step.content.get("from_file"):
            return edit(step)
        _reprocess(step)
        step.wanted[step.photo.key] = columns_of(step)
        return None

    return act


def _add_tags(step: Step) -> Record | None:
    return _replace_tags(step, added=set(step.content["tags"]) - set(step.photo.tags))


def _remove_tags(step: Step) -> Record | None:
    return _replace_tags(step, removed=set(step.content["tags"]) & set(step.photo.tags))


def _replace_tags(
    step: Step, *, added: AbstractSet[str] = frozenset(), removed: AbstractSet[str] = frozenset()
) -> Record | None:
    if not added and not removed:
        return None
    wanted = (set(step.photo.tags) - removed) | added
    if len(wanted) > library.MAX_TAGS:
        raise Invalid(f"It would have more than {library.MAX_TAGS} tags.", field="tags")
    photo_rows.set_tags(step.connection, step.photo.key, sorted(wanted), now=step.now)
    return {"added": sorted(added), "removed": sorted(removed)}


def _reprocess(step: Step) -> Record | None:
    library.refuse_shared(step.photo)
    if step.photo.state is PhotoState.PROCESSING:
        raise Invalid("It is being worked on; try again in a moment.", code="working")
    photo_rows.renew_photo(step.connection, step.photo.key, now=step.now)
    return None


def _purge(step: Step) -> Record | None:
    if step.photo.trashed_at is None:
        raise Invalid(NOT_IN_TRASH, code="not_in_trash")
    photo_rows.purge_photo(step.connection, step.photo.key, now=step.now)
    return None


ACTORS: Mapping[str, Actor] = {
    "favourite": _edit(lambda _: edits.favourite(True)),
    "unfavourite": _edit(lambda _: edits.favourite(False)),
    "rate": _edit(lambda step: edits.rating(step.content["rating"])),
    "add_tags": _add_tags,
    "remove_tags": _remove_tags,
    "archive": _edit(lambda step: edits.archived(step.photo, now=step.now)),
    "unarchive": _edit(lambda _: edits.unarchived()),
    "trash": _edit(lambda step: edits.trashed(step.photo, now=step.now)),
    "restore": _edit(lambda _: edits.restored()),
    "describe": _edit(lambda step: edits.description(step.content["description"])),
    "set_taken": _correct(lambda step: corrections.taken_columns(step.photo, step.content)),
    "set_place": _correct(lambda step: corrections.place_columns(step.content)),
    "reprocess": _reprocess,
    "purge": _purge,
}
"""Every action that a person can ask for."""


def renews(action: str, content: Content) -> bool:
    """Whether photos wait for the runner after this change."""
    return action == "reprocess" or bool(content.get("from_file"))


def take_back(step: Step, record: Record) -> Record | None:
    """Undo what a record says, and return the record of that."""
    if "added" in record:
        have = set(step.photo.tags)
        return _replace_tags(step, added=set(record["removed"]) - have, removed=set(record["added"]) & have)
    if edits.standing(step.row, record["now"]) != record["now"]:
        raise Invalid(CHANGED_SINCE, code="changed")
    was = edits.on_the_map(record["was"])
    step.wanted[step.photo.key] = was
    return {"was": record["now"], "now": was}
