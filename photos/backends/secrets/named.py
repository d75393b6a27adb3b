"""The secrets of the program: each name goes to its store, each answer is remembered for a while."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from photos import logs
from photos.backends.secrets import Secrets
from photos.errors import Conflict, NotFound, SecretsError
from photos.models import SecretVersion
from photos.secret_names import SecretName, find_secret_name

log = logging.getLogger(__name__)
LIFETIME_SECONDS = 300
AGAIN_SECONDS = 1
"""A text that was read less than this ago is not read again, however many find it wrong at once."""
_OPENS_A_DOOR = re.compile(r"(?i)password|secret|token|key")


@dataclass(slots=True)
class _Remembered:
    text: str = field(repr=False)
    read_at: float


class NamedSecrets:
    """Names as settings write them (`photos.secret_names`) over one store for each prefix.

    While a store does not answer, what it said last holds on. `needed` are the names without which the
    program cannot run. Every text that was read is masked in the logs from then on.
    """

    def __init__(
        self,
        stores: Mapping[str, Secrets],
        *,
        needed: Collection[str] = (),
        lifetime_seconds: float = LIFETIME_SECONDS,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stores = stores
        self._needed = needed
        self._lifetime_seconds = lifetime_seconds
        self._now = now
        self._remembered: dict[SecretName, _Remembered] = {}
        self._reading = threading.Lock()

    def get(self, name: str) -> str:
        return self.get_all([name])[name]

    def get_again(self, name: str) -> str:
        """The text as it is kept now: somebody was refused with what we remember."""
        return self._get_all([name], at_most_seconds=AGAIN_SECONDS)[name]

    def get_all(self, names: Collection[str]) -> dict[str, str]:
        return self._get_all(names, at_most_seconds=self._lifetime_seconds)

    def list_versions(self, names: Collection[str]) -> dict[str, SecretVersion]:
        """As the stores have them now; of a field that is not there, that of its secret."""
        parsed = {name: _parsed(name) for name in names}
        versions: dict[str, SecretVersion] = {}
        for store in {each.store for each in parsed.values()}:
            here = {name: each.name for name, each in parsed.items() if each.store == store}
            found = self._stores[store].list_versions(set(here.values()))
            versions |= {name: found[place] for name, place in here.items() if place in found}
        return versions

    def put(self, name: str, text: str) -> None:
        where = _parsed(name)
        if where.field:
            raise Conflict(f"{where} is a field: name the whole secret, which can be written.")
        self._stores[where.store].put(where.name, text)
        with self._reading:
            self._remembered.pop(where, None)

    def ping(self) -> None:
        """Raise SecretsError if one that is needed is not there, or was never read and cannot be."""
        try:
            self.get_all(self._needed)
        except NotFound as error:
            raise SecretsError("find", error.ident) from error

    def close(self) -> None:
        for store in self._stores.values():
            store.close()

    def _get_all(self, names: Collection[str], *, at_most_seconds: float) -> dict[str, str]:
        parsed = {name: _parsed(name) for name in names}
        wholes = {SecretName(each.store, each.name) for each in parsed.values()}
        with self._reading:
            for store in {each.store for each in wholes}:
                self._read([each for each in wholes if each.store == store], store, at_most_seconds)
            texts = {each: self._remembered[each].text for each in wholes}
        return {name: _field(texts[SecretName(each.store, each.name)], each) for name, each in parsed.items()}

    def _read(self, wholes: list[SecretName], store: str, at_most_seconds: float) -> None:
        old = [each for each in wholes if not self._is_younger(each, at_most_seconds)]
        if not old:
            return
        try:
            found = self._stores[store].get_all([each.name for each in old])
        except SecretsError as error:
            if not all(each in self._remembered for each in old):
                raise
            log.warning("what was read last holds on: %s", error)
            found = {each.name: self._remembered[each].text for each in old}
        for each in old:
            self._remember(each, found[each.name])

    def _is_younger(self, each: SecretName, seconds: float) -> bool:
        known = self._remembered.get(each)
        return known is not None and self._now() - known.read_at < seconds

    def _remember(self, each: SecretName, text: str) -> None:
        logs.hide(text, *_doors(text))
        self._remembered[each] = _Remembered(text, self._now())


def _parsed(name: str) -> SecretName:
    found = find_secret_name(name)
    if found is None:
        raise ValueError("this is no name of a secret")
    return found


def _object(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _field(text: str, name: SecretName) -> str:
    if not name.field:
        return text
    value = _object(text).get(name.field)
    if not isinstance(value, str):
        raise NotFound("secret", name)
    return value


def _doors(text: str) -> list[str]:
    """The fields of an object that are secret themselves; a host or a user's name may be told."""
    return [
        value
        for name, value in _object(text).items()
        if isinstance(value, str) and _OPENS_A_DOOR.search(name)
    ]
