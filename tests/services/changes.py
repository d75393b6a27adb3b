"""Making changes to many photos as tests do: in one line, and waiting for the photos."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from photos.db import changes as change_rows
from photos.models import Change, Photo, User
from photos.services import changes
from photos.services.changes import Chosen
from photos.services.library import Edit, edit
from tests import pictures
from tests.services.conftest import Library


def start(
    library: Library,
    action: str,
    ids: list[str] | Chosen,
    values: Mapping[str, Any] | None = None,
    *,
    by: User | None = None,
    key: str = "",
) -> Change:
    parts = library.backends
    return changes.start(
        action,
        values or {},
        ids if isinstance(ids, Chosen) else Chosen(ids=ids),
        owner=by or library.owner,
        database=parts.database,
        search=parts.search,
        jobs=parts.jobs,
        key=key,
    )


def change_one(library: Library, photo_id: str, wanted: Edit) -> Photo:
    parts = library.backends
    return edit(
        photo_id,
        wanted,
        owner=library.owner,
        database=parts.database,
        search=parts.search,
        jobs=parts.jobs,
    )


def undo(library: Library, change: Change, *, by: User | None = None) -> Change:
    parts = library.backends
    return changes.undo(
        change.id, owner=by or library.owner, database=parts.database, search=parts.search, jobs=parts.jobs
    )


def get(library: Library, change_id: str) -> Change:
    with library.backends.database.read() as connection:
        return change_rows.get_change(connection, change_id, owner_id=library.owner.id)


def failures(library: Library, change: Change) -> dict[str, str]:
    with library.backends.database.read() as connection:
        page = change_rows.list_failures(connection, change.id, limit=1000)
    return {failure.photo_id: failure.reason for failure in page.items}


def some(library: Library, count: int) -> list[str]:
    """Ids of photos that are ready."""
    ids = [library.upload(pictures.jpeg(40 + number, 30), f"{number}.jpg").id for number in range(count)]
    library.work()
    return ids
