"""What every page owes: people with a keyboard, a screen reader or a phone can use it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import pictures
from tests.e2e.furnished import Furnished, add_photos, move_in, sign_in
from tests.e2e.witness import SCREENSHOTS, Witness, accessibility_faults, keep_picture, sideways_overflow
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e

STEPS_TO_THE_GRID = 6
"""Of the tab key from the head of the page: what stands before the photos, and the first of them."""
LOOKS: list[tuple[int, Literal["light", "dark"]]] = [(1440, "light"), (360, "dark")]
if SCREENSHOTS:
    LOOKS += [(1440, "dark"), (360, "light")]


@pytest.fixture(scope="module")
def library(library: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    add_photos(library, tmp_path_factory.mktemp("every-page"))
    return library


@pytest.fixture(scope="module")
def new(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A Bigimage of their own for tests that see its first start and its folder gone."""
    app = RunningApp(tmp_path_factory.mktemp("new") / "data", {"RECOGNITION": "off", "WEB_PROCESSES": "1"})
    app.start()
    yield app
    app.kill()


def pages_of(library: Furnished) -> dict[str, str]:
    """Name -> path of every kind of page for somebody who is signed in."""
    trashed = next(iter(library.api("GET", "photos?shelf=trash")["items"]))["id"]
    return {
        "timeline": "/",
        "choose": "/choose",
        "photo": f"/photos/{library.ids['chelsea.jpg']}",
        "photo-described": f"/photos/{library.ids['coffee.jpg']}",
        "photo-refused": f"/photos/{library.ids['broken.jpg']}",
        "photo-in-the-trash": f"/photos/{trashed}",
        "delete": f"/photos/{trashed}/delete",
        "ways-to-search": "/search",
        "results": "/search?q=camera:one",
        "nothing-found": "/search?q=unicorn",
        "wrong-query": "/search?q=label:cat+colour:",
        "uploads": "/uploads",
        "trash": "/trash",
        "archive": "/archive",
        "lookup": "/lookup",
        "duplicates": "/duplicates",
        "map": "/map",
        "wrong-box": "/map/box?corner=north",
        "changes": "/changes",
        "account": "/account",
        "people": "/account/people",
        "jobs": "/account/jobs",
        "nothing-here": "/photos/nothing-here",
    }


def test_every_page_is_accessible_and_fits(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    witness.forgiven |= {"colour:", "/nothing-here", "/map/box"}
    page = context.new_page()
    page.goto(f"{library.app.url}/sign-in")
    faults = faults_of(page, "sign-in")
    library.let_in(context)
    for name, path in pages_of(library).items():
        page.goto(library.app.url + path)
        faults += faults_of(page, name)
    assert faults == []


def faults_of(page: Page, name: str) -> list[str]:
    """What is wrong with a page in any of LOOKS."""
    faults = []
    for width, theme in LOOKS:
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        keep_picture(page, f"{name}-{width}-{theme}")
        found = [*accessibility_faults(page), *(f"too wide: {html}" for html in sideways_overflow(page))]
        faults += [f"{name} {width} {theme}: {fault}" for fault in found]
    return faults


def test_first_pages_of_an_empty_library_are_accessible_and_fit(
    new: RunningApp, context: BrowserContext, witness: Witness
) -> None:
    page = context.new_page()
    for name, address in (("first-run", new.url), ("first-account", new.setup_link)):
        page.goto(address)
        assert faults_of(page, name) == []
    page.get_by_label("E-mail address").fill("first@example.org")
    page.get_by_label("Password").fill("a lighthouse at noon")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Drop your photos here")).to_be_visible()
    for path in ("/", "/trash", "/uploads", "/archive", "/changes"):
        page.goto(new.url + path)
        assert faults_of(page, f"empty-{path[1:] or 'timeline'}") == []
    page.goto(new.url)
    page.get_by_role("button", name="Look around with sample photos").click()
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator(".drop")).to_have_count(0)
    expect(page.get_by_role("button", name="Remove the sample photos")).to_be_visible()
    assert faults_of(page, "samples-arrive") == []


def test_a_photo_is_reached_turned_kept_and_left_by_keys_alone(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    page = context.new_page()
    library.open(page)
    tiles = page.locator(".tile")
    expect(page.locator("[data-grid]")).to_be_attached()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(STEPS_TO_THE_GRID):
        if page.evaluate("document.activeElement.matches('.tile')"):
            break
        page.keyboard.press("Tab")
    expect(tiles.first).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(tiles.nth(1)).to_be_focused()
    second, third = (tiles.nth(at).get_attribute("data-photo") for at in (1, 2))
    page.keyboard.press("Enter")
    wait_for_photo(page, second)
    page.keyboard.press("ArrowRight")
    wait_for_photo(page, third)
    page.keyboard.press("ArrowLeft")
    wait_for_photo(page, second)
    heart = page.get_by_role("button", name="Favourite")
    before = heart.get_attribute("aria-pressed") or ""
    page.keyboard.press("f")
    expect(heart).not_to_have_attribute("aria-pressed", before)
    page.keyboard.press("Delete")
    expect(page.get_by_text("The photo is in the trash.")).to_be_visible()
    page.get_by_role("button", name="Undo").press("Enter")
    expect(page.get_by_text("The photo is back.")).to_be_visible()
    wait_for_photo(page, second)
    page.keyboard.press("Escape")
    expect(page.locator(f'.tile[data-photo="{second}"]')).to_be_visible()
    expect(page.locator("html[data-scripted=listening]")).to_be_attached()
    page.keyboard.press("/")
    expect(page.locator("#search-box")).to_be_focused()
    page.keyboard.type("label:cat")
    page.keyboard.press("Enter")
    expect(page.locator(f"#photo-{library.ids['chelsea.jpg']}")).to_be_visible()


def test_the_way_back_leads_to_the_photo_and_another_search_begins_at_its_top(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": 700, "height": 400})
    library.let_in(context)
    photo_id = library.ids["chelsea.jpg"]
    photo = f"{library.app.url}/photos/{photo_id}?q=type:jpeg"
    page.goto(photo)
    wait_until_seen(page, photo_id)
    page.keyboard.press("Escape")
    expect(page.locator(f"#photo-{photo_id}")).to_be_focused()
    page.goto(photo)
    wait_until_seen(page, photo_id)
    page.locator("#search-box").fill("type:jpeg")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=type*")
    expect(page.locator("html[data-scripted=listening]")).to_be_attached()
    assert page.evaluate("scrollY") == 0
    expect(page.locator(f"#photo-{photo_id}")).not_to_be_focused()


def test_what_cannot_be_reached_is_said_and_comes_back_by_itself(
    new: RunningApp, context: BrowserContext, tmp_path: Path
) -> None:
    library = move_in(new)
    library.upload(*pictures.sample_photos(tmp_path / "photos", 1))
    page, data = context.new_page(), new.data
    with moved(data / "storage"):
        sign_in(page, new.url, library.email)
        expect(page.locator(".quiet-line")).to_contain_text("Pictures cannot be reached just now.")
    expect(page.locator(".quiet-line")).to_have_count(0)
    page.wait_for_function(
        "() => [...document.querySelectorAll('.tile img')].some((image) => image.naturalWidth)"
    )
    with moved(data):
        page.reload()
        expect(page.get_by_role("heading", name="A part of Bigimage does not answer")).to_be_visible()
        expect(page.get_by_text("This page comes by itself as soon as it can.")).to_be_visible()
        assert accessibility_faults(page) == []
    expect(page.locator(".tile").first).to_be_visible()


@contextmanager
def moved(folder: Path) -> Iterator[None]:
    """As a volume that is gone for a while."""
    elsewhere = folder.rename(folder.with_name(f"{folder.name}-elsewhere"))
    try:
        yield
    finally:
        elsewhere.rename(folder)


def wait_for_photo(page: Page, photo_id: str | None) -> None:
    """Until the page of this photo listens to keys."""
    page.wait_for_url(f"**/photos/{photo_id}")
    wait_until_seen(page, photo_id)


def wait_until_seen(page: Page, photo_id: str | None) -> None:
    """When the page of a photo begins to listen, it notes the photo as seen."""
    page.wait_for_function("id => sessionStorage.getItem('seen') === id", arg=photo_id)
