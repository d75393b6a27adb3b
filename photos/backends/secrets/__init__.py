"""Role `secrets`: texts that open doors, by name, kept outside the program.

Adapters: `environment` (this process, `.env`), `ssm` (Systems Manager), `secretsmanager`. What the program
holds is `named.NamedSecrets`, which sends each name to its store and remembers the answer for a while.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from photos.models import SecretVersion


class Secrets(Protocol):
    """One store. No method writes a text into a log or an error."""

    def get(self, name: str) -> str:
        """The text. Raises NotFound, or SecretsError when the store cannot tell."""

    def get_all(self, names: Collection[str]) -> dict[str, str]:
        """All of them in as few calls as the store allows. Raises NotFound that names every missing one."""

    def list_versions(self, names: Collection[str]) -> dict[str, SecretVersion]:
        """Which version is there of each; those that are not there are left out. Raises SecretsError."""

    def put(self, name: str, text: str) -> None:
        """Replace the text of a secret that is there, under the key that encrypts it now.

        Raises NotFound, Conflict where the store cannot be written, SecretsError.
        """

    def close(self) -> None:
        """Give connections back."""
