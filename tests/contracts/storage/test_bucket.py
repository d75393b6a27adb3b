"""What only a bucket has: rules, encryption, credentials that end, and reasons for its refusals."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from botocore.stub import Stubber

from photos.backends.storage import RuledStorage
from photos.backends.storage.s3 import S3Storage
from photos.config import read_settings
from photos.errors import StorageError, StorageFull
from photos.models import StoredPart
from photos.wiring import _storage
from tests.contracts.storage.places import JPEG, Place
from tests.servers.moto import REGION as MOTO_REGION
from tests.servers.moto import Moto
from tests.servers.radosgw import REGION, Radosgw

ORIGINS = ["https://photos.example.org", "http://127.0.0.1:8000"]


@pytest.fixture
def rules(s3_place: Place) -> RuledStorage:
    assert isinstance(s3_place.storage, RuledStorage)
    return s3_place.storage


def test_a_new_bucket_lacks_both_rules_and_is_given_them(rules: RuledStorage) -> None:
    problems = "\n".join(rules.rule_problems(origins=ORIGINS, upload_days=8))
    assert "pages of https://photos.example.org may not GET, HEAD, PUT" in problems
    assert "abandoned uploads" in problems
    rules.set_rules(origins=ORIGINS, upload_days=8)
    rules.set_rules(origins=ORIGINS, upload_days=8)
    assert rules.rule_problems(origins=ORIGINS, upload_days=8) == []
    (problem,) = rules.rule_problems(origins=[*ORIGINS, "https://new.example.org"], upload_days=8)
    assert "new.example.org" in problem
    (problem,) = rules.rule_problems(origins=ORIGINS, upload_days=9)
    assert "after 8 days" in problem


def test_rules_of_others_stay_and_one_that_deletes_photos_is_named(
    rules: RuledStorage, radosgw: Radosgw, s3_place: Place
) -> None:
    client = radosgw.client()
    bucket = s3_place.storage.location("")[5:].strip("/")
    theirs = {"ID": "theirs", "AllowedOrigins": ["https://*.example.net"], "AllowedMethods": ["GET"]}
    client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [theirs]})
    ending = {
        "ID": "old-logs",
        "Status": "Enabled",
        "Filter": {"Prefix": "logs/"},
        "Expiration": {"Days": 7},
    }
    harmful = ending | {"ID": "tidy", "Filter": {"Prefix": "drop"}}
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket, LifecycleConfiguration={"Rules": [ending, harmful]}
    )
    rules.set_rules(origins=ORIGINS, upload_days=8)
    (problem,) = rules.rule_problems(origins=ORIGINS, upload_days=8)
    assert problem == "the lifecycle rule tidy deletes photos: remove or narrow it"
    cors = client.get_bucket_cors(Bucket=bucket)["CORSRules"]
    lifecycle = client.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    client.close()
    assert {rule["ID"] for rule in cors} == {"theirs", "bigimage"}
    assert {rule["ID"] for rule in lifecycle} == {"old-logs", "tidy", "bigimage-abandoned-uploads"}


def test_a_folder_has_no_rules(folder_place: Place) -> None:
    assert not isinstance(folder_place.storage, RuledStorage)


def test_every_process_gives_out_the_same_address(s3_place: Place) -> None:
    first, second = s3_place.brief(604_800), s3_place.brief(604_800)
    assert first.url("a", media_type=JPEG) == second.url("a", media_type=JPEG)


def test_an_address_is_new_in_the_next_window_and_good_for_half_its_life() -> None:
    clock = [1_800_000_000.0]
    storage = S3Storage(
        "photos", region=REGION, access_key="AK", secret_key="made up", url_seconds=3600, now=lambda: clock[0]
    )
    begun = storage.url("a", media_type=JPEG)
    clock[0] += 1799
    assert storage.url("a", media_type=JPEG) == begun
    clock[0] += 1
    assert storage.url("a", media_type=JPEG) != begun
    assert "X-Amz-Expires=3600" in begun
    assert "max-age%3D1800" in begun
    storage.close()


def test_new_credentials_sign_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1_800_000_000.0]
    storage = S3Storage(
        "photos",
        region=REGION,
        access_key="AK",
        secret_key="made up",
        url_seconds=604_800,
        now=lambda: clock[0],
    )
    before = storage.url("a", media_type=JPEG)
    session, _ = storage._aws._open()
    session._session.set_credentials("AK2", "made up too", "a token")
    clock[0] += 10
    after = storage.url("a", media_type=JPEG)
    storage.close()
    assert "AK2" in after
    assert "X-Amz-Security-Token=a%20token" in after
    assert after != before


def test_without_credentials_the_reason_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    storage = S3Storage("photos", region=REGION, endpoint_url="http://127.0.0.1:9")
    for verb in (storage.ping, lambda: storage.url("a", media_type=JPEG)):
        with pytest.raises(StorageError, match="no AWS credentials"):
            verb()
    storage.close()


def test_one_setting_is_the_region_of_everything(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AK")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "made up")
    environ = {"STORAGE": "s3", "S3_BUCKET": "photos", "AWS_REGION": "eu-south-1"}
    storage = _storage(read_settings(environ), "k" * 32)
    for url in (storage.url("a", media_type=JPEG), storage.part_url("a", "x", 1, size_bytes=5)):
        assert url.startswith("https://photos.s3.eu-south-1.amazonaws.com/a?")
        assert "%2Feu-south-1%2Fs3%2Faws4_request" in url
    storage.close()


@pytest.mark.parametrize(
    ("more", "origin"),
    [
        ({}, "https://photos.s3.eu-south-1.amazonaws.com/"),
        ({"addressing_style": "path"}, "https://s3.eu-south-1.amazonaws.com/photos/"),
        ({"bucket": "my.photos"}, "https://s3.eu-south-1.amazonaws.com/my.photos/"),
        ({"endpoint_url": "https://s3.example.net"}, "https://s3.example.net/photos/"),
        (
            {"endpoint_url": "https://s3.example.net", "addressing_style": "virtual"},
            "https://photos.s3.example.net/",
        ),
    ],
)
def test_addresses_name_the_host_that_has_the_bucket(more: dict[str, str], origin: str) -> None:
    """The host of all regions would answer with a redirect, which a browser may not follow when it sends."""
    options = {"bucket": "photos", "region": "eu-south-1", "access_key": "AK", "secret_key": "made up"} | more
    storage = S3Storage(**options)  # type: ignore[arg-type]
    assert storage.url("a", media_type=JPEG).startswith(f"{origin}a?")
    assert storage.part_url("a", "x", 1, size_bytes=5).startswith(f"{origin}a?")
    storage.close()


@pytest.fixture
def moto_bucket(moto: Moto) -> Iterator[Callable[..., S3Storage]]:
    """A bucket that takes encryption headers, as radosgw does not; opened with what a test wants."""
    client = moto.client("s3")
    bucket = f"photos-{uuid4().hex}"
    place = {"LocationConstraint": MOTO_REGION}
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
    client.close()
    made: list[S3Storage] = []

    def opened(**more: Any) -> S3Storage:
        storage = S3Storage(
            bucket, region=MOTO_REGION, endpoint_url=moto.url, addressing_style="path", **more
        )
        made.append(storage)
        return storage

    yield opened
    for storage in made:
        storage.close()


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({}, (None, None)),
        ({"encryption": "AES256"}, ("AES256", None)),
        ({"encryption": "aws:kms", "kms_key": "alias/photos"}, ("aws:kms", "alias/photos")),
    ],
)
def test_every_object_is_encrypted_as_the_setting_says(
    moto_bucket: Callable[..., S3Storage], more: dict[str, str], told: tuple[str | None, str | None]
) -> None:
    storage = moto_bucket(**more)
    storage.put("whole", io.BytesIO(b"hello"), media_type=JPEG)
    multipart_id = storage.start_multipart("parts", media_type=JPEG)
    client = storage._client
    sent = client.upload_part(
        Bucket=storage._bucket, Key="parts", UploadId=multipart_id, PartNumber=1, Body=b"hello"
    )
    parts = [StoredPart(1, 5, sent["ETag"])]
    assert storage.complete_multipart("parts", multipart_id, parts).size_bytes == 5
    assert storage.complete_multipart("parts", multipart_id, parts).size_bytes == 5
    for key in ("whole", "parts"):
        answer = client.head_object(Bucket=storage._bucket, Key=key)
        assert (answer.get("ServerSideEncryption"), answer.get("SSEKMSKeyId")) == told, key


@contextmanager
def refusing(code: str, status: int, message: str = "") -> Iterator[S3Storage]:
    """A bucket that answers a put with this error, as the SDK reads it from the wire."""
    storage = S3Storage("photos", region=REGION, access_key="AK", secret_key="made up")
    with Stubber(storage._client) as stub:
        stub.add_client_error("put_object", code, message, status)
        yield storage
    storage.close()


@pytest.mark.parametrize(
    ("code", "status", "words"),
    [
        ("KMS.NotFoundException", 400, "S3_KMS_KEY does not exist"),
        ("KMS.DisabledException", 400, "S3_KMS_KEY is disabled"),
        ("KMS.KMSInvalidStateException", 400, "about to be deleted"),
        ("RequestTimeTooSkewed", 403, "clock of this machine"),
        ("SignatureDoesNotMatch", 403, "secret is wrong"),
        ("ExpiredToken", 400, "expired"),
        ("NoSuchBucket", 404, "no bucket of the name"),
        ("PermanentRedirect", 301, "another region"),
        ("SlowDown", 503, "fewer requests"),
        ("AccessDenied", 403, "policy"),
    ],
)
def test_a_refusal_is_told_in_words(code: str, status: int, words: str) -> None:
    with refusing(code, status) as storage, pytest.raises(StorageError, match=words):
        storage.put("a", b"hello", media_type=JPEG)


def test_a_key_that_may_not_be_used_and_a_full_store_are_told_apart() -> None:
    told = (
        "User: arn:aws:sts::111122223333:assumed-role/web is not authorized to perform: kms:GenerateDataKey"
    )
    with (
        refusing("AccessDenied", 403, told) as storage,
        pytest.raises(StorageError, match="policy of the key"),
    ):
        storage.put("a", b"hello", media_type=JPEG)
    with refusing("QuotaExceeded", 403) as storage, pytest.raises(StorageFull):
        storage.put("a", b"hello", media_type=JPEG)


def test_a_list_tells_when_an_object_came(place: Place) -> None:
    place.storage.put("a", b"hello", media_type=JPEG)
    (item,) = place.storage.list()
    assert item.modified_at is not None
    assert abs(datetime.now(item.modified_at.tzinfo) - item.modified_at) < timedelta(minutes=2)


def test_a_location_is_what_other_tools_take(s3_place: Place, folder_place: Place) -> None:
    folder_place.storage.put("a/b", b"hello", media_type=JPEG)
    assert Path(folder_place.storage.location("a/b")).read_bytes() == b"hello"
    assert re.fullmatch(r"s3://photos-[0-9a-f]{32}/a/", s3_place.storage.location("a/"))
