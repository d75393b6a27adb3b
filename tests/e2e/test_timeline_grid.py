"""The timeline of a large library in a browser: the grid that takes over the first page of the server."""

from __future__ import annotations

import gzip
import re
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, expect

from tests import pictures
from tests.e2e.furnished import Furnished
from tests.e2e.grid import Grid
from tests.e2e.witness import Witness, accessibility_faults, keep_picture, sideways_overflow
from tests.servers.app import ROOT

pytestmark = pytest.mark.e2e

MOST_SCRIPT_BYTES = 120_000
"""Of a first visit, compressed."""
FULL_MONTH = "2024-06"
SLOW = 30 * 1024
"""Bytes a second: a page takes seconds."""


@pytest.fixture(scope="module")
def library(crowd: Furnished) -> Furnished:
    return crowd


@pytest.fixture
def grid(library: Furnished, context: BrowserContext, witness: Witness) -> Grid:
    """The timeline at the usual size, just opened."""
    grid = Grid(context, library)
    grid.open()
    return grid


def test_the_first_tiles_stay_and_little_is_fetched(grid: Grid) -> None:
    assert len(grid.fetched("/api/v1/timeline")) <= 8
    shifts = grid.measured()["shifts"]
    assert sum(score for score, _ in shifts) < 0.01, shifts
    assert grid.page.locator(".cell").count() < 300
    scripts = {urlsplit(url).path for url in grid.requests if urlsplit(url).path.endswith(".js")}
    assert sum(len(gzip.compress((ROOT / path[1:]).read_bytes())) for path in scripts) <= MOST_SCRIPT_BYTES
    keep_picture(grid.page, "timeline-grid")


def test_a_page_that_arrives_slowly_moves_nothing(grid: Grid) -> None:
    session = grid.page.context.new_cdp_session(grid.page)
    line = {"offline": False, "latency": 20, "downloadThroughput": SLOW, "uploadThroughput": SLOW}
    session.send("Network.enable")
    session.send("Network.emulateNetworkConditions", line)
    grid.open()
    shifts = grid.measured()["shifts"]
    assert sum(score for score, _ in shifts) < 0.01, shifts


def test_a_typed_year_is_reached_with_few_requests(grid: Grid) -> None:
    before = len(grid.requests)
    started = time.perf_counter()
    grid.go_to("2010")
    print(f"a year: {time.perf_counter() - started:.2f} s")
    days = {day for _, day in grid.in_sight().values()}
    assert all(day.startswith("2010-1") for day in days), days
    assert len([url for url in grid.requests[before:] if "/api/v1/timeline" in url]) <= 8
    grid.go_to(f"{FULL_MONTH}-15")
    assert f"{FULL_MONTH}-15" in {day for _, day in grid.in_sight().values()}


def test_the_oldest_and_the_newest_are_reached_by_key(grid: Grid) -> None:
    grid.page.keyboard.press("ArrowRight")
    newest = grid.focused()
    grid.page.keyboard.press("End")
    expect(grid.page.get_by_role("slider", name="Time")).to_have_attribute(
        "aria-valuetext", re.compile("March 2004")
    )
    grid.settle()
    oldest = grid.focused()
    assert grid.in_sight()[oldest] == max(grid.in_sight().values())
    grid.page.keyboard.press("ArrowRight")
    assert grid.focused() == oldest
    grid.page.keyboard.press("Home")
    grid.settle()
    assert grid.focused() == newest
    assert grid.page.evaluate("scrollY") == 0


def test_the_scrubber_is_a_slider(grid: Grid) -> None:
    slider = grid.page.get_by_role("slider", name="Time")
    slider.focus()
    first = slider.get_attribute("aria-valuetext")
    grid.page.keyboard.press("PageDown")
    expect(slider).not_to_have_attribute("aria-valuetext", first or "")
    grid.settle()
    grid.page.keyboard.press("End")
    grid.page.wait_for_function(
        "() => [...document.querySelectorAll('.cell')].at(-1)?.closest('section').dataset.day < '2004-04'"
    )
    grid.settle()
    assert max(grid.in_sight().values())[1].startswith("2004-03")
    grid.page.keyboard.press("Home")
    grid.page.wait_for_function("() => scrollY < 200")


def test_arrows_go_by_place_and_enter_opens_and_escape_comes_back(grid: Grid) -> None:
    page = grid.page
    page.keyboard.press("ArrowRight")
    first = grid.focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.wait_for_timeout(200)
    assert grid.focused() == first
    grid.go_to(FULL_MONTH)
    for _ in range(3):
        page.keyboard.press("PageDown")
    page.wait_for_timeout(400)
    grid.settle()
    photo, before = grid.focused(), grid.in_sight()
    assert photo in before
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/photos/{photo}")
    expect(page.locator(".photo #picture, .photo .stage").first).to_be_visible()
    page.keyboard.press("Escape")
    page.wait_for_url(f"{grid.library.app.url}/")
    grid.wait()
    expect(page.locator(f"#photo-{photo}")).to_be_focused()
    assert grid.in_sight() == before


def test_five_thousand_are_selected_with_two_clicks(grid: Grid) -> None:
    page = grid.page
    first = page.locator(".cell").first
    first.hover()
    first.get_by_role("checkbox").click()
    expect(page.locator("#selection-bar [data-count]")).to_have_text("1 selected")
    grid.go_to("2012")
    before = {url for url in grid.requests if "/photos?" in url}
    started = time.perf_counter()
    page.locator(".cell .tile").nth(3).click(modifiers=["Shift"])
    page.wait_for_function(
        "() => Number(document.querySelector('[data-count]').textContent.replace(/\\D/g, '')) > 4000"
    )
    print(f"a range of thousands: {time.perf_counter() - started:.2f} s")
    assert len({url for url in grid.requests if "/photos?" in url} - before) < 200
    assert len(grid.page.query_selector_all(".cell")) < 400
    page.keyboard.press("Escape")
    expect(page.locator("#selection-bar")).to_be_hidden()
    assert page.locator(".is-selected").count() == 0


def test_space_shift_and_whole_days_select(grid: Grid, library: Furnished) -> None:
    page = grid.page
    in_month = dict(library.api("GET", "timeline")["months"])[FULL_MONTH]
    grid.go_to(f"{FULL_MONTH}-20")
    count = page.locator("#selection-bar [data-count]")
    page.keyboard.press("Space")
    expect(count).to_have_text("1 selected")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    expect(count).to_have_text("3 selected")
    page.keyboard.press("Shift+ArrowLeft")
    expect(count).to_have_text("2 selected")
    page.keyboard.press("Escape")
    expect(page.locator("#selection-bar")).to_be_hidden()
    day = page.locator(f'section[data-day="{FULL_MONTH}-20"]')
    photos = re.findall(r"\d+", day.locator(".day-count").inner_text())[0]
    day.locator(".day-head").hover()
    day.get_by_role("checkbox", name="Select Thursday 20 June 2024").click()
    expect(count).to_have_text(f"{photos} selected")
    page.keyboard.press("Control+a")
    expect(count).to_have_text(f"{in_month} selected")


def test_coming_back_from_another_page_keeps_the_place(grid: Grid) -> None:
    page = grid.page
    grid.go_to("2015")
    page.mouse.move(600, 500)
    page.mouse.wheel(0, 777)
    page.wait_for_timeout(600)
    grid.settle()
    before = grid.in_sight()
    page.goto(f"{grid.library.app.url}/account")
    page.go_back()
    grid.wait()
    assert grid.in_sight() == before
    page.reload()
    grid.wait()
    assert grid.in_sight() == before


def test_a_photo_that_arrives_moves_nothing(grid: Grid, library: Furnished, tmp_path: Path) -> None:
    page = grid.page
    grid.go_to("2019")
    before = grid.in_sight()
    path = tmp_path / "new.jpg"
    path.write_bytes(pictures.jpeg(800, 600, seed=4711))
    library.upload(path)
    with page.expect_response(lambda response: response.url.endswith("/api/v1/timeline?shelf=timeline")):
        page.evaluate("document.dispatchEvent(new CustomEvent('photos-changed', { detail: { ids: [] } }))")
    page.wait_for_timeout(500)
    assert grid.in_sight() == before
    newest = library.api("GET", "photos?limit=1")["items"][0]["id"]
    page.keyboard.press("Home")
    grid.settle()
    assert newest in grid.in_sight()


def test_a_photo_that_changes_keeps_the_focus(grid: Grid, library: Furnished) -> None:
    grid.page.keyboard.press("ArrowRight")
    photo = grid.focused()
    tile = grid.page.locator(f"#photo-{photo}")
    expect(tile.locator(".tile-mark")).to_have_count(0)
    library.api("PATCH", f"photos/{photo}", is_favourite=True)
    grid.page.evaluate("document.dispatchEvent(new CustomEvent('photos-changed', { detail: { ids: [] } }))")
    expect(tile.locator(".tile-mark")).to_be_visible()
    expect(tile).to_be_focused()


def test_escape_pressed_at_once_and_twice_comes_back_to_the_list(grid: Grid) -> None:
    grid.page.keyboard.press("ArrowRight")
    photo = grid.focused()
    grid.page.route(f"**/photos/{photo}", lambda _: None)  # the photo never comes
    grid.page.keyboard.press("Enter")
    grid.page.wait_for_url(f"**/photos/{photo}")
    grid.page.keyboard.press("Escape")
    grid.page.keyboard.press("Escape")
    grid.page.wait_for_url(f"{grid.library.app.url}/")
    grid.page.wait_for_timeout(300)  # for a step too far
    assert grid.page.url == f"{grid.library.app.url}/"
    expect(grid.page.locator(f"#photo-{photo}")).to_be_focused()


def test_few_nodes_stand_on_the_page_wherever_it_is_scrolled_to(grid: Grid) -> None:
    page = grid.page
    height = page.evaluate("document.documentElement.scrollHeight")
    for share in (0.2, 0.5, 0.9, 0.1):
        page.evaluate("(top) => scrollTo(0, top)", height * share)
        grid.settle()
        assert page.locator(".cell").count() < 400
        assert len(grid.in_sight()) > 3


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_a_grid_with_a_selection_is_accessible_and_fits(
    width: int, theme: str, library: Furnished, make_context: Callable[..., BrowserContext]
) -> None:
    context = make_context(
        viewport={"width": width, "height": 740},
        color_scheme=theme,
        reduced_motion="reduce",
        has_touch=width < 500,
    )
    witness = Witness(context)
    grid = Grid(context, library)
    grid.open()
    grid.go_to("2020")
    grid.page.locator(".cell .tile").first.focus()
    grid.page.keyboard.press("Space")
    expect(grid.page.locator("#selection-bar")).to_be_visible()
    keep_picture(grid.page, f"timeline-selected-{width}-{theme}")
    assert accessibility_faults(grid.page) == []
    assert sideways_overflow(grid.page) == []
    assert witness.complaints == []
