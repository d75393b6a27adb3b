"""What every page owes: people with a keyboard, a screen reader or a phone can use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.e2e.furnished import Furnished, add_photos, furnish, sign_in
from tests.e2e.witness import SCREENSHOTS, Witness, accessibility_faults, keep_picture, sideways_overflow
from tests.recogniser import models_folder
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e

STEPS_TO_THE_GRID = 6
"""Of the tab key from the head of the page: what stands before the photos, and the first of them."""
LOOKS = [(1440, "light"), (360, "dark")]
if SCREENSHOTS:
    LOOKS += [(1440, "dark"), (360, "light")]


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    models_folder()
    folder = tmp_path_factory.mktemp("every-page")
    app = RunningApp(folder / "data", {"BIGIMAGE_DATA": str(folder / "data")})
    try:
        library = furnish(app)
        add_photos(library, folder / "photos")
        yield library
    finally:
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
        "twins": "/twins",
        "duplicates": "/duplicates",
        "map": "/map",
        "wrong-box": "/map/box?corner=north",
        "changes": "/changes",
        "account": "/account",
        "people": "/account/people",
        "jobs": "/account/jobs",
        "nothing-here": "/photos/nothing-here",
    }


@pytest.mark.parametrize(("width", "theme"), LOOKS)
def test_every_page_is_accessible_and_fits(
    library: Furnished, make_context: Callable[..., BrowserContext], width: int, theme: str
) -> None:
    size = {"width": width, "height": 800}
    context = make_context(viewport=size, color_scheme=theme, reduced_motion="reduce")
    witness = Witness(context)
    witness.forgiven |= {"colour:", "/nothing-here", "/map/box"}
    page = context.new_page()
    faults = []
    for name, path in {"sign-in": "/sign-in", **pages_of(library)}.items():
        page.goto(library.app.url + path)
        keep_picture(page, f"{name}-{width}-{theme}")
        found = [*accessibility_faults(page), *(f"too wide: {html}" for html in sideways_overflow(page))]
        faults += [f"{name}: {fault}" for fault in found]
        if name == "sign-in":
            sign_in(page, library.app.url)
    assert faults == []
    assert witness.complaints == []


def test_first_pages_of_an_empty_library_are_accessible_and_fit(
    bigimage: RunningApp, context: BrowserContext, witness: Witness
) -> None:
    bigimage.start()
    page = context.new_page()
    for name, address in (("first-run", bigimage.url), ("first-account", bigimage.setup_link)):
        page.goto(address)
        check(page, name)
    page.get_by_label("E-mail address").fill("first@example.org")
    page.get_by_label("Password").fill("a lighthouse at noon")
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Drop your photos here")).to_be_visible()
    for name, path in (("empty-timeline", "/"), ("empty-trash", "/trash"), ("empty-uploads", "/uploads")):
        page.goto(bigimage.url + path)
        check(page, name)


def check(page: Page, name: str) -> None:
    """At both widths, wide and of a phone."""
    for width in (1440, 360):
        page.set_viewport_size({"width": width, "height": 800})
        keep_picture(page, f"{name}-{width}-light")
        assert accessibility_faults(page) == []
        assert sideways_overflow(page) == []


def test_a_photo_is_reached_turned_kept_and_left_by_keys_alone(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    page = context.new_page()
    sign_in(page, library.app.url)
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


def wait_for_photo(page: Page, photo_id: str | None) -> None:
    """Until the page of this photo listens to keys: when it begins to, it notes the photo as seen."""
    page.wait_for_url(f"**/photos/{photo_id}")
    page.wait_for_function("id => sessionStorage.getItem('seen') === id", arg=photo_id)
