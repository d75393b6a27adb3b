"""Role `secrets` in AWS Secrets Manager."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from typing import Any

from photos.backends.aws import LateClient
from photos.backends.secrets.aws import secrets_errors
from photos.errors import NotFound, SecretsError
from photos.models import SecretVersion


class SecretsManagerSecrets:
    """Secrets by name or ARN, always in their current version."""

    def __init__(self, client: LateClient) -> None:
        self._aws = client

    def get(self, name: str) -> str:
        answer = self._read(name)
        if "SecretString" not in answer:
            raise SecretsError("read", name, "it holds bytes, not text")
        text: str = answer["SecretString"]
        return text

    def get_all(self, names: Collection[str]) -> dict[str, str]:
        # BatchGetSecretValue wants one more right, and reports what it may not read as an aside
        found, missing = {}, []
        for name in names:
            try:
                found[name] = self.get(name)
            except NotFound:
                missing.append(name)
        if missing:
            raise NotFound("secret", ", ".join(missing))
        return found

    def list_versions(self, names: Collection[str]) -> dict[str, SecretVersion]:
        # DescribeSecret would want one more right of every machine
        found = {}
        for name in names:
            with suppress(NotFound):
                answer = self._read(name)
                found[name] = SecretVersion(answer["VersionId"], answer["CreatedDate"])
        return found

    def _read(self, name: str) -> dict[str, Any]:
        with secrets_errors("read", name, rights="secretsmanager:GetSecretValue"):
            answer: dict[str, Any] = self._aws.client.get_secret_value(SecretId=name)
        return answer

    def put(self, name: str, text: str) -> None:
        with secrets_errors("write", name, rights="secretsmanager:PutSecretValue"):
            self._aws.client.put_secret_value(SecretId=name, SecretString=text)

    def close(self) -> None:
        self._aws.close()
