"""The viewer: photos open over their list, can be looked at closely, turned and left, by mouse and keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from photos.models import Label
from tests import pictures
from tests.e2e.furnished import BOX, LINE_BOX, Furnished, see
from tests.e2e.witness import Witness, accessibility_faults, keep_picture, sideways_overflow

pytestmark = pytest.mark.e2e

SIZES = {
    "first": (1200, 800),
    "wide": (5000, 700),
    "upright": (800, 1400),
    "tiny": (60, 40),
    "last": (2400, 1600),
}
NAMES = tuple(SIZES)
"""Newest first, as the timeline shows them."""


@pytest.fixture(scope="module")
def library(library: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    folder = tmp_path_factory.mktemp("viewer")
    paths = []
    for day, (name, (width, height)) in enumerate(reversed(SIZES.items()), start=1):
        block = pictures.exif(taken=f"2024:06:{day:02} 12:00:00")
        path = folder / f"{name}.jpg"
        path.write_bytes(pictures.jpeg(width, height, seed=day, exif=block))
        paths.append(path)
    library.upload(*paths)
    library.ids = {Path(name).stem: photo_id for name, photo_id in library.ids.items()}
    for name in NAMES:
        see(library, name, Label("sign", 92.0, (BOX,)), text="NO PARKING")
    return library


@pytest.fixture
def page(context: BrowserContext, witness: Witness, library: Furnished) -> Page:
    page = context.new_page()
    library.open(page)
    expect_listening(page)
    return page


def expect_listening(page: Page) -> None:
    """Keys pressed before the scripts are there would be lost."""
    expect(page.locator("html")).to_have_attribute("data-scripted", "listening")


def open_photo(page: Page, library: Furnished, name: str) -> None:
    page.locator(f"#photo-{library.ids[name]}").click()
    expect_photo(page, library, name)


def expect_photo(page: Page, library: Furnished, name: str) -> None:
    expect(page.locator(".photo")).to_have_attribute("data-photo", library.ids[name])
    expect(page).to_have_url(f"{library.app.url}/photos/{library.ids[name]}")


def place(page: Page, selector: str) -> list[float]:
    """Where something is in fractions of the picture: left, top, width, height."""
    found: list[float] = page.evaluate(
        """(selector) => {
            const box = document.querySelector(selector).getBoundingClientRect();
            const picture = document.querySelector("#picture").getBoundingClientRect();
            return [(box.left - picture.left) / picture.width, (box.top - picture.top) / picture.height,
                    box.width / picture.width, box.height / picture.height];
        }""",
        selector,
    )
    return found


def scale(page: Page) -> float:
    """How much larger than fitted the picture is."""
    return float(
        page.evaluate(
            """() => { const print = document.querySelector(".print");
                       return print.getBoundingClientRect().width / print.offsetWidth; }"""
        )
    )


def test_a_photo_opens_over_its_list_and_back_is_the_same_place(page: Page, library: Furnished) -> None:
    page.set_viewport_size({"width": 700, "height": 300})
    tile = page.locator(f"#photo-{library.ids['tiny']}")
    tile.evaluate("(tile) => tile.scrollIntoView({ block: 'center' })")
    top = page.evaluate("scrollY")
    assert top > 0
    page.evaluate("window.isSame = true")
    for leave in (lambda: page.keyboard.press("Escape"), page.go_back):
        open_photo(page, library, "tiny")
        expect(page).to_have_title("tiny.jpg · Bigimage")
        assert page.evaluate("document.querySelector('.frame').inert")
        leave()
        expect(page.locator(".viewer")).to_have_count(0)
        expect(tile).to_be_focused()
        expect(page).to_have_url(f"{library.app.url}/")
        expect(page).to_have_title("Photos · Bigimage")
        assert page.evaluate("scrollY") == top
        assert page.evaluate("window.isSame"), "no new page was loaded"
    page.go_forward()
    expect_photo(page, library, "tiny")
    page.locator("#back").click()
    expect(tile).to_be_focused()


def test_arrows_and_buttons_lead_on_and_one_step_back_is_the_list(page: Page, library: Furnished) -> None:
    open_photo(page, library, "first")
    for name in NAMES[1:]:
        page.keyboard.press("ArrowRight")
        expect_photo(page, library, name)
        assert page.evaluate("document.querySelector('#picture').complete"), "shown when it is there"
    page.keyboard.press("ArrowRight")
    expect_photo(page, library, "last")
    page.get_by_role("link", name="Newer photo").click()
    expect_photo(page, library, "tiny")
    page.get_by_role("link", name="Newer photo").press("Enter")
    expect_photo(page, library, "upright")
    expect(page.get_by_role("link", name="Newer photo")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"#photo-{library.ids['upright']}")).to_be_focused()


def test_the_neighbours_are_there_before_they_are_asked_for(page: Page, library: Furnished) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    open_photo(page, library, "wide")
    for name in ("first", "upright"):
        while not any(library.ids[name] in url for url in asked):
            page.wait_for_event("request")
    page.wait_for_load_state("networkidle")
    asked.clear()
    page.keyboard.press("ArrowRight")
    expect_photo(page, library, "upright")
    assert not [url for url in asked if library.ids["upright"] in url and "/media" not in url]


def test_a_photos_own_address_shows_the_same_and_leads_to_the_list(page: Page, library: Furnished) -> None:
    address = f"{library.app.url}/photos/{library.ids['upright']}"
    page.goto(address)
    expect_listening(page)
    page.keyboard.press("ArrowRight")
    expect_photo(page, library, "tiny")
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{library.app.url}/#photo-{library.ids['tiny']}")
    expect_listening(page)
    open_photo(page, library, "tiny")
    page.reload()
    expect_listening(page)
    expect_photo(page, library, "tiny")
    expect(page.locator(".viewer")).to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(f"#photo-{library.ids['tiny']}")).to_be_focused()


@pytest.mark.parametrize("name", ["first", "wide", "upright", "tiny"])
def test_boxes_and_text_stay_in_their_place_at_every_zoom(page: Page, library: Furnished, name: str) -> None:
    open_photo(page, library, name)
    expect(page.locator(".written")).to_have_count(1)
    page.locator(".label").first.hover()
    expect(page.locator(".boxes-edge")).to_have_count(1)
    label = [BOX.left, BOX.top, BOX.width, BOX.height]
    line = [LINE_BOX.left, LINE_BOX.top, LINE_BOX.width, LINE_BOX.height]
    for expected in (1.0, 1.4, 1.96):
        assert scale(page) == pytest.approx(expected, rel=0.01)
        assert place(page, ".boxes-edge") == pytest.approx(label, abs=0.01)
        assert place(page, ".written") == pytest.approx(line, abs=0.01)
        assert place(page, ".written > span")[2] == pytest.approx(line[2], abs=0.01)
        page.keyboard.press("+")
    page.keyboard.press("ArrowLeft")
    assert place(page, ".boxes-edge") == pytest.approx(label, abs=0.01)
    page.keyboard.press("-")
    page.keyboard.press("0")
    assert scale(page) == pytest.approx(1, rel=0.01)


def test_the_wheel_zooms_towards_the_pointer_and_dragging_moves(page: Page, library: Furnished) -> None:
    open_photo(page, library, "last")
    box = page.locator("#picture").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.75
    page.mouse.move(x, y)
    page.mouse.wheel(0, -600)
    assert scale(page) > 2
    zoomed = page.locator("#picture").bounding_box()
    assert zoomed is not None
    assert (x - zoomed["x"]) / zoomed["width"] == pytest.approx(0.25, abs=0.01)
    assert (y - zoomed["y"]) / zoomed["height"] == pytest.approx(0.75, abs=0.01)
    page.mouse.down()
    page.mouse.move(x + 50, y - 40, steps=5)
    page.mouse.up()
    moved = page.locator("#picture").bounding_box()
    assert moved is not None
    assert moved["x"] - zoomed["x"] == pytest.approx(50, abs=1)
    assert moved["y"] - zoomed["y"] == pytest.approx(-40, abs=1)
    page.mouse.dblclick(x, y)
    assert scale(page) == pytest.approx(1, rel=0.01)
    assert page.evaluate("scrollY") == 0


def test_looking_closely_shows_the_original(page: Page, library: Furnished) -> None:
    open_photo(page, library, "last")
    expect(page.locator(".print-full")).to_have_count(0)
    for _ in range(5):
        page.keyboard.press("+")
    full = page.locator(".print-full")
    expect(full).to_have_count(1)
    assert full.evaluate("(image) => image.naturalWidth") == 2400
    assert place(page, ".print-full") == pytest.approx([0, 0, 1, 1], abs=0.01)


def test_text_in_the_picture_can_be_marked_and_copied(page: Page, library: Furnished) -> None:
    open_photo(page, library, "first")
    page.keyboard.press("+")
    page.locator(".written > span").dblclick()
    assert page.evaluate("getSelection().toString()").strip() in {"NO", "PARKING"}
    assert scale(page) == pytest.approx(1.4, rel=0.01)


def original_of(library: Furnished, name: str) -> tuple[bytes, dict[str, Any]]:
    photo = library.api("GET", f"photos/{library.ids[name]}")
    return requests.get(f"{library.app.url}{photo['original_url']}", timeout=30).content, photo


def test_turning_answers_at_once_and_undo_brings_everything_back(page: Page, library: Furnished) -> None:
    body, before = original_of(library, "first")
    open_photo(page, library, "first")
    page.keyboard.press("r")
    expect(page.locator(".print")).to_have_attribute("data-turning", "90")
    # before anything is made anew
    page.wait_for_function(
        "() => { const { width, height } = document.querySelector('#picture').getBoundingClientRect();"
        " return height > width; }"
    )
    expect(page.get_by_text("Turned to the right.")).to_be_visible()
    expect(page.locator(".photo")).to_have_attribute("data-turn-made", "90")
    expect(page.locator(".print")).not_to_have_attribute("data-turning", "90")
    assert page.locator("#picture").evaluate("(image) => image.naturalWidth < image.naturalHeight")
    page.locator(".label").first.hover()
    expect(page.locator(".boxes-edge")).to_have_count(1)
    assert place(page, ".boxes-edge") == pytest.approx([0.4, 0.1, 0.4, 0.3], abs=0.01)
    for _ in range(5):
        page.keyboard.press("+")
    expect(page.locator(".print-full")).to_have_count(1)
    assert place(page, ".print-full") == pytest.approx([0, 0, 1, 1], abs=0.01)
    assert original_of(library, "first")[0] == body
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".photo")).to_have_attribute("data-turn-made", "0")
    after = original_of(library, "first")
    assert after[0] == body
    for kept in ("sha256", "width", "height", "thumbhash", "turn", "labels", "text"):
        assert after[1][kept] == before[kept], kept
    page.keyboard.press("R")
    expect(page.locator(".photo")).to_have_attribute("data-turn-made", "270")
    page.keyboard.press("r")
    expect(page.locator(".photo")).to_have_attribute("data-turn-made", "0")


def test_everything_by_keys_alone(page: Page, library: Furnished, witness: Witness) -> None:
    page.locator(f"#photo-{library.ids['first']}").focus()
    page.keyboard.press("Enter")
    expect_photo(page, library, "first")
    page.keyboard.press("f")
    expect(page.locator('[data-module="favourite"] button')).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("f")
    page.keyboard.press("i")
    expect(page.locator(".panel")).to_be_hidden()
    page.keyboard.press("i")
    expect(page.locator(".panel")).to_be_visible()
    page.keyboard.press("?")
    keys = page.get_by_role("dialog", name="Keys")
    expect(keys).to_be_visible()
    page.keyboard.press("Escape")
    expect(keys).to_be_hidden()
    for _ in range(40):
        page.keyboard.press("Tab")
        assert page.evaluate("!document.querySelector('.frame').contains(document.activeElement)")
    page.locator(".viewer").focus()
    page.keyboard.press("Delete")
    expect(page.get_by_text("The photo is in the trash.")).to_be_visible()
    expect_photo(page, library, "wide")
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("The photo is back.")).to_be_visible()
    expect_photo(page, library, "first")
    page.keyboard.press("/")
    page.keyboard.type("beach")
    expect(page.get_by_label("Search your photos")).to_have_value("beach")
    expect(page.locator(".viewer")).to_have_count(0)
    expect(page.get_by_label("Search your photos")).to_be_focused()


def test_the_slideshow_goes_on_by_itself_until_the_end(page: Page, library: Furnished) -> None:
    open_photo(page, library, "upright")
    page.evaluate("localStorage.setItem('slideshow-seconds', '0.3')")
    page.mouse.move(5, 400)
    page.keyboard.press("s")
    play = page.get_by_role("button", name="Slideshow")
    expect(play).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".panel")).to_be_hidden()
    page.get_by_role("button", name="Larger").hover()
    at = page.url
    page.wait_for_timeout(900)
    assert page.url == at, "it waits while somebody is at the tools"
    page.mouse.move(5, 400)
    expect_photo(page, library, "last")
    expect(play).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".panel")).to_be_visible()


def test_forms_are_sent_without_leaving(page: Page, library: Furnished) -> None:
    open_photo(page, library, "wide")
    page.get_by_text("Add tags").click()
    page.get_by_role("textbox", name="Tags").fill("coast")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The tags are saved.")).to_be_visible()
    expect(page.locator(".chip")).to_have_text(["coast"])
    expect(page.locator(".viewer")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(f"#photo-{library.ids['wide']}")).to_be_focused()


def test_with_motion_it_grows_out_of_its_tile_and_back(make_context: Any, library: Furnished) -> None:
    context = make_context(viewport={"width": 1440, "height": 900}, reduced_motion="no-preference")
    witness = Witness(context)
    page = context.new_page()
    library.open(page)
    expect_listening(page)
    page.evaluate(
        """() => { window.moved = 0; const start = document.startViewTransition.bind(document);
                   document.startViewTransition = (change) => { window.moved++; return start(change); }; }"""
    )
    for times in (2, 4):
        open_photo(page, library, "first")
        page.keyboard.press("Escape")
        expect(page.locator(".viewer")).to_have_count(0)
        expect(page.locator(f"#photo-{library.ids['first']}")).to_be_focused()
        assert page.evaluate("window.moved") == times
    assert witness.complaints == []


def test_full_screen_and_out_again(page: Page, library: Furnished) -> None:
    open_photo(page, library, "first")
    page.keyboard.press("F")
    page.wait_for_function("() => document.fullscreenElement !== null")
    page.keyboard.press("F")
    page.wait_for_function("() => document.fullscreenElement === null")
    expect_photo(page, library, "first")


@pytest.mark.parametrize(("width", "theme"), [(1440, "light"), (360, "dark")])
def test_it_is_accessible_and_fits(page: Page, library: Furnished, width: int, theme: Any) -> None:
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.set_viewport_size({"width": width, "height": 740})
    for name in ("upright", "wide", "tiny"):
        open_photo(page, library, name)
        keep_picture(page, f"viewer-{name}-{width}-{theme}")
        if width == 360:
            page.get_by_role("button", name="Information", exact=True).click()
            expect(page.locator(".panel")).to_be_visible()
            keep_picture(page, f"viewer-{name}-sheet-{theme}")
        assert sideways_overflow(page) == []
        if name == "upright":
            assert accessibility_faults(page) == []
        if width == 360:
            page.locator(".sheet-handle").click()
            expect(page.locator(".panel")).to_be_hidden()
        page.keyboard.press("Escape")
        expect(page.locator(".viewer")).to_have_count(0)


def test_fingers_wipe_from_photo_to_photo(make_context: Any, library: Furnished) -> None:
    context = make_context(viewport={"width": 360, "height": 740}, has_touch=True, reduced_motion="reduce")
    page = context.new_page()
    library.open(page)
    expect_listening(page)
    page.locator(f"#photo-{library.ids['wide']}").tap()
    expect_photo(page, library, "wide")
    expect(page.locator(".photo")).to_have_attribute("data-scripted", "listening")
    fingers = context.new_cdp_session(page)
    wipe(fingers, (300, 470), (60, 480))
    expect_photo(page, library, "upright")
    expect(page.locator(".photo")).to_have_attribute("data-scripted", "listening")
    wipe(fingers, (60, 370), (300, 360))
    expect_photo(page, library, "wide")
    expect(page.locator(".photo")).to_have_attribute("data-scripted", "listening")
    wipe(fingers, (180, 500), (180, 300))
    expect(page.locator(".panel")).to_be_visible()
    handle = page.locator(".sheet-handle").bounding_box()
    assert handle is not None
    wipe(fingers, (180, round(handle["y"]) + 20), (180, round(handle["y"]) + 200))
    expect(page.locator(".panel")).to_be_hidden()
    pinch(fingers)
    assert scale(page) == pytest.approx(3, rel=0.1)


def wipe(fingers: Any, start: tuple[int, int], end: tuple[int, int]) -> None:
    steps = [
        (start[0] + (end[0] - start[0]) * i / 5, start[1] + (end[1] - start[1]) * i / 5) for i in range(6)
    ]
    touch(fingers, "touchStart", steps[0])
    for step in steps[1:]:
        touch(fingers, "touchMove", step)
    touch(fingers, "touchEnd")


def pinch(fingers: Any) -> None:
    touch(fingers, "touchStart", (150, 120), (210, 120))
    for spread in (45, 60, 75, 90):
        touch(fingers, "touchMove", (180 - spread, 120), (180 + spread, 120))
    touch(fingers, "touchEnd")


def touch(fingers: Any, kind: str, *points: tuple[float, float]) -> None:
    named = [{"x": x, "y": y, "id": number} for number, (x, y) in enumerate(points)]
    fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": named})
