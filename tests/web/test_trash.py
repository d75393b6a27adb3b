"""The trash: what lies there and for how long."""

from __future__ import annotations

import re

import pytest

from photos.web import shelf
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, words


def test_an_empty_trash_says_what_it_is_for(people: People) -> None:
    assert "The trash is empty" in words(check(people.owner.get("/trash").text))


def test_the_trash_shows_days_left_and_the_ways_out(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    library.browser.post(f"/photos/{photo.id}/trash")
    page = check(library.browser.get("/trash").text)
    assert "30 days left" in words(page)
    assert f'action="/photos/{photo.id}/restore"' in page
    assert f'href="/photos/{photo.id}/delete"' in page
    library.browser.post(f"/photos/{photo.id}/restore")
    assert photo.id not in library.browser.get("/trash").text


def test_the_trash_is_paged(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "PAGE", 1)
    ids = {library.add(pictures.jpeg(64, 48, seed=seed)).id for seed in (1, 2)}
    for photo_id in ids:
        library.browser.post(f"/photos/{photo_id}/trash")
    page = library.browser.get("/trash").text
    following = re.search(r'href="([^"]+)" rel="next"', page)
    assert following
    both = page + library.browser.get(following[1]).text
    assert all(photo_id in both for photo_id in ids)


def test_nobody_sees_anothers_trash(library: Library, people: People) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    library.browser.post(f"/photos/{photo.id}/trash")
    assert photo.id not in people.member.get("/trash").text
    assert people.stranger.get("/trash").status_code == 303
