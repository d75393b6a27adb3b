"""What the two stores of AWS share: a client that is opened late, and errors in plain words."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from photos.backends import aws
from photos.errors import NotFound, SecretsError

NOT_THERE = frozenset({"ResourceNotFoundException", "ParameterNotFound", "ParameterVersionNotFound"})
REFUSED = frozenset({"AccessDeniedException", "AccessDenied", "403"})
KEY_REFUSED = frozenset(
    {"DecryptionFailure", "EncryptionFailure", "InvalidKeyId", "KMSAccessDeniedException"}
)
UNKNOWN_CALLER = frozenset(
    {
        *("UnrecognizedClientException", "InvalidSignatureException", "InvalidClientTokenId"),
        *("ExpiredTokenException", "ExpiredToken", "MissingAuthenticationTokenException"),
    }
)


class LateClient:
    """A client of one service, made with the first call. `options` are those of `photos.backends.aws`."""

    def __init__(self, service: str, **options: Any) -> None:
        self._service = service
        self._options = {"connect_timeout_seconds": 2, "read_timeout_seconds": 5, "attempts": 3, **options}
        self._opened: Any = None
        self._opening = threading.Lock()

    def open(self) -> Any:
        """The client of boto3."""
        with self._opening:
            if self._opened is None:
                self._opened = aws.open_client(self._service, **self._options)
            return self._opened

    def close(self) -> None:
        """Give connections back; the next call opens it again."""
        with self._opening:
            if self._opened is not None:
                self._opened.close()
                self._opened = None


@contextmanager
def secrets_errors(action: str, name: str, *, rights: str) -> Iterator[None]:
    """Errors of boto3 as NotFound or SecretsError. `rights`: what a role needs for the call."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in NOT_THERE:
            raise NotFound("secret", name) from error
        raise SecretsError(action, name, _what_to_do(code, error, rights)) from error
    except NoCredentialsError as error:
        raise SecretsError(
            action, name, "this machine has no AWS credentials: give it an instance profile"
        ) from error
    except (BotoCoreError, OSError) as error:
        raise SecretsError(action, name, f"AWS does not answer ({type(error).__name__})") from error


def _what_to_do(code: str, error: Exception, rights: str) -> str:
    if code in REFUSED:
        return f"the role of this machine may not: allow it {rights} and kms:Decrypt of the key ({error})"
    if code in KEY_REFUSED:
        return f"its KMS key cannot be used: allow the role of this machine kms:Decrypt of it ({error})"
    if code in UNKNOWN_CALLER:
        return f"AWS does not know who asks: look at credentials, region and clock of this machine ({error})"
    if code == "InvalidRequestException":
        return f"it is marked for deletion, or not in a state to be used ({error})"
    return f"AWS answers {code or 'with an error'} ({error})"
