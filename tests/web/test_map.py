"""The map: clusters over the API, places on the page, and both for the hits of a query."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask

from tests import pictures
from tests.web.conftest import Browser, People
from tests.web.shelves import Library, check, words

LISBON, PORTO, FIJI = (38.72, -9.14), (41.15, -8.61), (-17.71, 178.06)


def add(library: Library, at: tuple[float, float] | None, seed: int) -> str:
    exif = pictures.exif(taken="2024:06:15 12:00:00", gps=at)
    return library.add(pictures.jpeg(64, 48, seed=seed, exif=exif), f"{seed}.jpg").id


def look(browser: Browser, **asked: object) -> Any:
    answer = browser.get("/api/v1/map?" + "&".join(f"{name}={value}" for name, value in asked.items()))
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.fixture
def travelled(library: Library) -> Library:
    """Two photos in Lisbon, one in Porto, one on Fiji, one from nowhere."""
    for seed, at in enumerate((LISBON, LISBON, PORTO, FIJI, None)):
        add(library, at, seed)
    return library


def test_photos_near_each_other_are_one_cluster_until_one_looks_closer(travelled: Library) -> None:
    world = look(travelled.browser)
    assert (world["total"], world["is_whole"]) == (4, True)
    counts = sorted(
        cluster["count"]
        for cluster in look(travelled.browser, zoom=8, south=35, north=45, west=-12, east=0)["clusters"]
    )
    assert counts == [1, 2]
    assert sorted(cluster["count"] for cluster in look(travelled.browser, zoom=0)["clusters"]) == [1, 3]


def test_a_cluster_leads_to_its_photos(travelled: Library) -> None:
    (fiji,) = look(travelled.browser, south=-30, west=170, north=0, east=-170, zoom=5)["clusters"]
    assert (round(fiji["latitude"], 2), round(fiji["longitude"], 2)) == FIJI
    with travelled.browser.get(fiji["photo"]["src"]) as picture:
        assert picture.status_code == 200
    found: Any = travelled.browser.get(f"/api/v1/search?q=box:{fiji['box']}").json
    assert [each["photo"]["id"] for each in found["items"]] == [fiji["photo"]["id"]]


def test_a_query_leaves_its_hits_on_the_map(travelled: Library) -> None:
    assert look(travelled.browser, q="place:porto")["total"] == 1
    assert look(travelled.browser, q="place:nowhere")["clusters"] == []


def test_a_box_that_ends_before_it_begins_is_refused(people: People) -> None:
    assert people.owner.get("/api/v1/map?south=10&north=0").status_code == 400
    assert people.owner.get("/api/v1/map?q=(").status_code == 400
    assert people.owner.get("/map?q=(").status_code == 400


def test_the_same_map_is_not_sent_twice(travelled: Library) -> None:
    tag = travelled.browser.get("/api/v1/map").headers["ETag"]
    again = travelled.browser.get("/api/v1/map", headers={"If-None-Match": tag})
    assert again.status_code == 304


def test_others_see_nothing_of_it(travelled: Library, people: People) -> None:
    for browser in (people.member, people.admin):
        assert look(browser) == {"total": 0, "is_whole": True, "clusters": []}


def test_the_page_lists_places_without_a_script(travelled: Library) -> None:
    page = travelled.browser.get("/map").text
    for place, photos in (("Portugal", 3), ("Lisbon", 2), ("Fiji", 1)):
        link = re.search(
            rf'<a href="([^"]+)" dir="auto">{place}</a> <span class="soft">{photos}</span>', page
        )
        assert link is not None, place
        results = travelled.browser.get(unescape(link[1])).text
        assert f"{photos} photo" in words(results)


def test_the_places_of_a_query_are_those_of_its_hits(travelled: Library) -> None:
    page = words(travelled.browser.get("/map?q=place:porto").text)
    assert "Porto" in page
    assert "Fiji" not in page
    assert "Nothing that matches" in words(travelled.browser.get("/map?q=place:nowhere").text)


@pytest.mark.parametrize(
    ("corner", "opposite", "edges"),
    [
        ("41, -10", "38,-8", "38,-10,41,-8"),
        ("-18, 179", "-17, -179", "-18,179,-17,-179"),
        ("38.72230, -9.1", "38.7223, -9", "38.7223,-9.1,38.7223,-9"),
    ],
)
def test_two_corners_are_a_search(people: People, corner: str, opposite: str, edges: str) -> None:
    answer = people.owner.get("/map/box", query_string={"corner": corner, "opposite": opposite, "q": "dog"})
    assert answer.status_code == 303
    assert parse_qs(urlsplit(answer.headers["Location"]).query)["q"] == [f"(dog) box:{edges}"]
    assert people.owner.get(answer.headers["Location"]).status_code == 200


@pytest.mark.parametrize("corner", ["", "north", "91, 0", "1, 181", "1", "nan, 0"])
def test_a_corner_that_is_none_is_explained_beside_its_field(travelled: Library, corner: str) -> None:
    answer = travelled.browser.get("/map/box", query_string={"corner": corner, "opposite": "1, 2"})
    assert answer.status_code == 400
    page = check(answer.text)
    assert "Write latitude and longitude" in words(page)
    assert 'id="field-corner-error"' in page
    assert 'value="1, 2"' in page


def test_a_library_without_places_says_so(library: Library) -> None:
    add(library, None, 1)
    assert "None of your photos knows where it was taken." in library.browser.get("/map").text


TILES = "https://tiles.example.org"


def policy_of(browser: Browser, path: str) -> str:
    return browser.get(path).headers["Content-Security-Policy"]


def test_without_a_setting_no_tile_server_is_allowed(people: People) -> None:
    assert "img-src 'self' data: blob:;" in policy_of(people.owner, "/map")


class TestTiles:
    """With a tile server in the settings."""

    @pytest.fixture
    def app(self, make_app: Callable[..., Flask]) -> Flask:
        return make_app(map_tiles_url=f"{TILES}/{{z}}/{{x}}/{{y}}.png", map_attribution="© <b>Somebody</b>")

    def test_it_is_allowed_on_the_map_alone(self, person: Callable[..., Browser]) -> None:
        browser = person("traveller@example.org")
        assert f"img-src 'self' data: blob: {TILES};" in policy_of(browser, "/map")
        assert policy_of(browser, "/map").count(TILES) == 1
        assert TILES not in policy_of(browser, "/")
