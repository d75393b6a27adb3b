"""The queue of uploads in a browser: every way in, and every way to stop, fail and go on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests import pictures
from tests.e2e.furnished import Furnished, until
from tests.e2e.test_main_job import drop
from tests.e2e.witness import Witness

pytestmark = pytest.mark.e2e

BIG_BYTES = 20_000_000
FULL = {"type": "about:blank", "title": "No room", "status": 413, "detail": "The disk is full."}
_PASTE = """
async () => {
  const canvas = new OffscreenCanvas(40, 30);
  canvas.getContext("2d").fillRect(5, 5, 20, 10);
  const clipboardData = new DataTransfer();
  clipboardData.items.add(new File([await canvas.convertToBlob()], "pasted.png", { type: "image/png" }));
  document.body.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true }));
}
"""
_LEAVE_FOR_LONG = """
() => {
  const owner = JSON.parse(localStorage.getItem("upload-queue"));
  localStorage.setItem("upload-queue", JSON.stringify({ ...owner, at: 0 }));
}
"""


@pytest.fixture
def page(library: Furnished, context: BrowserContext, witness: Witness) -> Page:
    """The upload page of the owner, with all its scripts listening."""
    page = context.new_page()
    open_uploads(page, library)
    return page


@pytest.fixture
def files(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[int], list[Path]]:
    """Makes small photos that no other test has sent."""

    def make(count: int) -> list[Path]:
        folder = tmp_path / "camera"
        (folder / "inner").mkdir(parents=True)
        paths = [
            folder / ("inner" if at % 2 else "") / f"{request.node.name[5:25]}-{at}.jpg"
            for at in range(count)
        ]
        for path in paths:
            path.write_bytes(pictures.jpeg(48, 36, seed=hash(path) % 2**32))
        return paths

    return make


def open_uploads(page: Page, library: Furnished) -> None:
    library.open(page, "/uploads")
    expect(page.locator("html[data-scripted=listening]")).to_be_attached()


def is_over(page: Page, words: str) -> None:
    expect(page.locator(".queue-title")).to_have_text(words, timeout=60_000)


def names(library: Furnished) -> set[str]:
    return {photo["name"] for photo in library.api("GET", "photos?limit=200")["items"]}


def names_of(paths: list[Path]) -> set[str]:
    return {path.name for path in paths}


def test_a_folder_is_chosen_with_the_folders_in_it(page: Page, library: Furnished, files: Any) -> None:
    paths = files(6)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a folder").click()
    chooser.value.set_files(paths[0].parent)
    is_over(page, "6 photos have arrived")
    assert names_of(paths) <= names(library)


def test_a_folder_is_dropped_with_the_folders_in_it(page: Page, library: Furnished, files: Any) -> None:
    paths = files(6)
    drop(page, [paths[0].parent])
    is_over(page, "6 photos have arrived")
    assert names_of(paths) <= names(library)


def test_files_put_into_the_plain_field_go_the_same_way_and_once(
    page: Page, library: Furnished, files: Any
) -> None:
    paths = files(3)
    page.set_input_files("#files", paths)
    is_over(page, "3 photos have arrived")
    assert names_of(paths) <= names(library)
    assert page.locator("#files").evaluate("field => field.files.length") == 0


def test_two_files_of_the_same_bytes_sent_at_once_both_get_ready(page: Page, files: Any) -> None:
    [path] = files(1)
    twin = path.with_name("twin.jpg")
    twin.write_bytes(path.read_bytes())
    held: list[Route] = []

    def hold_until_both_are_here(route: Route) -> None:
        held.append(route)
        if len(held) == 2:
            for each in held:
                each.continue_()

    page.route("**/complete", hold_until_both_are_here)
    drop(page, [path, twin])
    is_over(page, "2 photos have arrived")
    expect(page.locator(".queue-line")).to_have_text("")


def test_a_picture_is_pasted(page: Page, library: Furnished) -> None:
    page.evaluate(_PASTE)
    is_over(page, "1 photo has arrived")
    assert "pasted.png" in names(library)


def test_what_failed_says_why_and_one_click_sends_only_that_again(
    page: Page, library: Furnished, files: Any, witness: Witness
) -> None:
    witness.forgiven.add("/complete")
    failures = iter(range(5))

    def refuse_five(route: Route) -> None:
        if next(failures, None) is None:
            route.fallback()
        else:
            route.fulfill(status=413, json=FULL, content_type="application/problem+json")

    page.route("**/complete", refuse_five)
    paths = files(50)
    drop(page, paths)
    is_over(page, "45 photos have arrived, 5 failed")
    list_rows_to(page, lambda: page.locator('.queue-row[data-state="failed"]').count() > 0)
    failed = page.locator('.queue-row[data-state="failed"]').first
    expect(failed).to_contain_text("Did not arrive: The disk is full.")

    offered: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/v1/uploads"):
            offered.extend(file["name"] for file in json.loads(request.post_data or "")["files"])

    page.on("request", note)
    page.get_by_role("button", name="Retry all failed").click()
    is_over(page, "50 photos have arrived")
    assert len(offered) == 5
    assert names_of(paths) <= names(library)


def test_a_pause_holds_and_what_is_removed_meanwhile_never_arrives(
    page: Page, library: Furnished, files: Any
) -> None:
    paths = files(30)
    held: list[Route] = []
    page.route("**/media/**", lambda route: held.append(route))
    drop(page, paths)
    until(lambda: page.evaluate("1") == 1 and len(held) > 0, "the first bytes leave")
    page.get_by_role("button", name="Pause", exact=True).click()
    expect(page.locator(".queue-title")).to_have_text("Paused at 0 of 30")
    page.unroute("**/media/**")
    removed = page.locator(".queue-row", has_text=paths[2].name)
    removed.get_by_role("button", name="Remove").press("Enter")
    expect(removed).to_have_count(0)
    expect(page.get_by_role("button", name=f"Remove: {paths[3].name}")).to_be_focused()
    assert names_of(paths).isdisjoint(names(library))
    page.get_by_role("button", name="Resume", exact=True).click()
    is_over(page, "29 photos have arrived")
    assert names_of(paths) - names(library) == {paths[2].name}


def test_cancel_all_leaves_nothing_behind(page: Page, library: Furnished, files: Any) -> None:
    paths = files(20)
    page.route("**/media/**", lambda _: None)
    drop(page, paths)
    expect(page.locator(".queue-title")).to_contain_text("of 20")
    page.get_by_role("button", name="Cancel all").click()
    expect(page.locator(".queue")).to_have_count(0)
    page.unroute_all(behavior="ignoreErrors")
    open_uploads(page, library)
    expect(page.locator(".queue")).to_have_count(0)
    assert names_of(paths).isdisjoint(names(library))


def test_the_next_page_takes_over_the_queue_of_a_closed_tab(
    page: Page, library: Furnished, files: Any, context: BrowserContext
) -> None:
    paths = files(12)
    page.route("**/media/**", lambda _: None)
    drop(page, paths)
    expect(page.locator(".queue-title")).to_contain_text("of 12")
    until(lambda: stored_bytes(page) == 12, "the bytes are kept")
    page.close()
    other = context.new_page()
    open_uploads(other, library)
    other.evaluate(_LEAVE_FOR_LONG)
    open_uploads(other, library)
    is_over(other, "12 photos have arrived")
    assert names_of(paths) <= names(library)


def test_after_a_cut_and_a_reload_only_the_missing_parts_are_sent(
    page: Page, library: Furnished, tmp_path: Path, witness: Witness
) -> None:
    witness.forgiven.add("/media/")
    path = tmp_path / "big.jpg"
    body = pictures.jpeg(400, 300, seed=20)
    path.write_bytes(body + bytes(BIG_BYTES - len(body)))
    arrived: list[int] = []

    def cut_after_the_first(route: Route) -> None:
        if arrived:
            route.abort("connectionreset")
        else:
            arrived.append(len(route.request.post_data_buffer or b""))
            route.fallback()

    page.route("**/media/**", cut_after_the_first)
    drop(page, [path])
    expect(page.locator(".quiet-line")).to_contain_text("The library cannot be reached.")
    until(lambda: stored_bytes(page) == 1, "the bytes are kept")
    page.unroute("**/media/**")
    sent: list[int] = []

    def count(route: Route) -> None:
        if route.request.method == "PUT":
            sent.append(len(route.request.post_data_buffer or b""))
        route.fallback()

    page.route("**/media/**", count)
    page.reload()
    is_over(page, "1 photo has arrived")
    assert arrived[0] > 0
    assert arrived[0] + sum(sent) == BIG_BYTES


def list_rows_to(page: Page, is_there: Callable[[], bool]) -> None:
    """Scroll the queue until it is: only rows in sight exist."""
    top = 0
    while not is_there():
        top += 200
        assert page.locator(".queue-list").evaluate(
            "(list, top) => { list.scrollTop = top; return top < list.scrollHeight }", top
        )
        page.evaluate("new Promise(requestAnimationFrame)")


def stored_bytes(page: Page) -> int:
    """How many files this browser keeps the bytes of."""
    count: int = page.evaluate(
        """() => new Promise((resolve) => {
          const opening = indexedDB.open("bigimage-uploads");
          opening.onsuccess = () => {
            const counting = opening.result.transaction("bytes").objectStore("bytes").count();
            counting.onsuccess = () => { opening.result.close(); resolve(counting.result); };
          };
        })"""
    )
    return count
