"""Searching in a real browser: suggestions by keyboard, parts of the query, facets, the slider, selection."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.e2e.furnished import Furnished, until
from tests.e2e.witness import Witness, accessibility_faults, keep_picture, sideways_overflow
from tests.pictures import exif, jpeg


@pytest.fixture(scope="module")
def library(library: Furnished, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """A library of some described and tagged photos, without a recogniser."""
    folder = tmp_path_factory.mktemp("searching")
    texts = ("a dog at the beach", "a dog", "a cat at the beach", "a boat", "a boat", "a dog")
    paths = [folder / f"{number}.jpg" for number in range(1, len(texts) + 1)]
    for number, (path, text) in enumerate(zip(paths, texts, strict=True), 1):
        block = exif(taken=f"2024:06:0{number} 12:00:00", description=text)
        path.write_bytes(jpeg(160, 120, seed=number, exif=block))
    library.upload(*paths)
    until(lambda: len(found(library, "beach")) == 2, "all photos are found")
    for photo in found(library, "beach"):
        library.api("PATCH", f"photos/{photo['photo']['id']}", tags=["summer holiday"])
    return library


def found(library: Furnished, query: str) -> list[dict[str, dict[str, str]]]:
    items: list[dict[str, dict[str, str]]] = library.api("GET", f"search?q={query}")["items"]
    return items


@pytest.fixture
def page(library: Furnished, context: BrowserContext, witness: Witness) -> Page:
    library.let_in(context)
    return context.new_page()


def open_page(page: Page, path: str) -> None:
    """Go there, and wait until its scripts listen."""
    page.goto(path)
    expect(page.locator("html[data-scripted=listening]")).to_be_attached()


def test_what_is_typed_is_completed_by_keyboard_alone(page: Page) -> None:
    open_page(page, "/search")
    box = page.get_by_role("combobox", name="Search your photos")
    page.keyboard.press("/")
    expect(box).to_be_focused()
    page.keyboard.type("summ")
    option = page.get_by_role("option", name="summer holiday")
    expect(option).to_contain_text("2")
    page.keyboard.press("ArrowDown")
    expect(option).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == option.get_attribute("id")
    assert accessibility_faults(page) == []
    page.keyboard.press("Enter")
    expect(page.locator(".result")).to_have_count(2)
    expect(box).to_have_value('tag:"summer holiday"')


def test_escape_closes_the_suggestions_first(page: Page) -> None:
    open_page(page, "/search")
    box = page.get_by_role("combobox", name="Search your photos")
    box.press_sequentially("la")
    options = page.get_by_role("listbox", name="Suggestions")
    expect(options).to_be_visible()
    box.press("Escape")
    expect(options).to_be_hidden()
    expect(box).to_be_focused()
    expect(box).to_have_value("la")


def test_an_operator_is_completed_and_its_values_follow(page: Page) -> None:
    open_page(page, "/search")
    box = page.get_by_role("combobox", name="Search your photos")
    box.press_sequentially("dog tak")
    page.get_by_role("option", name="taken:").click()
    expect(box).to_have_value("dog taken:")
    page.get_by_role("option", name="2024").click()
    expect(page.locator(".result")).to_have_count(3)
    expect(box).to_have_value("dog taken:2024")


def test_a_suggestion_replaces_what_was_typed_since_it_was_asked_for(page: Page) -> None:
    open_page(page, "/search")
    box = page.get_by_role("combobox", name="Search your photos")
    box.press_sequentially("dog ta")
    option = page.get_by_role("option", name="taken:")
    expect(option).to_be_visible()
    page.route("**/api/v1/search/suggestions?*", lambda _: None)  # no other answer comes
    box.press_sequentially("k")
    option.click()
    expect(box).to_have_value("dog taken:")
    page.unroute_all(behavior="ignoreErrors")


def test_a_part_is_found_in_the_box_and_taken_out(page: Page) -> None:
    open_page(page, "/search?q=dog+beach")
    expect(page.locator(".result")).to_have_count(1)
    page.get_by_role("link", name="Change beach").press("Enter")
    chosen = page.evaluate(
        "getSelection().toString() || document.activeElement.value.slice("
        "document.activeElement.selectionStart, document.activeElement.selectionEnd)"
    )
    assert chosen == "beach"
    page.get_by_role("link", name="Take out beach").click()
    expect(page.locator(".result")).to_have_count(3)


def test_a_facet_narrows_the_result_and_widens_it_again(page: Page) -> None:
    open_page(page, "/search?q=beach")
    page.get_by_text("Narrow down").click()
    year = page.locator("#facets").get_by_role("link", name="2024")
    expect(year).to_contain_text("2")
    year.click()
    page.wait_for_url("**q=beach+taken:2024*")
    assert page.locator("#facets").get_by_role("link", name="2024").get_attribute("aria-current") == "true"
    # the panel is still open, as the address leads into it
    page.locator("#facets").get_by_role("link", name="2024").click()
    page.wait_for_url("**q=beach*")
    expect(page.locator(".result")).to_have_count(2)


def test_on_a_phone_facets_lie_on_a_sheet_that_keeps_the_focus(
    page: Page,
) -> None:
    page.set_viewport_size({"width": 360, "height": 740})
    open_page(page, "/search?q=beach")
    page.get_by_text("Narrow down").click()
    sheet = page.get_by_role("dialog", name="Narrow the results")
    expect(sheet).to_be_visible()
    for _ in range(30):
        page.keyboard.press("Tab")
        # or in the browser's own controls, where the page sees its body
        assert page.evaluate("document.activeElement.matches('body, #facet-sheet *')")
    year = sheet.get_by_role("link", name="2024")
    year.click()
    expect(year).to_have_attribute("aria-current", "true")
    expect(year).to_be_focused()
    expect(page.locator("#narrowed")).to_contain_text("1")
    expect(sheet.get_by_role("button", name="Show 2 photos")).to_be_visible()
    keep_picture(page, "facets-360")
    assert [*accessibility_faults(page), *sideways_overflow(page)] == []
    page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(page.locator("#refine > summary")).to_be_focused()
    assert "taken%3A2024" in page.url
    expect(page.locator(".result")).to_have_count(2)


def test_the_slider_filters_without_a_new_page_and_the_address_follows(page: Page) -> None:
    open_page(page, "/search?q=dog")
    page.evaluate("window.isSame = true")
    slider = page.get_by_role("slider", name="Labels at least")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowRight")
    page.wait_for_url("**confidence%3E%3D15*")
    expect(page.get_by_role("link", name="Change confidence>=15")).to_be_visible()
    assert page.evaluate("window.isSame") is True
    assert page.get_by_role("combobox").input_value() == "dog confidence>=15"
    expect(slider).to_be_focused()
    # the list still listens to the arrows
    slider.evaluate("slider => slider.blur()")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".result .tile").first).to_be_focused()
    page.reload()
    assert page.get_by_role("slider").input_value() == "15"


def answer_with_nothing(route: Route) -> None:
    """None of these photos has labels that could be too unsure, so the question is changed on its way, and
    changed back in the answer."""
    answer = route.fetch(url=route.request.url.replace("width", "height%3E9999+width"))
    route.fulfill(response=answer, body=answer.text().replace("height&gt;9999 ", ""))


def test_the_slider_can_leave_nothing_and_bring_it_back(page: Page) -> None:
    open_page(page, "/search?q=width%3E1+-label:unicorn")
    expect(page.locator(".result")).to_have_count(6)
    page.route("**/search/found?*confidence=100*", answer_with_nothing)
    slider = page.get_by_role("slider", name="Labels at least")
    slider.press("End")
    expect(page.get_by_text("No photo matches all of this")).to_be_visible()
    expect(page.locator("#count")).to_have_text("0 photos")
    slider.press("Home")
    expect(page.locator(".result")).to_have_count(6)
    expect(page.get_by_text("No photo matches all of this")).to_have_count(0)


def test_results_can_be_selected(page: Page) -> None:
    open_page(page, "/search?q=dog")
    page.locator(".result .tile").first.focus()
    page.keyboard.press("Space")
    expect(page.get_by_text("1 selected")).to_be_visible()
    page.keyboard.press("Control+a")
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.keyboard.press("Escape")
    open_page(page, "/search?q=dog+OR+boat")
    page.get_by_role("button", name="Select all").click()
    expect(page.get_by_text("5 selected")).to_be_visible()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_open_facets_are_accessible_and_fit(page: Page, width: int, scheme: Any) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    for query in ("dog", "dogs+unicorn"):
        page.goto(f"/search?q={query}")
        for summary in page.locator("#refine summary").all():
            summary.click()
        assert accessibility_faults(page) == []
        assert sideways_overflow(page) == []


def test_without_scripts_the_slider_is_a_form_and_facets_are_links(
    library: Furnished, make_context: Callable[..., BrowserContext]
) -> None:
    page = make_context(java_script_enabled=False).new_page()
    library.open(page, "/search?q=dogs")
    expect(page.get_by_text("dogs: counted as dog")).to_have_count(3)
    page.locator("#least").fill("40")
    page.get_by_role("button", name="Show").click()
    page.wait_for_url("**confidence*40*")
    page.get_by_text("Narrow down").click()
    page.locator("#facets").get_by_role("link", name="2024").click()
    page.wait_for_url("**taken:2024*")
    expect(page.locator(".result")).to_have_count(3)
