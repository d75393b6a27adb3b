"""What bodies and answers of several parts of the API have in common."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

Limit = Annotated[int, Meta(ge=1, le=200)]
Cursor = Annotated[str, Meta(max_length=500)]
Query = Annotated[str, Meta(max_length=1000)]
PhotoId = Annotated[str, Meta(max_length=22)]
ShelfName = Literal["timeline", "archive", "trash", "refused"]


class PageQuery(Struct):
    """Where in a list to go on."""

    limit: Limit = 60
    cursor: Cursor | None = None


class Problem(Struct, kw_only=True):
    """RFC 9457 problem details: the one shape of every error."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    """A stable word for programs."""
    request_id: str
    field: str = ""
    position: int | None = None
    """Where in the query text the problem begins; only for queries."""
