"""Lists that come page by page."""

from __future__ import annotations

from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a keyset-paged list. `next` is an opaque cursor, None at the end."""

    items: tuple[T, ...]
    next: str | None = None
