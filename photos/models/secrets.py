"""What is known of a secret beside its text."""

from __future__ import annotations

from datetime import datetime

import msgspec


class SecretVersion(msgspec.Struct, frozen=True):
    """Which text of a secret a store holds now. `version` is its own word, empty where it keeps none, and
    `changed_at` is None there."""

    version: str = ""
    changed_at: datetime | None = None
