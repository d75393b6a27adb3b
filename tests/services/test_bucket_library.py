"""A library in a bucket with bad moments (F20-F22): later, in words, and never a broken or a lost photo."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from photos.backends.storage.folder import FolderStorage
from photos.errors import Invalid, StorageError
from photos.imaging.pool import Decoders
from photos.models import Photo
from photos.services import bucket
from photos.services.arrival import Offer
from tests import pictures
from tests.servers.radosgw import KMS_KEY, Radosgw
from tests.servers.s3_proxy import Answer, S3Proxy
from tests.services.conftest import Library, _library

PHOTO = pictures.jpeg(320, 240)


@pytest.fixture
def store(radosgw: Radosgw) -> Iterator[S3Proxy]:
    with S3Proxy(radosgw.port) as proxy:
        yield proxy


@pytest.fixture
def shelf(
    request: pytest.FixtureRequest,
    data_folder: Path,
    darkroom: Decoders,
    store: S3Proxy,
) -> Iterator[Library]:
    settings = request.getfixturevalue("bucket") | {"S3_ENDPOINT_URL": store.url}
    yield from _library(request, data_folder, darkroom, "sqlite", more=settings)


@pytest.fixture
def encrypted_shelf(
    request: pytest.FixtureRequest, data_folder: Path, darkroom: Decoders, store: S3Proxy
) -> Iterator[Library]:
    settings = request.getfixturevalue("bucket") | {
        "S3_ENDPOINT_URL": store.url,
        "S3_ENCRYPTION": "aws:kms",
        "S3_KMS_KEY": KMS_KEY,
    }
    yield from _library(request, data_folder, darkroom, "sqlite", more=settings)


def send(offer: Offer, body: bytes) -> None:
    for part in offer.parts:
        requests.put(part.url, data=body[: part.size_bytes], timeout=30).raise_for_status()


def uploaded(shelf: Library) -> Photo:
    offer = shelf.offer(PHOTO)
    send(offer, PHOTO)
    assert offer.upload is not None
    return shelf.complete(offer.upload.id)


def original(answer: Answer) -> bool:
    return answer.method == "GET" and "/originals/" in answer.path and len(answer.body) == len(PHOTO)


def test_only_a_bucket_has_rules(bucket_library: Library, tmp_path: Path) -> None:
    origins = ["https://photos.example.org"]
    there = bucket_library.backends
    folder = FolderStorage(tmp_path, signing_key=b"k" * 32)
    with pytest.raises(Invalid, match="in a folder"):
        bucket.find_problems(origins, settings=there.settings, storage=folder)
    assert bucket.find_problems(origins, settings=there.settings, storage=there.storage)
    bucket.set_rules(origins, settings=there.settings, storage=there.storage)
    assert bucket.find_problems(origins, settings=there.settings, storage=there.storage) == []


def test_bytes_that_were_changed_on_their_way_here_are_asked_for_again(
    shelf: Library, store: S3Proxy
) -> None:
    photo = uploaded(shelf)
    damaged = iter([True])
    store.change = lambda answer: (
        answer.body[:-9] + b"otherwise" if original(answer) and next(damaged, False) else answer.body
    )
    with pytest.raises(StorageError, match="other bytes the second time"):
        shelf.work()
    assert shelf.photo(photo.id).state == "new"
    shelf.backends.jobs.send("process_photo", {"photo_id": photo.id})
    shelf.work()
    assert shelf.photo(photo.id).state == "ready"
    assert shelf.fsck().total() == 0


def test_half_an_original_is_no_photo_and_comes_later(shelf: Library, store: S3Proxy) -> None:
    photo = uploaded(shelf)
    store.change = lambda answer: answer.body[:1000] if original(answer) else answer.body
    with pytest.raises(StorageError):
        shelf.work()
    assert shelf.photo(photo.id).state == "new"
    store.change = lambda answer: answer.body
    shelf.backends.jobs.send("process_photo", {"photo_id": photo.id})
    shelf.work()
    assert shelf.photo(photo.id).state == "ready"


def test_an_original_that_is_gone_is_told_to_its_owner(shelf: Library) -> None:
    photo = uploaded(shelf)
    shelf.backends.storage.delete(photo.storage_key)
    shelf.work()
    told = shelf.photo(photo.id)
    assert (told.state, told.reason) == (
        "refused",
        "The original is missing from storage. Upload the photo again.",
    )


def test_while_the_store_is_down_uploads_wait_and_then_go_on(shelf: Library, store: S3Proxy) -> None:
    ready = uploaded(shelf)
    shelf.work()
    store.refuse = lambda _method, _path: (503, "ServiceUnavailable")
    with pytest.raises(StorageError, match="overloaded"):
        shelf.offer(pictures.jpeg(320, 240, seed=2))
    assert shelf.photo(ready.id).renditions, "what is ready needs no store to be listed"
    assert shelf.backends.storage.url(ready.storage_key, media_type="image/jpeg")
    store.refuse = lambda _method, _path: None
    offer = shelf.offer(pictures.jpeg(320, 240, seed=2))
    assert offer.status == "send"
    send(offer, pictures.jpeg(320, 240, seed=2))
    assert offer.upload is not None
    assert (
        shelf.complete(offer.upload.id).sha256 == hashlib.sha256(pictures.jpeg(320, 240, seed=2)).hexdigest()
    )


def test_while_the_key_of_the_bucket_is_missing_uploads_wait_and_then_go_on(
    encrypted_shelf: Library, store: S3Proxy
) -> None:
    shelf = encrypted_shelf
    store.refuse = lambda method, _path: (400, "KMS.NotFoundException") if method == "POST" else None
    with pytest.raises(StorageError, match="S3_KMS_KEY does not exist"):
        shelf.offer(PHOTO)
    store.refuse = lambda _method, _path: None
    photo = uploaded(shelf)
    # the worker needs the key for renditions
    store.refuse = lambda method, _path: (400, "KMS.DisabledException") if method == "PUT" else None
    with pytest.raises(StorageError, match="S3_KMS_KEY is disabled"):
        shelf.work()
    store.refuse = lambda _method, _path: None
    shelf.backends.jobs.send("process_photo", {"photo_id": photo.id})
    shelf.work()
    assert shelf.photo(photo.id).state == "ready"
    assert shelf.fsck().total() == 0


def test_a_part_that_another_wrote_over_is_found_by_the_worker(shelf: Library) -> None:
    offer = shelf.offer(PHOTO)
    send(offer, PHOTO)
    other = PHOTO[:-3] + b"abc"
    send(offer, other)
    assert offer.upload is not None
    photo = shelf.complete(offer.upload.id)
    shelf.work()
    assert "damaged" in shelf.photo(photo.id).reason
    again = shelf.offer(PHOTO)
    assert again.status == "send"


def test_the_parts_of_an_upload_that_the_bucket_forgot_are_asked_for_again(shelf: Library) -> None:
    offer = shelf.offer(PHOTO)
    assert offer.upload is not None
    shelf.backends.storage.abort_multipart(offer.upload.storage_key, offer.upload.multipart_id)
    (part,) = offer.parts
    assert requests.put(part.url, data=PHOTO, timeout=30).status_code == 404
    again = shelf.offer(PHOTO)
    assert again.upload is not None
    assert again.upload.id == offer.upload.id
    send(again, PHOTO)
    assert shelf.complete(offer.upload.id).state == "new"
