"""Paging by key: the next page begins where the last one ended, however deep it is.

The row comparison `(a, b) < (x, y)` makes MySQL and MariaDB read the whole range, so it is spelled out as
`a <= x AND (a < x OR (a = x AND b < y))`: SQLite seeks by the first half, and the others take exactly the
rest of the ties and what follows.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from photos.errors import Invalid

LARGEST = 2**63 - 1
LONGEST_CURSOR = 200


def before(
    first: ColumnElement[Any], second: ColumnElement[Any], values: Sequence[int | ColumnElement[int]]
) -> ColumnElement[bool]:
    """Rows after `values` when both columns are listed largest first."""
    x, y = values
    return and_(first <= x, or_(first < x, and_(first == x, second < y)))


def after(
    first: ColumnElement[Any], second: ColumnElement[Any], values: Sequence[int]
) -> ColumnElement[bool]:
    """Rows after `values` when both columns are listed smallest first."""
    x, y = values
    return and_(first >= x, or_(first > x, and_(first == x, second > y)))


def at_or_after(
    first: ColumnElement[Any], second: ColumnElement[Any], values: Sequence[int | ColumnElement[int]]
) -> ColumnElement[bool]:
    """Rows at `values` and after them when both columns are listed smallest first."""
    x, y = values
    return and_(first >= x, or_(first > x, and_(first == x, second >= y)))


def write_cursor(*values: int) -> str:
    """The opaque text that names a place in a list."""
    packed = json.dumps(values, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def read_cursor(cursor: str, count: int) -> tuple[int, ...]:
    """The `count` numbers inside a cursor. Raises Invalid (code `cursor`) for anything we did not write."""
    try:
        if len(cursor) > LONGEST_CURSOR:
            raise ValueError("too long")
        packed = cursor.encode("ascii")
        values = json.loads(
            base64.b64decode(packed + b"=" * (-len(packed) % 4), altchars=b"-_", validate=True)
        )
        if not isinstance(values, list) or len(values) != count:
            raise ValueError("wrong shape")
        if not all(type(value) is int and -LARGEST <= value <= LARGEST for value in values):
            raise ValueError("not numbers of 64 bits")
    except (ValueError, binascii.Error, RecursionError) as error:
        reason = "This is not a place in the list. Start again without `cursor`."
        raise Invalid(reason, code="cursor", field="cursor") from error
    return tuple(values)
