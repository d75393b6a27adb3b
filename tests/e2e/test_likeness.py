"""More like this in a real browser, with real photographs and the recogniser that looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import BrowserContext, expect

from tests.e2e.furnished import Furnished, furnish, until
from tests.e2e.witness import Witness, accessibility_faults, keep_picture, sideways_overflow
from tests.recogniser import as_jpeg, models_folder, photo
from tests.servers.app import RunningApp

NAMES = ("chelsea", "coffee", "rocket")


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """Three photographs, and of each a part that is mirrored."""
    models_folder()
    folder = tmp_path_factory.mktemp("likeness")
    library = furnish(RunningApp(folder / "data", {"RECOGNITION": "local", "WEB_PROCESSES": "1"}))
    paths = []
    for name in NAMES:
        whole = photo(name)
        part = whole.crop((whole.width // 8, whole.height // 8, whole.width, whole.height))
        mirrored = part.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        for kind, picture in (("whole", whole), ("part", mirrored)):
            paths.append(folder / f"{name}-{kind}.jpg")
            paths[-1].write_bytes(as_jpeg(picture))
    library.upload(*paths)
    until(lambda: len(library.api("GET", "search?q=type:jpeg")["items"]) == len(paths), "all are found")
    yield library
    library.app.kill()


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (360, "dark")])
def test_a_button_of_the_photo_leads_to_what_looks_like_it(
    library: Furnished, context: BrowserContext, witness: Witness, width: int, scheme: Any
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    library.open(page)
    chelsea = library.ids["chelsea-whole.jpg"]
    page.locator(f"#photo-{chelsea}").click()
    expect(page.get_by_role("link", name="More like this")).to_be_visible()
    keep_picture(page, f"likeness-viewer-{width}")
    page.get_by_role("link", name="More like this").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("like ‘chelsea-whole.jpg’")
    shown = page.locator(".results .tile")
    expect(shown).to_have_count(2)
    for kind in ("whole", "part"):
        expect(page.locator(f"#photo-{library.ids[f'chelsea-{kind}.jpg']}")).to_be_visible()
    expect(page.get_by_text("100 % alike")).to_be_visible()
    assert page.get_by_role("link", name="Best match first").get_attribute("aria-current") == "true"
    keep_picture(page, f"likeness-results-{width}")
    assert accessibility_faults(page) == []
    assert sideways_overflow(page) == []


def test_the_api_says_how_much_alike(library: Furnished) -> None:
    rocket = library.ids["rocket-whole.jpg"]
    items = library.api("GET", f"search?q=like:{rocket}&order=relevance")["items"]
    told = {each["photo"]["name"]: each["reasons"][0] for each in items}
    assert told["rocket-whole.jpg"] == {
        "kind": "like",
        "value": "100 %",
        "confidence": None,
        "because": "",
    }
    assert int(told["rocket-part.jpg"]["value"].removesuffix(" %")) >= 60
    assert not {"coffee-whole.jpg", "chelsea-whole.jpg"} & set(told)
