"""What is known of a secret beside its text."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SecretVersion:
    """Which text of a secret a store holds now. `version` is its own word, empty where it keeps none, and
    `changed_at` is None there."""

    version: str = ""
    changed_at: datetime | None = None
