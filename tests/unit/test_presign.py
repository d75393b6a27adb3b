"""Signed reading addresses: as Amazon computes them, and as its SDK does."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import boto3
import pytest
from botocore.config import Config

from photos.backends.storage.presign import SigningKey, presign_get

# The published example of "Authenticating Requests: Using Query Parameters", its secret in two pieces.
EXAMPLE = SigningKey(
    "AKIAIOSFODNN7" + "EXAMPLE", "wJalrXUtnFEMI/K7MDENG/" + "bPxRfiCYEXAMPLEKEY", "", "us-east-1"
)
EXAMPLE_AT = 1369353600


def test_the_published_example_is_met() -> None:
    url = presign_get(
        "https://examplebucket.s3.amazonaws.com/",
        "test.txt",
        {},
        key=EXAMPLE,
        at=EXAMPLE_AT,
        seconds=86400,
    )
    signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    assert parse_qs(urlsplit(url).query)["X-Amz-Signature"] == [signature]


@pytest.mark.parametrize("key", ["a.jpg", "originals/ab/c", "a b+c%&=?#é~!*'().jpg", "日本語/写真.jpg"])
@pytest.mark.parametrize("token", ["", "made+up/token=="])
@pytest.mark.parametrize("style", ["path", "virtual"])
def test_the_sdk_signs_the_same(key: str, token: str, style: str) -> None:
    signing_key = SigningKey("AK", "made up", token, "eu-central-1")
    client = boto3.client(
        "s3",
        region_name=signing_key.region,
        aws_access_key_id=signing_key.access_key,
        aws_secret_access_key=signing_key.secret_key,
        aws_session_token=token or None,
        config=Config(signature_version="s3v4", s3={"addressing_style": style}),
    )
    disposition = "attachment; filename=\"a b.jpg\"; filename*=UTF-8''%C3%A9"
    parameters = {"Bucket": "photos", "Key": key, "ResponseContentDisposition": disposition}
    theirs = client.generate_presigned_url("get_object", Params=parameters, ExpiresIn=600)
    client.close()
    told = parse_qs(urlsplit(theirs).query)
    signed_at = told["X-Amz-Date"][0]
    base = theirs.partition("?")[0]
    ours = presign_get(
        base[: base.index("/photos/") + 8] if style == "path" else base[: base.index("/", 8) + 1],
        key,
        {"response-content-disposition": disposition},
        key=signing_key,
        at=_seconds(signed_at),
        seconds=600,
    )
    assert ours.partition("?")[0] == base
    assert parse_qs(urlsplit(ours).query) == told


def test_a_key_tells_nothing_of_itself() -> None:
    assert "made up" not in repr(SigningKey("AK", "made up", "made up", "eu-central-1"))


def _seconds(moment: str) -> int:
    return int(datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp())
