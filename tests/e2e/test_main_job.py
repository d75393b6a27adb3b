"""The main job, whole, as the first person of a new library does it in a browser."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests import pictures
from tests.e2e.furnished import EMAIL, PASSWORD, WORK_SECONDS, Furnished, sign_in, until
from tests.e2e.witness import Witness
from tests.recogniser import models_folder
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e

GOOD_PHOTOS = 26
LINE_SECONDS = 10


@pytest.fixture
def bigimage(data_folder: Path) -> Iterator[RunningApp]:
    """With a recogniser, and nobody in it."""
    models_folder()
    app = RunningApp(data_folder)
    app.start()
    yield app
    app.kill()


def make_files(folder: Path, good_photos: int) -> list[Path]:
    """Photos of several formats, and a twin, a broken one, a PDF in disguise, an empty one."""
    good = pictures.sample_photos(folder, good_photos)
    assert any(path.suffix == ".heic" for path in good)
    odd = {
        "twin.jpg": good[0].read_bytes(),
        "broken.jpg": pictures.truncated(pictures.jpeg(900, 700, seed=77), 0.1),
        "paper.jpg": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< /Type /Catalog >>\nendobj\n%%EOF\n",
        "empty.jpg": b"",
    }
    for name, body in odd.items():
        (folder / name).write_bytes(body)
    return [*good, *(folder / name for name in odd)]


def test_from_the_first_visit_to_a_found_photo_and_out_again(
    bigimage: RunningApp, context: BrowserContext, witness: Witness, tmp_path: Path
) -> None:
    page = context.new_page()
    witness.forgiven.add("/complete")  # where the PDF is refused
    become_administrator(page, bigimage.setup_link)
    assert page.evaluate("isSecureContext")

    drop_and_reload_at_half_time(page, make_files(tmp_path / "drop", GOOD_PHOTOS))
    photos = wait_for_the_work(page)
    check_outcomes(page, photos, GOOD_PHOTOS)
    until(lambda: all(photo["recogniser"] for photo in photos_of(page)), "all are labelled")

    cat = next(photo for photo in photos_of(page) if photo["name"] == "chelsea.jpg")
    find(page, "label:cat")
    expect(page.locator(".result")).to_have_count(1)
    page.locator(f"#photo-{cat['id']}").click()
    check_box(page, cat)
    reject_label(page, "cat")
    find(page, "label:cat")
    expect(page.get_by_role("heading", name="No photo matches all of this")).to_be_visible()

    trash_and_bring_back(page, bigimage.url, cat["id"])
    sign_out(page, bigimage.url)

    bigimage.stop()
    assert bigimage.command("sweep").returncode == 0
    checked = bigimage.command("fsck")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_photos_arrive_and_are_shown_where_the_page_is_no_secure_context(
    house: RunningApp, library: Furnished, context: BrowserContext, witness: Witness, tmp_path: Path
) -> None:
    """Plain http under a name: there the browser itself hashes nothing."""
    page = context.new_page()
    witness.forgiven.add("/complete")
    address = f"http://photos.test:{house.port}"
    sign_in(page, address, library.email)
    assert not page.evaluate("isSecureContext")
    drop_and_reload_at_half_time(page, make_files(tmp_path / "drop", 8))
    check_outcomes(page, wait_for_the_work(page), 8)
    find(page, "type:heic")
    expect(page.locator(".result").first).to_be_visible()
    sign_out(page, address)


def become_administrator(page: Page, link: str) -> None:
    page.goto(link)
    page.get_by_label("E-mail address").fill(EMAIL)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create the account").click()
    expect(page.get_by_role("heading", name="Drop your photos here")).to_be_visible()


def drop_and_reload_at_half_time(page: Page, files: list[Path]) -> None:
    """Over a line that needs ten seconds for all of it, the page is loaded again in the middle."""
    devtools = page.context.new_cdp_session(page)
    line = {"offline": False, "latency": 0, "downloadThroughput": -1}
    slow = sum(path.stat().st_size for path in files) / LINE_SECONDS
    devtools.send("Network.emulateNetworkConditions", {**line, "uploadThroughput": slow})
    drop(page, files)
    until(lambda: len(photos_of(page)) >= len(files) // 2, "half of the photos have arrived")
    expect(page.locator(".queue-title")).to_contain_text("Uploading")
    page.reload()
    devtools.send("Network.emulateNetworkConditions", {**line, "uploadThroughput": -1})
    devtools.detach()


def drop(page: Page, files: list[Path]) -> None:
    """Drop files from the desktop on the middle of the page, through the browser's own drag events."""
    size = page.viewport_size
    assert size is not None
    devtools = page.context.new_cdp_session(page)
    carried = {"items": [], "files": [str(path) for path in files], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        devtools.send(
            "Input.dispatchDragEvent",
            {"type": step, "x": size["width"] // 2, "y": size["height"] // 2, "data": carried},
        )
    devtools.detach()


def wait_for_the_work(page: Page) -> list[dict[str, Any]]:
    """Until the page itself says that all are there and nothing is being worked on; the photos then."""
    title = page.locator(".queue-title")
    expect(title).to_contain_text("arrived", timeout=30_000)
    expect(page.locator(".queue-line")).to_have_text("", timeout=WORK_SECONDS * 1000)
    return photos_of(page)


def check_outcomes(page: Page, photos: list[dict[str, Any]], count: int) -> None:
    """Every photo is ready in its place; what is no photo was refused in words."""
    assert {photo["state"] for photo in photos} == {"ready"}
    assert len(photos) == count
    # the grid draws what is in sight, the one that was refused just now among it
    expect(page.locator('.tile[data-state="ready"]').first).to_be_visible()
    expect(page.locator('.tile:is([data-state="new"], [data-state="processing"])')).to_have_count(0)
    rows = {name: row_of(page, name).text_content() or "" for name in ("twin.jpg", "paper.jpg", "empty.jpg")}
    assert "already" in rows["twin.jpg"] or "Ready" in rows["twin.jpg"]
    assert "PDF" in rows["paper.jpg"]
    assert "empty" in rows["empty.jpg"]
    refused = photos_of(page, shelf="refused")
    assert [(photo["name"], photo["state"]) for photo in refused] == [("broken.jpg", "refused")]
    expect(row_of(page, "broken.jpg")).to_contain_text(refused[0]["reason"])


def row_of(page: Page, name: str) -> Locator:
    """The row of a file in the queue, scrolled into being: only rows in sight exist."""
    row = page.locator(".queue-row").filter(has_text=name)
    top = 0
    while not row.count():
        top += 200
        assert page.locator(".queue-list").evaluate(
            "(list, top) => { list.scrollTop = top; return top < list.scrollHeight }", top
        )
        page.evaluate("new Promise(requestAnimationFrame)")
    return row


def find(page: Page, query: str) -> None:
    page.keyboard.press("/")
    page.get_by_label("Search your photos").fill(query)
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/search?q={quote(query)}*")


def check_box(page: Page, photo: dict[str, Any]) -> None:
    """The box drawn for `cat` lies on the picture where the API says, and that is where the cat is."""
    label = next(label for label in photo["labels"] if label["name"] == "cat")
    box = label["boxes"][0]
    page.locator(".label", has=page.get_by_role("link", name="cat", exact=True)).hover()
    edge = page.locator(".boxes-edge")
    expect(edge).to_have_count(len(label["boxes"]))
    drawn, picture = edge.first.bounding_box(), page.locator("#picture").bounding_box()
    assert drawn is not None and picture is not None
    fractions = {
        "left": (drawn["x"] - picture["x"]) / picture["width"],
        "top": (drawn["y"] - picture["y"]) / picture["height"],
        "width": drawn["width"] / picture["width"],
        "height": drawn["height"] / picture["height"],
    }
    assert fractions == pytest.approx(box, abs=0.01)


def reject_label(page: Page, name: str) -> None:
    row = page.locator(".label", has=page.get_by_role("link", name=name, exact=True))
    row.hover()
    row.get_by_role("button", name=f"Not {name}").click()
    expect(page.locator(".label-rejected")).to_contain_text(name)


def trash_and_bring_back(page: Page, address: str, photo_id: str) -> None:
    page.goto(f"{address}/photos/{photo_id}")
    page.get_by_role("button", name="Move to the trash").click()
    expect(page.get_by_text("The photo is in the trash.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The photo is back.")).to_be_visible()

    page.goto(f"{address}/photos/{photo_id}")
    page.get_by_role("button", name="Move to the trash").click()
    page.goto(address)
    expect(page.locator(".tile").first).to_be_visible()
    expect(page.locator(f"#photo-{photo_id}")).to_have_count(0)
    page.get_by_role("link", name="Trash").click()
    page.locator(f'.result:has([data-photo="{photo_id}"])').get_by_role("button", name="Restore").click()
    page.goto(f"{address}/trash")
    expect(page.get_by_role("heading", name="The trash is empty")).to_be_visible()
    assert photo_id in {photo["id"] for photo in photos_of(page)}


def sign_out(page: Page, address: str) -> None:
    page.locator("summary.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.goto(address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def photos_of(page: Page, shelf: str = "timeline") -> list[dict[str, Any]]:
    """What the API tells this browser's person."""
    answer: dict[str, Any] = page.evaluate(
        "async (shelf) => (await fetch(`/api/v1/photos?limit=200&shelf=${shelf}`)).json()", shelf
    )
    return list(answer["items"])
