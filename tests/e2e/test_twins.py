"""Asking with a picture, and sorting out copies, in a browser."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests import pictures
from tests.e2e.test_main_job import become_administrator
from tests.e2e.test_pages import LISTENING
from tests.e2e.witness import Witness, accessibility_faults, sideways_overflow
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e

DROP = """
async (bytes) => {
  const carried = new DataTransfer();
  carried.items.add(new File([new Uint8Array(bytes)], "copy.jpg", { type: "image/jpeg" }));
  document.body.dispatchEvent(
    new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}
"""


@pytest.fixture
def page(bigimage: RunningApp, context: BrowserContext, witness: Witness) -> Page:
    """The administrator's library with one photo and a smaller copy of it."""
    bigimage.start()
    page = context.new_page()
    become_administrator(page, bigimage.setup_link)
    send(page, bigimage, original(), smaller(320))
    return page


def original() -> bytes:
    return pictures.encode(pictures.scene(800, 600, seed=5), "JPEG", quality=92)


def smaller(width: int) -> bytes:
    with Image.open(io.BytesIO(original())) as picture:
        return pictures.encode(picture.resize((width, width * 3 // 4)), "JPEG", quality=80)


def file(body: bytes, name: str = "picture.jpg") -> FilePayload:
    return {"name": name, "mimeType": "image/jpeg", "buffer": body}


def send(page: Page, bigimage: RunningApp, *bodies: bytes) -> None:
    page.goto(f"{bigimage.url}/uploads")
    expect(page.locator(LISTENING)).to_be_attached()
    page.set_input_files("#files", [file(body, f"{number}.jpg") for number, body in enumerate(bodies)])
    expect(page.locator(".queue-title")).to_have_text(f"{len(bodies)} photos have arrived")
    page.goto(bigimage.url)
    expect(page.locator("a.tile[data-state=ready]")).to_have_count(len(bodies))


def test_a_picture_that_is_chosen_or_dropped_is_looked_for(page: Page, bigimage: RunningApp) -> None:
    page.goto(f"{bigimage.url}/twins")
    expect(page.locator(LISTENING)).to_be_attached()
    answer = page.locator("#answer")
    page.set_input_files("#picture", file(smaller(500)))
    expect(answer).to_contain_text("The same picture")
    expect(answer.locator("a.tile")).to_have_count(2)
    page.set_input_files("#picture", file(original()))
    expect(answer).to_contain_text("The same file")
    page.evaluate(DROP, list(pictures.jpeg(640, 480, seed=77)))
    expect(answer).to_contain_text("You do not have this picture.")
    page.goto(bigimage.url)
    expect(page.locator("a.tile")).to_have_count(2)


def test_what_is_no_picture_is_said_where_it_was_asked(
    page: Page, bigimage: RunningApp, witness: Witness
) -> None:
    witness.forgiven.add("/twins")
    page.goto(f"{bigimage.url}/twins")
    expect(page.locator(LISTENING)).to_be_attached()
    page.set_input_files("#picture", file(b"no picture at all"))
    expect(page.locator("#answer [role=alert]")).to_contain_text("not a picture")


@pytest.mark.parametrize("width", [360, 1440])
def test_copies_are_sorted_out_and_brought_back(page: Page, bigimage: RunningApp, width: int) -> None:
    bigimage.flask("sweep")
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{bigimage.url}/duplicates")
    expect(page.locator(".twins")).to_have_count(1)
    assert accessibility_faults(page) == []
    assert sideways_overflow(page) == []
    page.get_by_role("button", name="Keep one, move the other to the trash").click()
    expect(page.locator(".twins")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".twins")).to_have_count(1)
    page.get_by_role("button", name="Not the same picture").click()
    expect(page.locator("main")).to_contain_text("No picture is here twice")
    page.goto(f"{bigimage.url}/twins")
    assert accessibility_faults(page) == []
    assert sideways_overflow(page) == []
