"""Photos under a key of KMS: radosgw encrypts with a key of its own; what Amazon says of a key that is
missing, off or not ours comes from a proxy before it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests

from photos.backends.aws.rights import Account, examine, try_key
from photos.backends.storage.s3 import S3Storage
from photos.errors import StorageError
from photos.models import StoredPart
from tests.contracts.storage.places import JPEG, read
from tests.servers.moto import Moto
from tests.servers.radosgw import KMS_KEY, REGION, Radosgw
from tests.servers.s3_proxy import S3Proxy

ARN = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
ROLE = "arn:aws:sts::111122223333:assumed-role/bigimage-web/i-0123456789abcdef0"
NO_RIGHT = (
    f"User: {ROLE} is not authorized to perform: {{0}} on resource: {ARN} "
    "because no identity-based policy allows the {0} action"
)
REFUSALS = {
    "missing": (400, "KMS.NotFoundException", f"Key '{ARN}' does not exist", "S3_KMS_KEY does not exist"),
    "disabled": (400, "KMS.DisabledException", f"{ARN} is disabled.", "S3_KMS_KEY is disabled"),
    "ending": (400, "KMS.KMSInvalidStateException", f"{ARN} is pending deletion.", "about to be deleted"),
    "denied": (403, "AccessDenied", NO_RIGHT.format("kms:GenerateDataKey"), "policy of the key S3_KMS_KEY"),
}
"""What is wrong with the key -> status, code and message of S3, and what we tell of it."""


@pytest.fixture
def store(radosgw: Radosgw) -> Iterator[S3Proxy]:
    with S3Proxy(radosgw.port) as proxy:
        yield proxy


@pytest.fixture
def open_storage(radosgw: Radosgw, store: S3Proxy) -> Iterator[Callable[[str], S3Storage]]:
    made: list[S3Storage] = []

    def opened(kms_key: str) -> S3Storage:
        storage = S3Storage(
            radosgw.create_bucket(),
            region=REGION,
            endpoint_url=store.url,
            addressing_style="path",
            access_key=radosgw.access_key,
            secret_key=radosgw.secret_key,
            encryption="aws:kms",
            kms_key=kms_key,
        )
        made.append(storage)
        return storage

    yield opened
    for storage in made:
        storage.close()


@pytest.fixture
def account(radosgw: Radosgw, store: S3Proxy, moto: Moto, monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", radosgw.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", radosgw.secret_key)
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", moto.url)
    return Account(
        region=REGION,
        bucket=radosgw.create_bucket(),
        s3_endpoint_url=store.url,
        s3_addressing="path",
        s3_encryption="aws:kms",
        s3_kms_key=KMS_KEY,
        jobs_queue="jobs",
        jobs_dead_queue="dead",
        sqs_endpoint_url=moto.url,
        secrets_endpoint_url=moto.url,
    )


def refuse(store: S3Proxy, wrong: str) -> str:
    """Answer as S3 where the key is needed; what we have to tell."""
    status, code, store.message, told = REFUSALS[wrong]
    needs_key = ("POST", "PUT")
    store.refuse = lambda method, _path: (status, code) if method in needs_key else None
    return told


def head(storage: S3Storage, key: str) -> dict[str, Any]:
    answer: dict[str, Any] = storage._client.head_object(Bucket=storage._bucket, Key=key)
    return answer


def test_whole_objects_and_parts_are_kept_under_the_key(open_storage: Callable[[str], S3Storage]) -> None:
    storage = open_storage(KMS_KEY)
    storage.ping()
    storage.put("whole", io.BytesIO(b"hello"), media_type=JPEG)
    multipart_id = storage.start_multipart("parts", media_type=JPEG)
    address = storage.part_url("parts", multipart_id, 1, size_bytes=5)
    sent = requests.put(address, data=b"hello", timeout=30)
    assert sent.status_code == 200, "a browser needs no right on the key"
    parts = [StoredPart(1, 5, sent.headers["ETag"])]
    for _ in range(2):
        assert storage.complete_multipart("parts", multipart_id, parts).size_bytes == 5
    for key in ("whole", "parts"):
        answer = head(storage, key)
        assert (answer["ServerSideEncryption"], answer["SSEKMSKeyId"]) == ("aws:kms", KMS_KEY)
        assert read(storage, key) == b"hello"
        shown = requests.get(storage.url(key, media_type=JPEG), timeout=30)
        assert shown.content == b"hello"


def test_a_key_that_the_store_does_not_know_is_an_outage(open_storage: Callable[[str], S3Storage]) -> None:
    storage = open_storage("key-of-nobody")
    for verb in (storage.ping, lambda: storage.put("a", b"hello", media_type=JPEG)):
        with pytest.raises(StorageError):
            verb()
    assert list(storage.list()) == []


@pytest.mark.parametrize("wrong", REFUSALS)
def test_what_is_wrong_with_the_key_is_told_where_uploads_begin(
    open_storage: Callable[[str], S3Storage], store: S3Proxy, wrong: str
) -> None:
    storage = open_storage(ARN)
    told = refuse(store, wrong)
    for verb in (
        storage.ping,
        lambda: storage.start_multipart("a", media_type=JPEG),
        lambda: storage.put("a", b"hello", media_type=JPEG),
    ):
        with pytest.raises(StorageError, match=told):
            verb()


def test_the_check_of_the_account_uses_the_key_and_leaves_nothing(account: Account, radosgw: Radosgw) -> None:
    (finding,) = [finding for finding in examine("web", account) if "S3_KMS_KEY" in finding.text]
    assert (finding.text, finding.is_wrong) == (f"S3_KMS_KEY ({KMS_KEY}): encrypts and decrypts", False)
    client = radosgw.client()
    assert "Uploads" not in client.list_multipart_uploads(Bucket=account.bucket)
    assert "Contents" not in client.list_objects_v2(Bucket=account.bucket)
    client.close()


@pytest.mark.parametrize("wrong", REFUSALS)
def test_the_check_of_the_account_names_what_is_wrong_with_the_key(
    account: Account, store: S3Proxy, wrong: str
) -> None:
    refuse(store, wrong)
    finding = try_key(account)
    assert finding.is_wrong
    assert finding.text.startswith(f"S3_KMS_KEY ({KMS_KEY}) ")
    assert store.message.rstrip(".") in finding.text
    assert ("Allow kms:GenerateDataKey and kms:Decrypt on it" in finding.text) == (wrong == "denied")


def test_the_check_of_the_account_finds_that_parts_cannot_be_decrypted(
    account: Account, store: S3Proxy, radosgw: Radosgw
) -> None:
    store.message = NO_RIGHT.format("kms:Decrypt")
    store.refuse = lambda _method, path: (403, "AccessDenied") if "partNumber" in path else None
    finding = try_key(account)
    assert finding.is_wrong
    assert "kms:Decrypt" in finding.text
    client = radosgw.client()
    assert "Uploads" not in client.list_multipart_uploads(Bucket=account.bucket), (
        "it is given up all the same"
    )
    client.close()
