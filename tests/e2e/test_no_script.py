"""Everything that pages do, without JavaScript: by forms in a browser, and by plain HTTP."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

import pytest
import requests
from playwright.sync_api import BrowserContext, Page, expect

from photos.models import Label
from photos.web import timeline
from tests import pictures
from tests.e2e.furnished import BOX, PASSWORD, Furnished, see, sign_in, until
from tests.e2e.witness import Witness
from tests.forms import csrf_of
from tests.forms import sign_in as sign_in_by_form

pytestmark = pytest.mark.e2e


@pytest.fixture
def page(library: Furnished, make_context: Callable[..., BrowserContext]) -> Iterator[Page]:
    """A browser without scripts, signed in."""
    context = make_context(java_script_enabled=False, reduced_motion="reduce")
    witness = Witness(context)
    page = context.new_page()
    sign_in(page, library.app.url, library.email)
    yield page
    assert witness.complaints == []


def test_photos_are_uploaded_described_found_trashed_and_restored_by_forms(
    library: Furnished, page: Page, tmp_path: Path
) -> None:
    (tmp_path / "cat.jpg").write_bytes(pictures.jpeg(640, 480, seed=40))
    (tmp_path / "plain.jpg").write_bytes(pictures.jpeg(400, 300, seed=41))
    (tmp_path / "paper.jpg").write_bytes(b"%PDF-1.7\n" * 40)
    page.get_by_role("link", name="Uploads").click()
    page.get_by_label("Photos", exact=True).set_input_files(sorted(tmp_path.iterdir()))
    page.locator(".drop").get_by_role("button", name="Upload").click()
    outcomes = {name: page.locator(".file", has_text=name) for name in ("cat.jpg", "plain.jpg", "paper.jpg")}
    expect(outcomes["plain.jpg"]).to_contain_text("It has arrived")
    expect(outcomes["paper.jpg"]).to_contain_text("PDF")
    outcomes["cat.jpg"].get_by_role("link", name="See the photo").click()
    photo_address = page.url
    photo_id = photo_address.rpartition("/")[2]
    until(lambda: library.api("GET", f"photos/{photo_id}")["state"] == "ready", "the photo is ready")
    library.ids["cat.jpg"] = photo_id
    see(library, "cat.jpg", Label("cat", 97.0, (BOX,)))
    page.reload()

    page.get_by_role("textbox", name="Description").fill("The cat of our neighbour")
    page.locator("form.describe").first.get_by_role("button", name="Save").click()
    expect(page.get_by_text("The description is saved.")).to_be_visible()
    page.get_by_role("button", name="Favourite").click()
    expect(page.get_by_role("button", name="Favourite")).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="4 of 5 stars").click()
    expect(page.get_by_role("button", name="4 of 5 stars")).to_have_attribute("aria-pressed", "true")
    page.locator(".tags summary").click()
    page.get_by_label("Tags").fill("pets, garden")
    page.locator(".tags").get_by_role("button", name="Save").click()
    expect(page.locator(".chip")).to_have_text(["garden", "pets"])

    for query in ("neighbour", "label:cat", "tag:pets", "is:favourite rating:4"):
        search(page, query)
        expect(page.locator(".result")).to_have_count(1)
    page.locator(".result a").first.click()
    page.get_by_role("button", name="Not cat").click()
    expect(page.locator(".label-rejected")).to_contain_text("cat")
    search(page, "label:cat")
    expect(page.locator(".result")).to_have_count(0)

    page.goto(photo_address)
    page.get_by_role("button", name="Move to the trash").click()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("The photo is back.")).to_be_visible()
    page.goto(photo_address)
    page.get_by_role("button", name="Move to the trash").click()
    page.get_by_role("link", name="Trash").click()
    page.get_by_role("listitem").get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The photo is back.")).to_be_visible()
    page.goto(f"{library.app.url}/")
    expect(page.locator(f"#photo-{photo_id}")).to_be_visible()

    page.locator("summary.avatar").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.goto(photo_address)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def search(page: Page, query: str) -> None:
    page.get_by_label("Search your photos").fill(query)
    page.get_by_label("Search your photos").press("Enter")
    expect(page.get_by_role("heading", name="Results for")).to_contain_text(query)


def test_the_timeline_is_read_to_its_end_over_plain_http(library: Furnished) -> None:
    count = timeline.PAGE + 10
    with requests.Session() as browser:
        signed_in = sign_in_by_form(browser, library.app.url, library.email, PASSWORD)
        assert "Drop your photos here" in signed_in.text or 'class="tile' in signed_in.text
        page = browser.get(f"{library.app.url}/uploads", timeout=30)
        files = [
            ("files", (f"{n}.jpg", pictures.jpeg(48, 36, seed=900 + n), "image/jpeg")) for n in range(count)
        ]
        sent = browser.post(page.url, {"csrf_token": csrf_of(page.text)}, files=files, timeout=60)
        assert sent.text.count("It has arrived") == count
        seen: list[str] = []
        address = f"{library.app.url}/"
        while address:
            page = browser.get(address, timeout=30)
            seen += re.findall(r'data-photo="([^"]+)"', page.text)
            older = re.search(r'href="([^"]+)" rel="next"', page.text)
            address = library.app.url + unescape(older[1]) if older else ""
        expected = [item["id"] for item in library.api("GET", "photos?limit=200")["items"]]
        assert len(seen) >= count
        assert seen == expected


def test_nothing_secret_is_in_the_log_and_an_error_is_found_by_its_number(library: Furnished) -> None:
    reset = library.app.command("accounts", "reset", library.email).stdout.strip()
    secrets = {"password": PASSWORD, "token": library.token, "link": reset.rpartition("/")[2]}
    url = library.app.url
    with requests.Session() as browser:
        form = browser.get(f"{url}/", timeout=30)
        fields = {
            "csrf_token": csrf_of(form.text),
            "email": library.email,
            "password": f"{PASSWORD} but wrong",
        }
        browser.post(form.url, fields, timeout=30)
        page = browser.post(form.url, {**fields, "password": PASSWORD}, timeout=30)
        secrets |= {f"cookie {cookie.name}": str(cookie.value) for cookie in browser.cookies}
        secrets["csrf token"] = csrf_of(page.text)
        assert browser.get(reset, timeout=30).ok
        for item in library.api("GET", "photos?limit=3")["items"]:
            secrets[f"signature of {item['name']}"] = item["original_url"].rpartition("signature=")[2]
            assert browser.get(url + item["original_url"], timeout=30).ok
            tampered = item["original_url"][:-4] + "AAAA"
            assert browser.get(url + tampered, timeout=30).status_code == 403
            secrets["tampered signature"] = tampered.rpartition("signature=")[2]
        missing = browser.get(f"{url}/photos/not-there", timeout=30)
    headers = {"Authorization": "Bearer bgi_made-up-by-somebody"}
    refused = requests.get(f"{url}/api/v1/photos?cursor=made-up", headers=headers, timeout=30).json()
    secrets["wrong token"] = "made-up-by-somebody"

    log = library.app.log
    lines = [json.loads(line) for line in log.splitlines()]
    assert all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    shown = re.search(r"<code[^>]*>([0-9a-f]{16})</code>", missing.text)
    assert shown is not None, missing.text
    for request_id, path in ((shown[1], "/photos/not-there"), (refused["request_id"], "/api/v1/photos")):
        assert path in {line.get("path") for line in lines if line.get("request_id") == request_id}
    found = {name for name, secret in secrets.items() if len(secret) > 3 and secret in log}
    assert found == set()
    assert "signature=" not in log
    assert not [line for line in lines if line["level"] == "error"]
