"""What scripts add to the pages: a timeline that grows and is found again, keys, and a very long queue."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from photos.web import timeline
from tests import pictures
from tests.e2e.conftest import PATIENCE_MS
from tests.e2e.test_main_job import become_administrator
from tests.e2e.witness import Witness
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e

MANY = 2000
LONGEST_TASK_MS = 600
_DROP_MANY = """
(count) => {
  globalThis.tasks = [];
  const note = (list) => tasks.push(...list.getEntries().map((entry) => entry.duration));
  new PerformanceObserver(note).observe({ type: "longtask" });
  const dataTransfer = new DataTransfer();
  for (let i = 0; i < count; i++) {
    const content = [new Uint8Array(2000).fill(i % 251), String(i)];
    dataTransfer.items.add(new File(content, `${i}.jpg`, { type: "image/jpeg" }));
  }
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture
def page(bigimage: RunningApp, context: BrowserContext, witness: Witness) -> Page:
    """The empty library of its administrator."""
    bigimage.start()
    page = context.new_page()
    become_administrator(page, bigimage.setup_link)
    return page


def test_the_timeline_grows_and_is_found_again_where_it_was_left(page: Page, bigimage: RunningApp) -> None:
    count = timeline.PAGE + 5
    page.goto(f"{bigimage.url}/uploads")
    files = [
        {"name": f"{i}.jpg", "mimeType": "image/jpeg", "buffer": pictures.jpeg(48, 36, seed=i)}
        for i in range(count)
    ]
    page.set_input_files("#files", files)
    page.locator(".drop").evaluate("form => form.submit()")
    expect(page.locator(".file[data-state=sent]")).to_have_count(count)
    page.goto(bigimage.url)
    page.wait_for_load_state("networkidle")
    page.keyboard.press("End")
    expect(page.locator(".tile")).to_have_count(count, timeout=PATIENCE_MS)

    last = page.locator(".tile").last
    tile_id = last.get_attribute("id")
    last.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".photo")).to_be_visible()
    page.wait_for_load_state("networkidle")
    page.keyboard.press("Escape")
    expect(page.locator(".tile")).to_have_count(count, timeout=PATIENCE_MS)
    expect(page.locator(f"#{tile_id}")).to_be_focused()
    expect(page.locator(f"#{tile_id}")).to_be_in_viewport()
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".tile").nth(count - 2)).to_be_focused()


def test_keys_search_and_explain_themselves(page: Page) -> None:
    page.keyboard.press("/")
    expect(page.get_by_label("Search your photos")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Keys")).to_be_hidden()


def test_two_thousand_files_leave_the_page_responsive(page: Page, witness: Witness) -> None:
    witness.forgiven.add("/complete")  # none of them is a photo
    page.evaluate(_DROP_MANY, MANY)
    title = page.locator(".queue-title")
    expect(title).to_contain_text("of 2,000")
    page.get_by_role("button", name="Pause").click()
    expect(title).to_contain_text("Paused")
    assert page.locator(".queue-row").count() < 40
    page.locator(".queue-list").evaluate("list => list.scrollTo(0, list.scrollHeight)")
    expect(page.get_by_text("1999.jpg")).to_be_visible()
    assert page.evaluate("Math.max(0, ...tasks)") < LONGEST_TASK_MS
    page.get_by_role("button", name="Cancel all").click()
    expect(title).to_have_count(0)
