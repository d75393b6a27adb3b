"""What a bucket's refusals mean, for callers and for whoever has to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from photos.errors import Conflict, NotFound, StorageError, StorageFull

_NOT_THERE = frozenset({"404", "NoSuchKey", "NotFound"})
_NO_SUCH_UPLOAD = frozenset({"404", "NoSuchUpload", "InvalidArgument"})
_WRONG_PARTS = frozenset({"EntityTooSmall", "InvalidPart", "InvalidPartOrder", "MalformedXML"})
_FULL = frozenset({"QuotaExceeded", "InsufficientStorage", "XMinioStorageFull"})

NO_CREDENTIALS = "there are no AWS credentials on this machine"
_NO_RIGHT = "access is denied: the policy of this machine's role or key does not allow it"
_OTHER_REGION = "the bucket is in another region than AWS_REGION says"
_OTHER_KEY = "the access key is unknown or its secret is wrong"
_OLD_KEY = "the credentials have expired"
WORDS = {
    "AccessDenied": _NO_RIGHT,
    "403": _NO_RIGHT,
    "AllAccessDisabled": _NO_RIGHT,
    "InvalidAccessKeyId": _OTHER_KEY,
    "SignatureDoesNotMatch": _OTHER_KEY,
    "ExpiredToken": _OLD_KEY,
    "TokenRefreshRequired": _OLD_KEY,
    "InvalidToken": _OLD_KEY,
    "NoSuchBucket": "there is no bucket of the name S3_BUCKET says",
    "PermanentRedirect": _OTHER_REGION,
    "AuthorizationHeaderMalformed": _OTHER_REGION,
    "IllegalLocationConstraintException": _OTHER_REGION,
    "301": _OTHER_REGION,
    "400": "it did not understand: AWS_REGION, S3_ENDPOINT_URL or the clock of this machine may be wrong",
    "RequestTimeTooSkewed": "the clock of this machine is wrong by more than 15 minutes",
    "RequestExpired": "the clock of this machine is wrong",
    "SlowDown": "it asks for fewer requests",
    "ServiceUnavailable": "it is overloaded",
    "503": "it is overloaded",
    "KMS.NotFoundException": "the key S3_KMS_KEY does not exist in this region",
    "KMS.DisabledException": "the key S3_KMS_KEY is disabled",
    "KMS.KMSInvalidStateException": "the key S3_KMS_KEY is about to be deleted, or not ready",
    "KMS.InvalidKeyUsageException": "the key S3_KMS_KEY is not one for encryption",
    "KMS.KeyUnavailableException": "the key S3_KMS_KEY cannot be used at the moment",
    "InvalidEncryptionAlgorithmError": "it does not know the encryption that S3_ENCRYPTION asks for",
}
"""Error code -> what is wrong. Codes of S3 and of KMS, as their API references list them; numbers stand for
answers without a body, as those to HEAD."""
_NO_KEY_RIGHT = "the policy of the key S3_KMS_KEY, or of this machine's role, does not allow to use it"


@contextmanager
def storage_errors(action: str, subject: object) -> Iterator[None]:
    """Only a missing object is NotFound; a missing bucket, like anything else, is an outage."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

    try:
        yield
    except ClientError as error:
        if code_of(error) in _NOT_THERE:
            raise NotFound("object", subject) from error
        kind = StorageFull if code_of(error) in _FULL else StorageError
        raise kind(action, subject, reason=_words(error)) from error
    except NoCredentialsError as error:
        raise StorageError(action, subject, reason=NO_CREDENTIALS) from error
    except (BotoCoreError, OSError) as error:
        raise StorageError(action, subject) from error


@contextmanager
def upload_errors(multipart_id: str) -> Iterator[None]:
    """Inside `storage_errors`: NotFound for an unknown upload, Conflict for parts that do not fit."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if code_of(error) in _WRONG_PARTS:
            raise Conflict(
                "A part is missing, too small, or not the one that arrived.", code="part"
            ) from error
        if code_of(error) in _NO_SUCH_UPLOAD:
            raise NotFound("upload", multipart_id) from error
        raise


def code_of(error: Any) -> str:
    """The code of a `ClientError`; the status where the answer has no body."""
    return str(error.response.get("Error", {}).get("Code", ""))


def _words(error: Any) -> str:
    told = error.response.get("Error", {})
    if code_of(error) == "AccessDenied" and "kms:" in str(told.get("Message", "")).lower():
        return _NO_KEY_RIGHT
    return WORDS.get(code_of(error), "")
