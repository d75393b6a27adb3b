"""Changes to many photos in the browser: by buttons, keys and dialogs, and undone from the message."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests import pictures
from tests.e2e.furnished import Furnished, furnish, sign_in
from tests.e2e.witness import Witness, accessibility_faults, sideways_overflow
from tests.servers.app import RunningApp

pytestmark = pytest.mark.e2e


@pytest.fixture
def library(bigimage: RunningApp, tmp_path: Path) -> Furnished:
    library = furnish(bigimage)
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
    sign_in(page, library.app.url)
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


def test_the_bar_and_its_pages_fit_a_phone_and_are_accessible(
    library: Furnished, make_context: Callable[..., BrowserContext]
) -> None:
    for width, theme in ((360, "dark"), (1440, "light")):
        context = make_context(
            viewport={"width": width, "height": 740}, color_scheme=theme, reduced_motion="reduce"
        )
        page = context.new_page()
        sign_in(page, library.app.url)
        library.api("POST", "bulk-changes", action="archive", photos={"ids": [library.ids["3.jpg"]]})
        select(page, library.ids["0.jpg"])
        assert accessibility_faults(page) == []
        assert sideways_overflow(page) == []
        for path in ("/archive", "/changes"):
            page.goto(library.app.url + path)
            assert accessibility_faults(page) == []
            assert sideways_overflow(page) == []


def test_without_scripts_boxes_and_a_form_do_the_same(
    library: Furnished, make_context: Callable[..., BrowserContext]
) -> None:
    context = make_context(java_script_enabled=False)
    page = context.new_page()
    sign_in(page, library.app.url)
    library.api("POST", "bulk-changes", action="archive", photos={"ids": list(library.ids.values())})
    page.goto(f"{library.app.url}/archive")
    page.get_by_label("Choose 0.jpg").check()
    page.get_by_role("button", name="Back to the timeline").click()
    expect(page.get_by_text("1 photo out of the archive.")).to_be_visible()
    assert shelf(library, "timeline") == ["0.jpg"]
    page.goto(f"{library.app.url}/changes")
    page.get_by_role("button", name="Undo").first.click()
    assert shelf(library, "timeline") == []
