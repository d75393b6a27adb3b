"""What people see of their dropbox: where it is, and what was left in it."""

from __future__ import annotations

import re

from flask import Flask

from photos.errors import Invalid
from photos.services import dropbox
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, words


def drop(library: Library, name: str, body: bytes, *, by: str = "owner") -> None:
    parts = library.backends
    key = f"dropbox/{by}@example.org/{name}"
    parts.storage.put(key, body, media_type="image/jpeg")
    dropbox.take_drop(
        key, settings=parts.settings, database=parts.database, storage=parts.storage, jobs=parts.jobs
    )
    library.work()


def test_the_account_page_says_where_ones_own_dropbox_is(people: People, app: Flask) -> None:
    page = check(people.owner.get("/account").text)
    place = app.extensions["bigimage"].storage.location("dropbox/owner@example.org/")
    assert place in page
    assert place not in people.member.get("/account").text
    assert "dropbox/member@example.org/" in people.member.get("/account").text


def test_a_dropped_photo_is_on_the_timeline_and_what_was_left_says_why(
    people: People, library: Library
) -> None:
    drop(library, "beach.jpg", pictures.jpeg(64, 48))
    drop(library, "2024/<b>film.mp4", b"not a photo")
    assert "beach.jpg" in people.owner.get("/").text
    page = check(people.owner.get("/uploads").text)
    assert "Left in your dropbox" in words(page)
    assert "2024/<b>film.mp4 This is not a picture we can read." in words(page)
    assert "Left in your dropbox" not in people.member.get("/uploads").text
    drop(library, "2024/<b>film.mp4", pictures.jpeg(64, 48, seed=2))
    assert "Left in your dropbox" not in people.owner.get("/uploads").text


def test_what_was_left_is_tried_again_by_one_click_of_its_owner_alone(
    people: People, library: Library
) -> None:
    drop(library, "film.mp4", b"not a photo")
    page = people.owner.get("/uploads").text
    assert 'aria-label="Try again: film.mp4"' in page
    (retry,) = re.findall(r'action="(/uploads/dropped/[0-9a-f]{64}/retry)"', page)
    for browser, status in ((people.member, 404), (people.admin, 404), (people.nobody, 303)):
        assert browser.post(retry).status_code == status
    assert retry in people.owner.get("/uploads").text
    answer = people.owner.post(retry)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/uploads#dropped")
    page = check(people.owner.get("/uploads").text)
    assert re.search(r"film\.mp4 This is not a picture .* It is tried again within a minute\.", words(page))
    assert retry not in page


def test_nobody_gets_what_was_dropped_for_a_person_who_is_not_here(people: People, library: Library) -> None:
    try:
        drop(library, "a.jpg", pictures.jpeg(64, 48), by="nobody")
    except Invalid as refusal:
        assert "Nobody has the address" in refusal.reason
    else:
        raise AssertionError("it was taken")
    assert people.member.api("GET", "/api/v1/photos").get_json()["items"] == []
