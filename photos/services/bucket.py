"""The rules of the bucket that photos are kept in."""

from __future__ import annotations

from collections.abc import Sequence

from photos.backends.storage import RuledStorage, Storage
from photos.config import Settings
from photos.errors import Invalid


def find_problems(origins: Sequence[str], *, settings: Settings, storage: Storage) -> Sequence[str]:
    """What the bucket's rules lack, in words. Raises Invalid where there is no bucket, and StorageError."""
    return _ruled(storage).rule_problems(origins=origins, upload_days=_longest_days(settings))


def set_rules(origins: Sequence[str], *, settings: Settings, storage: Storage) -> None:
    """Give the bucket the rules that it lacks; rules of others stay. Raises as `find_problems`."""
    _ruled(storage).set_rules(origins=origins, upload_days=_longest_days(settings))


def _longest_days(settings: Settings) -> int:
    """A day more than uploads live here: the sweep ends them, the bucket's rule is for what it forgot."""
    return settings.upload_days + 1


def _ruled(storage: Storage) -> RuledStorage:
    if not isinstance(storage, RuledStorage):
        raise Invalid("Photos are kept in a folder here: there is no bucket, and no rules are needed.")
    return storage
