"""The page of copies, its forms, and the same by the API."""

from __future__ import annotations

import re

import pytest

from photos.models import Photo, Shelf
from photos.web import duplicates
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, words


@pytest.fixture
def copies(library: Library) -> tuple[Photo, Photo]:
    """A picture and a smaller copy, found by the sweep."""
    found = _add(library, seed=1)
    assert library.differences() == []
    return found


def _add(library: Library, *, seed: int) -> tuple[Photo, Photo]:
    scene = pictures.scene(640, 480, seed=seed)
    original = library.add(pictures.encode(scene, "JPEG", quality=95), f"original {seed}.jpg")
    return original, library.add(pictures.encode(scene.resize((320, 240)), "JPEG"), f"copy {seed}.jpg")


def test_without_copies_the_page_says_so(people: People) -> None:
    assert "No picture is here twice" in words(check(people.owner.get("/duplicates").text))


def test_copies_stand_side_by_side_and_the_largest_is_proposed(
    library: Library, copies: tuple[Photo, Photo]
) -> None:
    page = check(library.browser.get("/duplicates").text)
    original, copy = copies
    assert page.index(original.id) < page.index(copy.id)
    assert re.search(rf'value="{original.id}" checked', page)
    assert "640 × 480" in words(page)
    assert "Keep one, move the other to the trash" in words(page)


def test_one_is_kept_and_the_other_comes_back_by_undo(library: Library, copies: tuple[Photo, Photo]) -> None:
    original, copy = copies
    form = {"keep": original.id, "photo": [original.id, copy.id]}
    assert library.browser.post("/duplicates/merge", form).status_code == 303
    assert library.photo(copy.id).shelf is Shelf.TRASH
    page = library.browser.get("/duplicates").text
    assert "1 copy is in the trash." in words(page)
    undo = re.search(r'action="(/duplicates/restore[^"]*)"', page)
    assert undo
    assert library.browser.post(undo[1]).status_code == 303
    assert library.photo(copy.id).shelf is Shelf.TIMELINE


def test_what_is_not_the_same_picture_goes_from_the_page(
    library: Library, copies: tuple[Photo, Photo]
) -> None:
    form = {"photo": [photo.id for photo in copies]}
    assert library.browser.post("/duplicates/apart", form).status_code == 303
    assert "No picture is here twice" in words(library.browser.get("/duplicates").text)


@pytest.mark.parametrize("form", [{}, {"photo": ["one"]}, {"keep": "", "photo": ["one", "two"]}])
def test_a_form_that_chooses_nothing_is_refused_in_words(library: Library, form: dict[str, object]) -> None:
    assert library.browser.post("/duplicates/merge", form).status_code == 400


def test_the_page_is_paged(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "PAGE", 1)
    both = {_add(library, seed=seed)[0].id for seed in (1, 2)}
    library.differences()
    first = library.browser.get("/duplicates").text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following
    second = library.browser.get(following[1].replace("&amp;", "&")).text
    assert {photo_id for photo_id in both if f'value="{photo_id}"' in first + second} == both


def test_the_api_lists_merges_and_keeps_apart(library: Library, copies: tuple[Photo, Photo]) -> None:
    original, copy = copies
    call = library.browser.api
    (group,) = call("GET", "/api/v1/duplicates").json["items"]
    assert [photo["id"] for photo in group["photos"]] == [original.id, copy.id]
    merged = call("POST", "/api/v1/duplicates/merge", {"keep": original.id, "others": [copy.id]})
    assert (merged.status_code, merged.json["id"]) == (200, original.id)
    assert call("GET", "/api/v1/duplicates").json["items"] == []
    assert call("POST", f"/api/v1/photos/{copy.id}/restore").status_code == 200
    ids = {"photos": [original.id, copy.id]}
    assert call("POST", "/api/v1/duplicates/apart", ids).status_code == 204
    assert call("GET", "/api/v1/duplicates").json["items"] == []


def test_anothers_photos_are_not_there(library: Library, copies: tuple[Photo, Photo], people: People) -> None:
    original, copy = copies
    form = {"keep": original.id, "photo": [original.id, copy.id]}
    assert people.member.post("/duplicates/merge", form).status_code == 404
    assert people.member.post("/duplicates/apart", form).status_code == 404
    assert people.member.post(f"/duplicates/restore?photo={copy.id}").status_code == 404
    body = {"keep": original.id, "others": [copy.id]}
    assert people.member.api("POST", "/api/v1/duplicates/merge", body).status_code == 404
    ids = {"photos": [original.id, copy.id]}
    assert people.member.api("POST", "/api/v1/duplicates/apart", ids).status_code == 404
    assert copy.id not in people.member.get("/duplicates").text
    assert library.photo(copy.id).shelf is Shelf.TIMELINE
