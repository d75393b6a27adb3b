"""Do I have this? A picture is looked at, compared with one's own photos, and not kept."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping

import pytest
from PIL import Image
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from photos.db.schema import metadata
from photos.models import Photo
from photos.services import lookup
from tests import pictures
from tests.web.conftest import Browser, People
from tests.web.shelves import Library, check, words

API = "/api/v1/photos/lookup"


@pytest.fixture
def photo(library: Library) -> Photo:
    """One photo among others."""
    for seed in range(3):
        library.add(pictures.jpeg(320, 240, seed=10 + seed))
    return library.add(original(), "lighthouse.jpg")


def original() -> bytes:
    return pictures.encode(pictures.scene(800, 600, seed=1), "JPEG", quality=95)


def changed(how: str) -> bytes:
    with Image.open(io.BytesIO(original())) as picture:
        made = {
            "re-saved": lambda: picture,
            "smaller": lambda: picture.resize((200, 150)),
            "turned": lambda: picture.transpose(Image.Transpose.ROTATE_90),
            "mirrored": lambda: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
            "brighter": lambda: picture.point(lambda level: min(255, int(level * 1.15))),
        }[how]()
        return pictures.encode(made, "JPEG", quality=60)


def ask(browser: Browser, body: bytes, **query: str) -> TestResponse:
    return browser.api("POST", API, data=body, content_type="image/jpeg", query_string=query)


def everything(library: Library) -> Mapping[str, object]:
    """How many rows and objects there are; counters of tries are not what somebody stored."""
    with library.backends.database.read() as connection:
        rows = {
            table.name: connection.scalar(select(func.count()).select_from(table))
            for table in metadata.sorted_tables
            if table.name != "rate"
        }
    return rows | {"objects": len(list(library.backends.storage.list()))}


def test_the_same_file_is_known_by_its_bytes(library: Library, photo: Photo) -> None:
    (copy,) = ask(library.browser, original()).json["items"]
    assert (copy["photo"]["id"], copy["distance"], copy["certainty"]) == (photo.id, 0, "same")


@pytest.mark.parametrize("how", ["re-saved", "smaller", "turned", "mirrored", "brighter"])
def test_a_changed_copy_is_found(library: Library, photo: Photo, how: str) -> None:
    answer = ask(library.browser, changed(how))
    assert answer.status_code == 200, answer.text
    nearest = answer.json["items"][0]
    assert (nearest["photo"]["id"], nearest["certainty"]) == (photo.id, "sure")
    assert 0 <= nearest["distance"] <= 31


def test_a_picture_nobody_has_is_not_found(library: Library, photo: Photo) -> None:
    assert ask(library.browser, pictures.jpeg(640, 480, seed=99)).json == {"items": [], "next": None}


def test_nothing_is_stored(library: Library, photo: Photo) -> None:
    before = everything(library)
    ask(library.browser, changed("smaller"))
    ask(library.browser, original())
    ask(library.browser, b"no picture")
    assert everything(library) == before


def test_a_hash_that_is_known_answers_without_the_picture(library: Library, photo: Photo) -> None:
    answer = ask(library.browser, b"", sha256=hashlib.sha256(original()).hexdigest())
    assert [copy["certainty"] for copy in answer.json["items"]] == ["same"]
    assert ask(library.browser, b"", sha256="G" * 64).status_code == 400


def test_one_in_the_trash_counts_and_is_named_as_such(library: Library, photo: Photo) -> None:
    library.browser.post(f"/photos/{photo.id}/trash")
    page = send(library.browser, changed("re-saved"))
    assert "You have it" in words(page.text)
    assert "The same picture, in the trash" in words(page.text)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "file is empty"),
        (b"no picture at all", "not a picture"),
        (pictures.truncated(pictures.jpeg()), "damaged"),
        (pictures.encode(Image.new("RGB", (300, 200), "teal"), "PNG"), "too little in this picture"),
    ],
    ids=["empty", "text", "truncated", "flat"],
)
def test_what_cannot_be_looked_at_is_refused_in_words(library: Library, body: bytes, reason: str) -> None:
    answer = ask(library.browser, body)
    assert answer.status_code == 400, answer.text
    assert reason in answer.json["detail"]
    page = send(library.browser, body)
    assert page.status_code == 400
    assert reason in words(check(page.text))


def test_the_page_answers_without_a_script(library: Library, photo: Photo) -> None:
    assert "Do I have this?" in words(check(library.browser.get("/lookup").text))
    page = send(library.browser, changed("smaller"))
    assert page.status_code == 200
    assert f'href="/photos/{photo.id}"' in check(page.text)
    nothing = send(library.browser, pictures.jpeg(640, 480, seed=98))
    assert "You do not have this picture." in words(check(nothing.text))
    assert library.browser.post("/lookup", {}, content_type="multipart/form-data").status_code == 400


def test_nobody_else_learns_what_somebody_has(library: Library, photo: Photo, people: People) -> None:
    assert ask(people.member, original()).json["items"] == []
    assert ask(people.member, changed("smaller")).json["items"] == []
    assert ask(people.nobody, original()).status_code in {400, 401}


def test_asking_very_often_has_to_wait(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "MOST_A_MINUTE", 2)
    answers = [ask(library.browser, b"no picture").status_code for _ in range(3)]
    assert answers == [400, 400, 429]


def send(browser: Browser, body: bytes) -> TestResponse:
    answer = browser.post(
        "/lookup", {"picture": (io.BytesIO(body), "picture.jpg")}, content_type="multipart/form-data"
    )
    answer.request.input_stream.close()
    return answer
