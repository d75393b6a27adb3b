"""Changes to many photos in the browser: by buttons, keys and dialogs, and undone from the message."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import pictures
from tests.e2e.furnished import Furnished, move_in
from tests.e2e.grid import Grid
from tests.e2e.witness import Witness, accessibility_faults
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e

PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "100"))
PATIENCE_MS = 180_000


@pytest.fixture
def library(house: RunningApp, tmp_path: Path) -> Furnished:
    library = move_in(house)
    files = []
    for number in range(4):
        file = tmp_path / f"{number}.jpg"
        file.write_bytes(pictures.jpeg(300 + number * 40, 200, seed=number))
        files.append(file)
    library.upload(*files)
    return library


@pytest.fixture
def page(library: Furnished, context: BrowserContext, witness: Witness) -> Page:
    page = context.new_page()
    library.open(page)
    expect(page.locator(".tile")).to_have_count(4)
    return page


def shelf(library: Furnished, name: str) -> list[str]:
    return sorted(photo["name"] for photo in library.api("GET", f"photos?shelf={name}")["items"])


def select(page: Page, *names: str) -> None:
    for name in names:
        page.locator(f"[data-cell]:has([data-photo='{name}']) [role=checkbox]").click()


def do(page: Page, words: str) -> None:
    page.locator("#selection-bar").get_by_role("button", name=words).click()


def test_photos_are_archived_by_a_key_and_come_back_by_undo(library: Furnished, page: Page) -> None:
    select(page, library.ids["0.jpg"], library.ids["1.jpg"])
    expect(page.locator("[data-count]")).to_have_text("2 selected")
    page.keyboard.press("a")
    toast = page.locator(".toast")
    expect(toast).to_contain_text("2 photos in the archive")
    expect(page.locator(".tile")).to_have_count(2)
    assert shelf(library, "archive") == ["0.jpg", "1.jpg"]
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("2 photos as before")
    expect(page.locator(".tile")).to_have_count(4)
    assert shelf(library, "archive") == []


def test_stars_tags_and_corrections_are_asked_for_in_dialogs(library: Furnished, page: Page) -> None:
    ids = [library.ids["0.jpg"], library.ids["1.jpg"]]
    select(page, *ids)
    page.keyboard.press("4")
    expect(page.locator(".toast")).to_contain_text("2 photos rated")
    select(page, *ids)
    do(page, "Tags")
    page.get_by_role("combobox", name="Tags").fill("harbour, red sails")
    page.get_by_role("button", name="Add").click()
    expect(page.locator(".toast")).to_contain_text("2 photos tagged")
    select(page, *ids)
    do(page, "Correct date, place and description")
    dialog = page.locator("#selection-edit")
    dialog.get_by_label("On", exact=True).check()
    dialog.get_by_label("Date and time there").fill("2019-05-04T10:20:00")
    dialog.get_by_label("Time zone there").select_option("120")
    dialog.get_by_label("At", exact=True).check()
    dialog.get_by_label("Latitude and longitude in degrees").fill("48.8566, 2.3522")
    dialog.get_by_label("Replace by").check()
    dialog.get_by_label("Description", exact=True).fill("By the river")
    assert accessibility_faults(page) == []
    dialog.get_by_role("button", name="Correct").click()
    toast = page.locator(".toast")
    expect(toast).to_contain_text("2 photos described", timeout=15_000)
    photo = library.api("GET", f"photos/{ids[0]}")
    assert (photo["rating"], photo["tags"]) == (4, ["harbour", "red sails"])
    assert photo["taken_at"] == "2019-05-04T10:20:00+02:00"
    assert photo["place"]["country_code"] == "FR"
    assert photo["description"] == "By the river"
    toast.get_by_role("button", name="Undo").click()
    expect(page.locator(".toast")).to_contain_text("2 photos as before")
    photo = library.api("GET", f"photos/{ids[0]}")
    assert (photo["taken_source"], photo["place"], photo["description"]) == ("upload", None, "")


def test_the_trash_is_emptied_after_a_question(library: Furnished, page: Page) -> None:
    select(page, library.ids["0.jpg"], library.ids["1.jpg"], library.ids["2.jpg"])
    page.keyboard.press("Delete")
    expect(page.locator(".toast")).to_contain_text("3 photos in the trash")
    page.goto(f"{library.app.url}/trash")
    select(page, library.ids["0.jpg"])
    do(page, "Restore")
    expect(page.locator(".toast")).to_contain_text("1 photo back from the trash")
    expect(page.locator(".tile")).to_have_count(2)
    select(page, library.ids["1.jpg"])
    do(page, "Delete for good")
    page.locator("#selection-purge").get_by_role("button", name="Delete for good").click()
    expect(page.locator(".toast")).to_contain_text("1 photo deleted for good")
    assert shelf(library, "trash") == ["2.jpg"]


def test_what_failed_is_told_with_a_way_to_the_reasons(library: Furnished, page: Page) -> None:
    gone = library.ids["0.jpg"]
    select(page, gone, library.ids["1.jpg"])
    library.api("POST", f"photos/{gone}/trash")
    library.api("DELETE", f"photos/{gone}")
    page.keyboard.press("f")
    toast = page.locator(".toast")
    expect(toast).to_contain_text("1 photo marked as favourite, 1 stayed as it was")
    toast.get_by_role("link", name="See why").click()
    expect(page.get_by_text("It is not in your library.")).to_be_visible()


def test_selected_photos_are_saved_as_a_zip_file(library: Furnished, page: Page, tmp_path: Path) -> None:
    select(page, library.ids["0.jpg"], library.ids["3.jpg"])
    with page.expect_download() as saved:
        do(page, "Download")
    saved.value.save_as(tmp_path / "saved.zip")
    with zipfile.ZipFile(tmp_path / "saved.zip") as archive:
        assert archive.testzip() is None
        assert {row["name"] for row in json.loads(archive.read("photos.json"))["photos"]} == {
            "0.jpg",
            "3.jpg",
        }


def test_without_scripts_boxes_and_a_form_do_the_same(
    library: Furnished, make_context: Callable[..., BrowserContext]
) -> None:
    context = make_context(java_script_enabled=False)
    page = context.new_page()
    library.open(page)
    library.api("POST", "changes", action="archive", photos={"ids": list(library.ids.values())})
    page.goto(f"{library.app.url}/archive")
    page.get_by_label("Choose 0.jpg").check()
    page.get_by_role("button", name="Back to the timeline").click()
    expect(page.get_by_text("1 photo out of the archive.")).to_be_visible()
    assert shelf(library, "timeline") == ["0.jpg"]
    page.goto(f"{library.app.url}/changes")
    page.get_by_role("button", name="Undo").first.click()
    assert shelf(library, "timeline") == []


@pytest.mark.parametrize(
    "least",
    [
        1_000,
        pytest.param(
            5_000,
            marks=[
                pytest.mark.proof,
                pytest.mark.skipif(PROOF_N < 100, reason="a thousand are changed by make test"),
            ],
        ),
    ],
)
def test_thousands_are_archived_and_brought_back_with_a_line_that_says_how_far_it_is(
    least: int, crowd: Furnished, context: BrowserContext, witness: Witness
) -> None:
    timeline = crowd.api("GET", "timeline")
    grid = Grid(context, crowd)
    grid.open()
    page = grid.page
    page.locator(".tile").first.focus()
    page.keyboard.press("Space")
    grid.go_to(month_of(timeline["months"], least))
    page.keyboard.press("Shift+Space")
    selected = page.locator("[data-count]")
    expect(selected).to_have_text(re.compile(r"[\d,]{5,} selected"))
    count = (selected.text_content() or "").split()[0]
    assert least <= int(count.replace(",", "")) < timeline["total"]
    page.keyboard.press("a")
    expect(page.locator(".toast-progress")).to_contain_text(f"of {count}")
    toast = page.locator(".toast:not(.toast-progress)")
    expect(toast).to_contain_text(f"{count} photos in the archive", timeout=PATIENCE_MS)
    assert f"{crowd.api('GET', 'timeline?shelf=archive')['total']:,}" == count
    toast.get_by_role("button", name="Undo").click()
    expect(toast).to_contain_text(f"{count} photos as before", timeout=PATIENCE_MS)
    assert crowd.api("GET", "timeline")["total"] == timeline["total"]


def month_of(months: list[tuple[str, int]], place: int) -> str:
    """The month before the one in which the photo at this place of the timeline was taken, as 2011-06."""
    passed = 0
    for month, count in months:
        if passed > place:
            return month
        passed += count
    raise AssertionError(f"there are only {passed} photos")
