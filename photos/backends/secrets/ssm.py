"""Role `secrets` in the Parameter Store of AWS Systems Manager."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice
from typing import Any

from photos.backends.aws import LateClient
from photos.backends.secrets.aws import secrets_errors
from photos.errors import NotFound
from photos.models import SecretVersion

BATCH = 10
"""Names in one call: a limit of GetParameters."""


class SsmSecrets:
    """Parameters by their paths (`/bigimage/secret-key`), decrypted."""

    def __init__(self, client: LateClient) -> None:
        self._aws = client

    def get(self, name: str) -> str:
        return self.get_all([name])[name]

    def get_all(self, names: Collection[str]) -> dict[str, str]:
        found = {one["Name"]: one["Value"] for one in self._read(names, is_decrypted=True)}
        if missing := [name for name in names if name not in found]:
            raise NotFound("secret", ", ".join(missing))
        return found

    def list_versions(self, names: Collection[str]) -> dict[str, SecretVersion]:
        return {
            one["Name"]: SecretVersion(str(one["Version"]), one["LastModifiedDate"])
            for one in self._read(names, is_decrypted=False)
        }

    def _read(self, names: Collection[str], *, is_decrypted: bool) -> Iterator[dict[str, Any]]:
        """Those that are there."""
        waiting = iter(dict.fromkeys(names))
        while batch := list(islice(waiting, BATCH)):
            with secrets_errors("read", ", ".join(batch), rights="ssm:GetParameters"):
                answer = self._aws.client.get_parameters(Names=batch, WithDecryption=is_decrypted)
            yield from answer["Parameters"]

    def put(self, name: str, text: str) -> None:
        known = self._describe(name)
        options = {"Tier": known.get("Tier", "Standard")}
        if "KeyId" in known:
            # else it would fall back to the account's key, which everybody in the account may use
            options["KeyId"] = known["KeyId"]
        with secrets_errors("write", name, rights="ssm:PutParameter"):
            self._aws.client.put_parameter(
                Name=name, Value=text, Type="SecureString", Overwrite=True, **options
            )

    def _describe(self, name: str) -> dict[str, Any]:
        with secrets_errors("write", name, rights="ssm:DescribeParameters"):
            answer = self._aws.client.describe_parameters(
                ParameterFilters=[{"Key": "Name", "Option": "Equals", "Values": [name]}]
            )
        if not answer["Parameters"]:
            raise NotFound("secret", name)
        known: dict[str, Any] = answer["Parameters"][0]
        return known

    def close(self) -> None:
        self._aws.close()
