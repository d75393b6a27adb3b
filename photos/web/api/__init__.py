"""The JSON API under `/api/v1`: the same verbs that the pages use, for scripts, clients and people.

Every operation is declared once, with its types; the OpenAPI document is made from these declarations.
"""

from __future__ import annotations

from photos.web.api import (  # noqa: F401 - each module declares its operations
    account,
    changes,
    duplicates,
    lookup,
    map,
    people,
    photos,
    search,
    timeline,
    uploads,
)
from photos.web.api.operations import blueprint

__all__ = ["blueprint"]
