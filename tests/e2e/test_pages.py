"""What scripts add to the pages: a timeline that grows and is found again, keys, and a very long queue."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, expect

from photos.web import timeline
from tests import pictures
from tests.chromium import PATIENCE_MS
from tests.e2e.furnished import Furnished, move_in, until
from tests.e2e.test_queue import stored_bytes
from tests.e2e.witness import Witness, longest_task_ms
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e

LISTENING = "html[data-scripted=listening]"
"""Matches when all scripts of the page hear keys."""
MANY = 2000
LANES = 3
LONGEST_TASK_MS = 100
"""Of processor time, so that others at work on this machine do not count."""
_MAKE_MANY = """
(count) => {
  globalThis.carried = new DataTransfer();
  for (let i = 0; i < count; i++) {
    const content = [new Uint8Array(2000).fill(i % 251), String(i)];
    carried.items.add(new File(content, `${i}.jpg`, { type: "image/jpeg" }));
  }
}
"""
_DROP_THEM = """
() => document.body.dispatchEvent(
  new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }))
"""


@pytest.fixture
def library(house: RunningApp) -> Furnished:
    return move_in(house)


@pytest.fixture
def page(library: Furnished, context: BrowserContext, witness: Witness) -> Page:
    """An empty library."""
    page = context.new_page()
    library.open(page)
    expect(page.locator(LISTENING)).to_be_attached()
    return page


def test_the_oldest_photo_is_opened_and_found_again_where_it_was_left(page: Page, library: Furnished) -> None:
    count = timeline.PAGE + 5
    library.open(page, "/uploads")
    files: list[FilePayload] = [
        {"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": pictures.jpeg(48, 36, seed=i)}
        for i in range(count)
    ]
    expect(page.locator(LISTENING)).to_be_attached()
    page.set_input_files("#files", files)
    expect(page.locator(".queue-title")).to_have_text(f"{count} photos have arrived", timeout=PATIENCE_MS)
    library.open(page)
    expect(page.locator(LISTENING)).to_be_attached()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("End")
    last = page.locator(".cell .tile").last
    expect(last).to_be_focused()
    assert page.evaluate("document.activeElement.closest('.cell').ariaPosInSet") == str(count)
    tile_id = last.get_attribute("id")
    page.keyboard.press("Enter")
    page.wait_for_url("**/photos/*")
    expect(page.locator(LISTENING)).to_be_attached()
    page.keyboard.press("Escape")
    expect(page.locator(f"#{tile_id}")).to_be_focused()
    expect(page.locator(f"#{tile_id}")).to_be_in_viewport()
    expect(page.locator(LISTENING)).to_be_attached()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".cell .tile").nth(-2)).to_be_focused()


def test_keys_search_and_explain_themselves(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_label("Search your photos")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_two_thousand_files_leave_the_page_responsive_and_survive_a_reload(
    page: Page, browser: Browser, witness: Witness
) -> None:
    witness.forgiven.add("/complete")  # none of them is a photo
    page.evaluate(_MAKE_MANY, MANY)
    browser.start_tracing(
        page=page, categories=["devtools.timeline", "disabled-by-default-devtools.timeline"]
    )
    page.evaluate(_DROP_THEM)
    title = page.locator(".queue-title")
    expect(title).to_contain_text("of 2,000")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(title).to_contain_text("Paused")
    assert page.locator(".queue-row").count() < 40
    page.get_by_role("button", name="Hide the files").click()
    expect(page.locator(".queue-list")).to_be_hidden()
    page.get_by_role("button", name="Show the files").click()
    page.locator(".queue-list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    expect(page.get_by_text("1999.jpg")).to_be_visible()
    settled = int((title.text_content() or "").split()[2])
    until(lambda: stored_bytes(page) >= MANY - settled - LANES, "the bytes are kept")

    page.reload()
    expect(title).to_contain_text("of 2,000")
    expect(page.get_by_role("button", name="Choose them again")).to_be_hidden()
    assert 0 < longest_task_ms(browser.stop_tracing()) < LONGEST_TASK_MS
    page.get_by_role("button", name="Cancel all").click()
    expect(title).to_have_count(0)
