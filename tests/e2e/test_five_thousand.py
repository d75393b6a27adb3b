"""Five thousand photos changed at once in the browser, with a line that says how far it is, and undone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.e2e.crowd import crowded
from tests.e2e.furnished import Furnished, sign_in
from tests.e2e.witness import Witness

pytestmark = pytest.mark.e2e

PHOTOS = 5000
PATIENCE_MS = 180_000


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Furnished]:
    with crowded(tmp_path, PHOTOS) as library:
        yield library


def test_five_thousand_photos_are_archived_and_brought_back(
    library: Furnished, context: BrowserContext, witness: Witness
) -> None:
    total = library.api("GET", "timeline")["total"]
    assert total >= PHOTOS
    page = context.new_page()
    sign_in(page, library.app.url)
    expect(page.locator(".cell").first).to_be_visible()
    page.locator(".tile").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("End")
    page.wait_for_function("document.activeElement.dataset.photo && scrollY > 0")
    page.keyboard.press("Shift+Space")
    expect(page.locator("[data-count]")).to_have_text(f"{total:,} selected")
    page.keyboard.press("a")
    expect(page.locator(".toast-progress")).to_contain_text(f"of {total:,}")
    toast = page.locator(".toast:not(.toast-progress)")
    expect(toast).to_contain_text(f"{total:,} photos in the archive", timeout=PATIENCE_MS)
    assert library.api("GET", "timeline?shelf=archive")["total"] == total
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text(f"{total:,} photos as before", timeout=PATIENCE_MS)
    assert library.api("GET", "timeline")["total"] == total
