"""Sample photos: offered to an empty library, added once, removed in one click; what a person keeps stays."""

from __future__ import annotations

import re

import pytest

from photos.services import samples
from photos.web import timeline
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, tiles, words


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is the slow part."""
    monkeypatch.setattr(samples, "COUNT", 3)


def test_an_empty_library_offers_samples_and_has_them_removed_in_one_click(library: Library) -> None:
    browser = library.browser
    assert "Look around with sample photos" in words(check(browser.get("/").text))
    assert browser.post("/samples").status_code == 303
    library.work()
    page = check(browser.get("/").text)
    assert len(tiles(page)) == 3
    assert "Remove the sample photos" in words(page)
    answer = browser.post("/samples/remove")
    assert answer.status_code == 303
    page = check(browser.get("/").text)
    assert "3 sample photos are gone" in words(page)
    assert "Look around" in words(page)


def test_in_a_library_of_any_size_the_account_page_removes_them(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "PAGE", 2)
    browser = library.browser
    assert "sample" not in words(browser.get("/account").text)
    browser.post("/samples")
    library.work()
    assert "Remove the sample photos" not in browser.get("/").text
    page = check(browser.get("/account").text)
    assert 'action="/samples/remove"' in page
    assert "3 sample photos are gone" in words(browser.get(browser.post("/samples/remove").location).text)
    assert "sample" not in words(browser.get("/account").text)


def test_samples_have_dates_and_places_and_can_be_found(library: Library) -> None:
    library.browser.post("/samples")
    library.work()
    month = library.browser.get("/api/v1/timeline").json["months"][0][0]
    assert re.fullmatch(r"2025-\d\d", month)
    found = library.browser.get("/api/v1/search?q=tag:sample").json["items"]
    assert len(found) == 3
    assert all(match["photo"]["place"] for match in found)


def test_asking_twice_brings_them_once(library: Library) -> None:
    for _ in range(2):
        library.browser.post("/samples")
        library.work()
    assert len(tiles(library.browser.get("/").text)) == 3


def test_own_photos_and_samples_that_lost_their_tag_stay(library: Library) -> None:
    library.browser.post("/samples")
    library.work()
    own = library.add(pictures.jpeg(64, 48))
    library.browser.api("PATCH", f"/api/v1/photos/{own.id}", {"tags": ["sample"]})
    (kept, *edited) = (tile for tile in tiles(library.browser.get("/").text) if tile != own.id)
    library.browser.api("PATCH", f"/api/v1/photos/{kept}", {"tags": []})
    library.browser.api("PATCH", f"/api/v1/photos/{edited[0]}", {"tags": ["sample", "nice"]})
    library.browser.post("/samples/remove")
    assert set(tiles(library.browser.get("/").text)) == {own.id, kept}


def test_a_library_without_samples_has_nothing_to_remove(library: Library, people: People) -> None:
    library.add(pictures.jpeg(64, 48))
    assert "sample" not in words(library.browser.get("/").text)
    library.browser.post("/samples/remove")
    assert len(tiles(library.browser.get("/").text)) == 1
    assert "Look around" in words(people.member.get("/").text)
