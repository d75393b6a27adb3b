"""Role `secrets` out of the environment of this process and the file `.env`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from photos.errors import Conflict, NotFound
from photos.models import SecretVersion


class EnvironmentSecrets:
    """Variables by their names. An empty one is not there, as everywhere in the settings."""

    def __init__(self, read: Callable[[], Mapping[str, str]]) -> None:
        self._read = read

    def get(self, name: str) -> str:
        return self.get_all([name])[name]

    def get_all(self, names: Collection[str]) -> dict[str, str]:
        environ = self._read()
        if missing := [name for name in names if not environ.get(name)]:
            raise NotFound("secret", ", ".join(missing))
        return {name: environ[name] for name in names}

    def list_versions(self, names: Collection[str]) -> dict[str, SecretVersion]:
        """An environment keeps no versions."""
        environ = self._read()
        return {name: SecretVersion() for name in names if environ.get(name)}

    def put(self, name: str, text: str) -> None:
        self.get(name)
        raise Conflict(f"The variable {name} cannot be changed by the program that was started with it.")

    def close(self) -> None:
        pass
