"""What the two stores of AWS share: time-outs, and errors in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

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

QUICKLY: dict[str, Any] = {"connect_timeout_seconds": 2, "read_timeout_seconds": 5, "attempts": 3}
"""Time-outs of the clients: a process that starts waits for its secrets."""


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
