"""Signed addresses for reading, by AWS Signature Version 4 in the query.

The rule: "Authenticating Requests: Using Query Parameters" in the S3 API reference. The SDK signs with the
time of the call, so every process would give out another address for the same picture, and browsers would
fetch it again; here the time is given.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

import msgspec

_ALGORITHM = "AWS4-HMAC-SHA256"


class SigningKey(msgspec.Struct, frozen=True):
    """Credentials and region. `token` is empty for keys that are not temporary."""

    access_key: str
    secret_key: str
    token: str
    region: str

    def __repr__(self) -> str:
        return f"SigningKey({self.region})"


def presign_get(
    base_url: str, object_key: str, query: Mapping[str, str], *, key: SigningKey, at: int, seconds: int
) -> str:
    """An address that reads one object from the second `at` (since 1970) on, for `seconds`.

    `base_url` is that of the bucket, ending with a slash; `query` are parameters of GetObject.
    """
    moment = datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{key.region}/s3/aws4_request"
    parameters = {
        **query,
        "X-Amz-Algorithm": _ALGORITHM,
        "X-Amz-Credential": f"{key.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(seconds),
        "X-Amz-SignedHeaders": "host",
    }
    if key.token:
        parameters["X-Amz-Security-Token"] = key.token
    base = urlsplit(base_url)
    path = base.path + quote(object_key, safe="/-_.~")
    coded = sorted(
        (quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in parameters.items()
    )
    text = "&".join(f"{name}={value}" for name, value in coded)
    request = "\n".join(("GET", path, text, f"host:{base.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    signed = "\n".join((_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signature = _mac(_derived(key, moment[:8]), signed).hex()
    return f"{base.scheme}://{base.netloc}{path}?{text}&X-Amz-Signature={signature}"


def _derived(key: SigningKey, day: str) -> bytes:
    derived = f"AWS4{key.secret_key}".encode()
    for step in (day, key.region, "s3", "aws4_request"):
        derived = _mac(derived, step)
    return derived


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
