"""Asking with a picture, and sorting out copies, in a browser."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, FilePayload, Page, expect

from tests import pictures
from tests.e2e.furnished import Furnished, move_in
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
def library(house: RunningApp, tmp_path: Path) -> Furnished:
    """One photo and a smaller copy of it."""
    library = move_in(house)
    for name, body in (("original.jpg", original()), ("smaller.jpg", smaller(320))):
        (tmp_path / name).write_bytes(body)
    library.upload(*tmp_path.glob("*.jpg"))
    return library


@pytest.fixture
def page(library: Furnished, context: BrowserContext, witness: Witness) -> Page:
    library.let_in(context)
    return context.new_page()


def original() -> bytes:
    return pictures.encode(pictures.scene(800, 600, seed=5), "JPEG", quality=92)


def smaller(width: int) -> bytes:
    with Image.open(io.BytesIO(original())) as picture:
        return pictures.encode(picture.resize((width, width * 3 // 4)), "JPEG", quality=80)


def file(body: bytes) -> FilePayload:
    return {"name": "picture.jpg", "mimeType": "image/jpeg", "buffer": body}


def test_a_picture_that_is_chosen_or_dropped_is_looked_for(page: Page, library: Furnished) -> None:
    library.open(page, "/lookup")
    expect(page.locator(LISTENING)).to_be_attached()
    answer = page.locator("#answer")
    page.set_input_files("#picture", file(smaller(500)))
    expect(answer).to_contain_text("The same picture")
    expect(answer.locator("a.tile")).to_have_count(2)
    page.set_input_files("#picture", file(original()))
    expect(answer).to_contain_text("The same file")
    page.evaluate(DROP, list(pictures.jpeg(640, 480, seed=77)))
    expect(answer).to_contain_text("You do not have this picture.")
    library.open(page)
    expect(page.locator("a.tile")).to_have_count(2)


def test_what_is_no_picture_is_said_where_it_was_asked(
    page: Page, library: Furnished, witness: Witness
) -> None:
    witness.forgiven.add("/lookup")
    library.open(page, "/lookup")
    expect(page.locator(LISTENING)).to_be_attached()
    page.set_input_files("#picture", file(b"no picture at all"))
    expect(page.locator("#answer [role=alert]")).to_contain_text("not a picture")


@pytest.mark.parametrize("width", [360, 1440])
def test_copies_are_sorted_out_and_brought_back(page: Page, library: Furnished, width: int) -> None:
    library.app.command("sweep")
    page.set_viewport_size({"width": width, "height": 800})
    library.open(page, "/duplicates")
    expect(page.locator(".copies")).to_have_count(1)
    assert accessibility_faults(page) == []
    assert sideways_overflow(page) == []
    page.get_by_role("button", name="Keep one, move the other to the trash").click()
    expect(page.locator(".copies")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".copies")).to_have_count(1)
    page.get_by_role("button", name="Not the same picture").click()
    expect(page.locator("main")).to_contain_text("No picture is here twice")
