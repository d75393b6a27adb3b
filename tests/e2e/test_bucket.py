"""Photos straight from a browser into a bucket of another origin, and from there into its pages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, Route, expect

from tests import pictures
from tests.e2e.furnished import Furnished, furnish
from tests.e2e.test_main_job import drop
from tests.e2e.test_queue import is_over, open_uploads
from tests.e2e.witness import Witness
from tests.servers.app import RunningApp
from tests.servers.radosgw import Radosgw

pytestmark = pytest.mark.e2e

MIB = 1024 * 1024
PARTS = {"PART_BYTES": str(5 * MIB)}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory, radosgw: Radosgw) -> Iterator[Furnished]:
    """A library in a bucket that has no rules yet."""
    settings = radosgw.environ(radosgw.create_bucket()) | {
        "RECOGNITION": "off",
        "WEB_PROCESSES": "1",
        **PARTS,
    }
    app = RunningApp(tmp_path_factory.mktemp("bucket") / "data", settings)
    try:
        yield furnish(app)
    finally:
        app.kill()


@pytest.fixture
def page(library: Furnished, context: BrowserContext, witness: Witness) -> Page:
    page = context.new_page()
    open_uploads(page, library)
    return page


def large(path: Path, seed: int) -> Path:
    """A photo in three parts: what follows the picture is nothing to a decoder."""
    body = pictures.jpeg(640, 480, seed=seed)
    path.write_bytes(body + bytes(11 * MIB - len(body)))
    return path


def test_a_bucket_without_rules_is_named_as_the_reason(
    page: Page, library: Furnished, radosgw: Radosgw, tmp_path: Path, witness: Witness
) -> None:
    witness.forgiven |= {urlsplit(radosgw.endpoint_url).netloc, "/uploads"}
    asked = library.app.command("bucket")
    assert asked.returncode == 1
    assert f"pages of {library.app.url} may not GET, HEAD, PUT" in asked.stderr
    photo = tmp_path / "early.jpg"
    photo.write_bytes(pictures.jpeg(320, 240, seed=1))
    drop(page, [photo])
    row = page.locator(".queue-row", has_text="early.jpg")
    expect(row).to_contain_text("The store of the photos does not answer this browser", timeout=60_000)
    done = library.app.command("bucket", "--set")
    assert done.returncode == 0, done.stderr
    page.get_by_role("button", name="Retry all failed").click()
    is_over(page, "1 photo has arrived")


def test_photos_go_straight_to_the_bucket_and_are_shown_from_there(
    page: Page, library: Furnished, radosgw: Radosgw, tmp_path: Path
) -> None:
    assert library.app.command("bucket", "--set").returncode == 0
    assert library.app.command("bucket").returncode == 0
    bucket = urlsplit(radosgw.endpoint_url).netloc
    sent: list[Request] = []
    page.on("request", lambda request: sent.append(request) if request.method == "PUT" else None)
    small = tmp_path / "small.jpg"
    small.write_bytes(pictures.jpeg(320, 240, seed=2))
    drop(page, [small, large(tmp_path / "large.jpg", 3)])
    is_over(page, "2 photos have arrived")
    assert len(sent) == 4
    assert {urlsplit(request.url).netloc for request in sent} == {bucket}
    page.goto(library.app.url)
    for name in ("small.jpg", "large.jpg"):
        picture = page.locator(f'img[alt*="{name}"]').first
        expect(picture).to_be_visible(timeout=60_000)
    page.wait_for_function("() => [...document.images].some((image) => image.naturalWidth > 0)")
    shown = page.evaluate("[...document.images].map((image) => new URL(image.currentSrc || image.src).host)")
    assert bucket in shown
    assert library.app.command("fsck").returncode == 0


def test_addresses_that_have_run_out_are_asked_for_again(
    page: Page, library: Furnished, radosgw: Radosgw, tmp_path: Path, witness: Witness
) -> None:
    """The store itself refuses an address whose signature is of another second."""
    witness.forgiven |= {urlsplit(radosgw.endpoint_url).netloc, "/uploads"}
    assert library.app.command("bucket", "--set").returncode == 0
    refused: list[str] = []

    def age(route: Route) -> None:
        url = route.request.url
        if route.request.method == "PUT" and len(refused) < 2:
            refused.append(url)
            url = url.replace("X-Amz-Date=20", "X-Amz-Date=19")
        route.continue_(url=url)

    page.route(f"{radosgw.endpoint_url}/**", age)
    drop(page, [large(tmp_path / "slow.jpg", 4)])
    is_over(page, "1 photo has arrived")
    assert len(refused) == 2
