"""The same pages and API where photos are kept in a bucket: no view knows the difference."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable
from dataclasses import fields
from urllib.parse import urlsplit
from zipfile import ZipFile

import pytest
import requests
from flask import Flask

from photos.config import Settings
from photos.services import samples
from tests import pictures
from tests.servers.radosgw import REGION, Radosgw
from tests.web.conftest import People
from tests.web.shelves import Library, tiles

PHOTO = pictures.jpeg(640, 480)


@pytest.fixture
def app(make_app: Callable[..., Flask], bucket: dict[str, str]) -> Flask:
    """The application on a bucket of its own, with the SDK's own way to credentials."""
    named = {item.name: bucket.get(item.metadata["env"]) for item in fields(Settings)}
    return make_app(**{name: value for name, value in named.items() if value})


def offered(people: People, body: bytes) -> dict[str, object]:
    file = {"name": "a.jpg", "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    answer = people.owner.api("POST", "/api/v1/uploads", {"files": [file]})
    assert answer.json is not None, answer.text
    return dict(answer.json["files"][0])


def test_a_photo_goes_straight_to_the_bucket_and_is_shown_from_there(
    people: People, library: Library, radosgw: Radosgw
) -> None:
    offer = offered(people, PHOTO)
    (part,) = offer["parts"]  # type: ignore[misc]
    assert part["url"].startswith(radosgw.endpoint_url)
    assert requests.put(part["url"], data=PHOTO, timeout=30).status_code == 200
    photo = people.owner.api("POST", f"/api/v1/uploads/{offer['upload_id']}/complete").json
    assert photo is not None
    library.work()
    shown = people.owner.api("GET", f"/api/v1/photos/{photo['id']}").json
    assert shown is not None
    assert (shown["state"], shown["width"]) == ("ready", 640)
    for address in (shown["renditions"]["large"]["url"], shown["original_url"]):
        assert address.startswith(radosgw.endpoint_url)
        assert requests.get(address, timeout=30).status_code == 200
        assert requests.get(address.partition("?")[0], timeout=30).status_code == 403
    assert requests.get(shown["original_url"], timeout=30).content == PHOTO
    page = people.owner.get(f"/photos/{photo['id']}")
    policy = page.headers["Content-Security-Policy"]
    bucket = "{0.scheme}://{0.netloc}".format(urlsplit(radosgw.endpoint_url))
    for directive in ("img-src", "connect-src"):
        (words,) = [words for words in policy.split("; ") if words.startswith(directive)]
        assert bucket in words.split()
    assert library.differences() == []


def test_bytes_that_changed_on_the_way_are_refused_by_the_worker_and_can_be_sent_again(
    people: People, library: Library
) -> None:
    """The bucket cannot tell SHA-256, so the row comes first and the worker looks."""
    offer = offered(people, PHOTO)
    (part,) = offer["parts"]  # type: ignore[misc]
    damaged = PHOTO[:-100] + bytes(100)
    assert requests.put(part["url"], data=damaged, timeout=30).status_code == 200
    photo = people.owner.api("POST", f"/api/v1/uploads/{offer['upload_id']}/complete").json
    assert photo is not None
    library.work()
    assert "damaged" in library.photo(photo["id"]).reason
    again = offered(people, PHOTO)
    assert again["status"] == "send"
    (part,) = again["parts"]  # type: ignore[misc]
    requests.put(part["url"], data=PHOTO, timeout=30)
    whole = people.owner.api("POST", f"/api/v1/uploads/{again['upload_id']}/complete").json
    assert whole is not None
    assert whole["id"] == photo["id"]
    library.work()
    assert library.photo(photo["id"]).state == "ready"


def test_the_plain_form_and_deleting_work_on_a_bucket(people: People, library: Library) -> None:
    photo = library.add(PHOTO, "form.jpg")
    assert photo.state == "ready"
    for act, form in (("trash", {}), ("delete", {"word": "delete"})):
        assert people.owner.post(f"/photos/{photo.id}/{act}", form).status_code == 303
    assert library.differences() == []
    assert list(library.backends.storage.list()) == []


def test_everything_else_that_touches_the_store_works_on_a_bucket(
    people: People, library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Samples, turning, zip files, asking with a picture, dropboxes, another processing."""
    monkeypatch.setattr(samples, "COUNT", 2)
    assert people.owner.post("/samples").status_code == 303
    library.work()
    photo = library.add(PHOTO, "form.jpg")

    assert people.owner.post(f"/photos/{photo.id}/turn", {"degrees": "90"}).status_code == 303
    library.work()
    assert (library.photo(photo.id).width, library.photo(photo.id).turn_made) == (480, 90)
    assert people.owner.post(f"/photos/{photo.id}/reprocess").status_code == 303
    library.work()
    assert library.photo(photo.id).state == "ready"

    packed = people.owner.post("/downloads", {"ids": photo.id})
    archive = people.owner.get(packed.headers["Location"])
    with ZipFile(io.BytesIO(archive.data)) as names:
        assert names.testzip() is None
        assert names.read("form.jpg") == PHOTO
    asked = people.owner.post(
        "/lookup", {"picture": (io.BytesIO(PHOTO), "asked.jpg")}, content_type="multipart/form-data"
    )
    assert photo.id in asked.text

    parts, dropped = library.backends, pictures.jpeg(320, 240, seed=9)
    parts.storage.put("dropbox/owner@example.org/dropped.jpg", dropped, media_type="image/jpeg")
    parts.jobs.send("take_drop", {"key": "dropbox/owner@example.org/dropped.jpg"})
    library.work()
    assert len(tiles(people.owner.get("/").text)) == 4
    assert people.owner.post("/samples/remove").status_code == 303
    assert library.differences() == []
    assert len(list(parts.storage.list())) == 2 * 4


def test_a_bucket_that_does_not_answer_is_503_and_loses_nothing(
    people: People, library: Library, make_app: Callable[..., Flask]
) -> None:
    down = make_app(
        storage="s3", s3_bucket="none", s3_endpoint_url="http://127.0.0.1:9", aws_region=REGION
    ).test_client()
    down.set_cookie("bigimage", people.owner.cookie())
    assert down.get("/ready").get_json()["missing"] == ["storage"]
    assert down.get("/health").status_code == 200
    assert down.get("/").status_code == 200, "addresses are signed here, so the timeline needs no bucket"
    assert library.differences() == []
