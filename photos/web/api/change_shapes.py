"""What goes over the wire of changes to many photos."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from photos.models import Change, ChangeFailure, Page
from photos.services import changes
from photos.web.api.correction_shapes import PlaceChange, TakenChange
from photos.web.api.shapes import PhotoId, Query, ShelfName
from photos.web.change_words import change_words

Action = Literal[
    "favourite",
    "unfavourite",
    "rate",
    "add_tags",
    "remove_tags",
    "archive",
    "unarchive",
    "trash",
    "restore",
    "describe",
    "set_taken",
    "set_place",
    "reprocess",
    "purge",
]


class ChosenShape(Struct, forbid_unknown_fields=True):
    """Which photos: exactly one of `ids`, a query `q`, and a `shelf`."""

    ids: Annotated[list[PhotoId], Meta(max_length=changes.MOST)] = []
    q: Query = ""
    shelf: ShelfName | None = None


class ChangeRequest(Struct, forbid_unknown_fields=True):
    """A change to many photos, with the values of its action. A `rating` of null takes the stars away."""

    action: Action
    photos: ChosenShape
    rating: Annotated[int, Meta(ge=1, le=5)] | UnsetType | None = UNSET
    tags: Annotated[list[Annotated[str, Meta(max_length=100)]], Meta(max_length=100)] | UnsetType = UNSET
    description: Annotated[str, Meta(max_length=5000)] | UnsetType = UNSET
    taken: TakenChange | UnsetType = UNSET
    place: PlaceChange | UnsetType = UNSET


class FailureShape(Struct):
    """A photo that stayed as it was, and why."""

    id: str
    reason: str


class ChangeShape(Struct):
    """A change: `done` and `failed` of `total` photos are over. `words` says so for people."""

    id: str
    action: str
    state: Literal["waiting", "working", "done", "undone"]
    total: int
    done: int
    failed: int
    failures: list[FailureShape]
    can_undo: bool
    words: str
    created_at: str


class ChangePage(Struct):
    """Changes, the newest first; their failures are in each one's own list."""

    items: list[ChangeShape]
    next: str | None


class FailurePage(Struct):
    """Photos that stayed as they were."""

    items: list[FailureShape]
    next: str | None


def values_of(body: ChangeRequest) -> dict[str, Any]:
    """The values that were given, as the service takes them."""
    given = msgspec.to_builtins(body)
    return {name: value for name, value in given.items() if name not in {"action", "photos", "place"}}


def change_shape(change: Change, failures: Page[ChangeFailure] | None = None) -> ChangeShape:
    """A change as the API shows it."""
    return ChangeShape(
        id=change.id,
        action=change.action,
        state=change.state.value,
        total=change.total,
        done=change.done,
        failed=change.failed,
        failures=failure_shapes(failures) if failures else [],
        can_undo=changes.can_undo(change),
        words=change_words(change),
        created_at=change.created_at.isoformat(),
    )


def failure_shapes(failures: Page[ChangeFailure]) -> list[FailureShape]:
    """Failures as the API shows them."""
    return [FailureShape(failure.photo_id, failure.reason) for failure in failures.items]
