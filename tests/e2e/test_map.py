"""The map in a browser: clusters over outlines, closer by click and key, and what is in view as a search."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, expect

from tests import pictures
from tests.e2e.furnished import Furnished, furnish, until
from tests.e2e.witness import Witness, accessibility_faults, keep_picture, sideways_overflow
from tests.servers.app import RunningApp
from tests.servers.tiles import serving_tiles

pytestmark = pytest.mark.e2e

_LOADS = """
url => new Promise(resolve => Object.assign(new Image(), {
  onload: () => resolve(true), onerror: () => resolve(false), src: url }))
"""


@pytest.fixture(scope="module")
def library(crowd: Furnished) -> Furnished:
    return crowd


def test_clusters_lead_closer_and_what_is_in_view_is_a_search(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    page = context.new_page()
    library.open(page, "/map#3/45/5")
    expect(page.locator(".map path.land").first).to_be_attached()
    expect(page.locator("#map-words")).to_have_text(re.compile("these [0-9,]+ photos"))
    before = page.locator("#map-words").inner_text()
    cluster = page.locator(".cluster", has=page.locator(".cluster-count")).first
    assert re.match(r"[0-9,]+ photos, such as ", cluster.get_attribute("aria-label") or "")
    cluster.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#map-words")).not_to_have_text(before)
    assert "#3/" not in page.url
    expect(page.locator("#map-show")).to_have_attribute("href", re.compile(r"box%3A"))
    page.locator("#map-show").click()
    page.wait_for_url("**/search?q=box*")


def test_a_box_that_is_drawn_or_typed_becomes_the_search(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    library.let_in(context)
    page = context.new_page()
    for is_with_shift in (False, True):
        page.goto(f"{library.app.url}/map#5/45/5")
        expect(page.locator("#map-words")).to_have_text(re.compile("photos"))
        page.locator("#map").scroll_into_view_if_needed()
        frame = page.locator("#map").bounding_box()
        assert frame is not None
        left, top = frame["x"] + 100, frame["y"] + 40
        if is_with_shift:
            page.keyboard.down("Shift")
        else:
            page.get_by_role("button", name="Draw a box").click()
            expect(page.get_by_role("button", name="Draw a box")).to_have_attribute("aria-pressed", "true")
        page.mouse.move(left, top)
        page.mouse.down()
        page.mouse.move(left + 300, top + 150, steps=5)
        expect(page.locator(".map-rubber")).to_be_visible()
        keep_picture(page, "map-drawing")
        page.mouse.up()
        page.keyboard.up("Shift")
        page.wait_for_url(re.compile(r"/search\?q=box"))
        edges = [
            float(edge) for edge in page.locator("#search-box").input_value().removeprefix("box:").split(",")
        ]
        assert edges[0] < edges[2]
        assert edges[1] < edges[3]
    page.goto(f"{library.app.url}/map")
    page.get_by_label("One corner").fill("48, 2")
    page.get_by_label("The corner across").fill("49, 3")
    page.keyboard.press("Enter")
    expect(page.locator("#search-box")).to_have_value("box:48,2,49,3")


@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1440, "light")])
def test_the_map_is_accessible_and_fits(
    library: Furnished, context: BrowserContext, witness: Witness, width: int, theme: Any
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 900})
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    library.open(page, "/map")
    expect(page.locator("#map-words")).to_have_text(re.compile("these [0-9,]+ photos"))
    page.wait_for_load_state("networkidle")
    keep_picture(page, f"map-{width}-{theme}")
    assert accessibility_faults(page) == []
    for other in (width, 768, 1920):
        page.set_viewport_size({"width": other, "height": 900})
        assert sideways_overflow(page) == []


def test_a_tile_server_by_setting_is_drawn_and_named_and_no_other_is_allowed(
    make_context: Callable[..., BrowserContext], tmp_path: Path
) -> None:
    with serving_tiles(tmp_path / "tiles") as tiles, serving_tiles(tmp_path / "others") as others:
        settings = {
            "RECOGNITION": "off",
            "WEB_PROCESSES": "1",
            "MAP_TILES_URL": f"{tiles.url}/{{z}}/{{x}}/{{y}}.png",
            "MAP_ATTRIBUTION": "© Some people <b>",
        }
        app = RunningApp(tmp_path / "data", settings)
        try:
            library = furnish(app)
            picture = tmp_path / "lisbon.jpg"
            picture.write_bytes(pictures.jpeg(64, 48, exif=pictures.exif(gps=(38.72, -9.14))))
            library.upload(picture)
            until(lambda: library.api("GET", "map")["total"] == 1, "the photo is on the map")
            page = make_context(viewport={"width": 900, "height": 700}, ignore_https_errors=True).new_page()
            library.open(page, "/map")
            expect(page.locator(".leaflet-tile-loaded").first).to_be_visible()
            expect(page.locator(".leaflet-control-attribution")).to_have_text("© Some people <b>")
            keep_picture(page, "map-tiles")
            assert all(re.fullmatch(r"/\d+/\d+/\d+\.png", path) for path in tiles.asked)
            assert page.evaluate(_LOADS, f"{tiles.url}/0/0/0.png") is True
            assert page.evaluate(_LOADS, f"{others.url}/0/0/0.png") is False
            assert others.asked == []
        finally:
            app.kill()


def test_other_pages_load_nothing_of_it(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    library.open(page)
    page.wait_for_load_state("networkidle")
    assert not [url for url in asked if re.search("vendor/map|leaflet|countries|css/map", url)]
