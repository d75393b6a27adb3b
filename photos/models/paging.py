"""Lists that come page by page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a keyset-paged list. `next` is an opaque cursor, None at the end."""

    items: tuple[T, ...]
    next: str | None = None
