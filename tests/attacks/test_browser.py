"""Scripts in everything that people can write, and a real browser that opens every page.

The payloads call `hook`, open dialogs, or ask evil.example. What is counted: calls, dialogs, reports of
the content security policy, requests that leave the house. All have to be 0.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext, Page, Request, expect
from werkzeug.serving import make_server

from photos.db import photos as photo_rows
from photos.db import pipeline
from photos.models import Box, Label, Photo, TextLine
from photos.services.indexing import index_photos
from tests import pictures
from tests.attacks import payloads
from tests.attacks.belongings import send_file
from tests.proof import Sweep
from tests.servers.ports import free_port
from tests.servers.serving import serving
from tests.web.conftest import People
from tests.web.shelves import Library

pytestmark = [
    pytest.mark.e2e,
    # Werkzeug's own server leaves the file of a script open that a page has asked for and no longer wants
    pytest.mark.filterwarnings("ignore:Exception ignored:pytest.PytestUnraisableExceptionWarning"),
]

PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "100"))
NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALL_WORDS = " ".join(payloads.MARKUP)
COUNTER = """
window.attacks = [];
window.hook = () => { attacks.push("hook"); };
window.alert = window.confirm = window.prompt = (text) => { attacks.push("dialog " + text); };
addEventListener("securitypolicyviolation", (event) =>
  attacks.push(`CSP ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`));
"""


class Watch:
    """Counts what an attack would have done in a browser context."""

    def __init__(self, context: BrowserContext) -> None:
        self.found: list[str] = []
        context.add_init_script(COUNTER)
        context.on("dialog", self._on_dialog)
        context.on("request", self._on_request)

    def _on_dialog(self, dialog: Any) -> None:
        self.found.append(f"dialog {dialog.message}")
        dialog.dismiss()

    def _on_request(self, request: Request) -> None:
        if urlsplit(request.url).hostname not in {"127.0.0.1", "localhost", None}:
            self.found.append(f"request {request.url}")

    def visit(self, page: Page, url: str) -> int:
        """Open a page, give its scripts time to run, and note what happened. Returns the status."""
        answer = page.goto(url)
        page.wait_for_timeout(50)  # our clock: that of a sandboxed page stands still
        assert urlsplit(page.url).hostname in {"127.0.0.1", "localhost"}, page.url
        self.found += [f"{url}: {what}" for what in page.evaluate("window.attacks || []")]
        assert answer is not None
        return answer.status


@pytest.fixture
def house(app: Flask) -> Iterator[str]:
    """The application on a port of localhost, where its people's cookies hold."""
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    with serving(server):
        yield f"http://localhost:{server.port}"


@pytest.fixture
def settings(settings: Any) -> Any:
    """Any port of this machine is a name of ours."""
    return replace(settings, other_origins=tuple(f"http://localhost:{port}" for port in range(20000, 32001)))


def hostile_photo(library: Library, number: int, words: str) -> Photo:
    """A photo whose file, words, labels and text are all made of `words`."""
    block = pictures.exif(
        description=words, make=words[:60], model=words[:60], lens=words[:60], taken="2024:06:01 12:00:00"
    )
    keywords = pictures.xmp_keywords(words.replace("&", "&amp;").replace("<", "&lt;"))
    body = pictures.encode(
        pictures.scene(60 + number, 50, seed=number), "JPEG", exif=block, xmp=pictures.xmp(None, keywords)
    )
    body = pictures.with_iptc(body, keywords=[words[:60]], caption=words)
    sent = send_file(library.browser, body, f"{words[:120]}.jpg")
    assert sent.status_code == 200, sent.text
    library.work()
    photo = library.photo(sent.json["id"])
    box = Box(0.1, 0.1, 0.3, 0.3)
    with library.backends.database.write() as connection:
        labels = [Label(words[:100], 96.0, (box,)), Label(f"low {words}"[:100], 55.0, (box,))]
        pipeline.save_labels(connection, photo.key, provider="tester/1", labels=labels, now=NOW)
        lines = [TextLine(words[:500], 90.0, box)]
        pipeline.save_text(connection, photo.key, provider="tester/1", lines=lines, now=NOW)
        photo_rows.set_tags(connection, photo.key, [words[:100]], now=NOW)
    index_photos([photo.key], database=library.backends.database, search=library.backends.search)
    return library.photo(photo.id)


@pytest.fixture
def photos(library: Library, people: People) -> list[Photo]:
    """One photo for each payload; a refused one and one in the trash among them."""
    made = [hostile_photo(library, number, words) for number, words in enumerate(payloads.MARKUP)]
    assert people.owner.post(f"/photos/{made[-1].id}/trash").status_code == 303
    broken = pictures.truncated(pictures.jpeg(90, 90), 0.5)
    assert send_file(library.browser, broken, "</script><script>hook()</script>.jpg").status_code == 200
    library.work()
    for address in ("name", "tokens"):
        form = {"name": ALL_WORDS[:150], "token_name": payloads.MARKUP[0], "scope": "read", "days": ""}
        assert people.owner.post(f"/account/{address}", form).status_code in {200, 303}
    return made


@pytest.fixture
def signed_in(context: BrowserContext, house: str, people: People) -> Page:
    """The owner at a browser."""
    context.add_cookies([{"name": "bigimage", "value": people.owner.cookie(), "url": house}])
    return context.new_page()


def addresses(photos: list[Photo]) -> list[str]:
    """Every page with words of people on it."""
    found = ["/", "/search", "/uploads", "/trash", "/account"]
    found += [f"/photos/{photo.id}" for photo in photos]
    found += [f"/photos/{photos[-1].id}/delete"]
    return found


def echoes() -> list[str]:
    """Every address whose own words come back in the page."""
    found = []
    for words in payloads.MARKUP:
        coded = quote(words, safe="")
        found += [f"/search?q={coded}", f"/none/{coded}", f"/?cursor={coded}", f"/search?q=a&order={coded}"]
        found += [
            f"/api/v1/photos?{coded}=1",
            f"/api/v1/photos?cursor={coded}",
            f"/sign-in/callback?error={coded}",
        ]
        found += [f"/media/{coded}?signature={coded}", f"/uploads?cursor={coded}"]
    return found


def test_row_052_053_054_no_word_on_any_page_becomes_a_script(
    context: BrowserContext, signed_in: Page, house: str, photos: list[Photo]
) -> None:
    watch = Watch(context)
    for address in addresses(photos):
        assert watch.visit(signed_in, house + address) == 200
    assert watch.found == []
    shown = signed_in.goto(f"{house}/photos/{photos[0].id}")
    assert shown is not None
    expect(signed_in.locator("body")).to_contain_text(payloads.MARKUP[0])


def test_row_056_no_word_of_an_address_becomes_a_script(
    context: BrowserContext, signed_in: Page, house: str
) -> None:
    """Each address with a few of the words."""
    watch = Watch(context)
    for address in echoes()[::8]:
        assert watch.visit(signed_in, house + address) < 500
    assert watch.found == []


@pytest.mark.proof
def test_row_056_no_word_of_any_address_becomes_a_script(
    context: BrowserContext, signed_in: Page, house: str, sweep: Sweep
) -> None:
    """Each address with each of the words; BIGIMAGE_PROOF_N in a hundred of these, chosen by chance."""
    watch, known = Watch(context), echoes()
    sweep.cases = min(len(known), len(known) * PROOF_N // 100)
    for address in random.Random(56).sample(known, sweep.cases):
        assert watch.visit(signed_in, house + address) < 500
    assert watch.found == []


def test_row_056_search_box_and_forms_are_typed_into_without_harm(
    context: BrowserContext, signed_in: Page, house: str
) -> None:
    watch = Watch(context)
    for words in payloads.MARKUP[::6]:
        watch.visit(signed_in, f"{house}/search")
        box = signed_in.locator("input[name=q]").first
        box.fill(words)
        box.press("Enter")
        signed_in.wait_for_load_state()
        watch.found += signed_in.evaluate("window.attacks")
    assert watch.found == []


def test_the_watch_sees_an_attack(context: BrowserContext, signed_in: Page, house: str) -> None:
    """Otherwise the tests above would prove nothing."""
    watch = Watch(context)
    watch.visit(signed_in, f"{house}/")
    signed_in.evaluate("""() => {
        document.body.insertAdjacentHTML("beforeend", '<img src=x onerror=hook()><img src=//evil.example/p>');
        return new Promise((resolve) => setTimeout(resolve, 300));
    }""")
    watch.found += signed_in.evaluate("window.attacks")
    assert any("CSP script-src" in what for what in watch.found), watch.found
    assert any("CSP img-src" in what for what in watch.found), watch.found


def test_row_062_bytes_of_people_run_nowhere(
    context: BrowserContext, signed_in: Page, house: str, library: Library, people: People
) -> None:
    """A file that is a picture and a page at once, opened as a page, a script, a style and a frame."""
    tail = b"<html><script>hook();parent.hook()</script><body onload=hook()>*/hook();"
    gif = pictures.gif(40, 30)
    polyglots = {
        "a.html.jpg": pictures.jpeg(50, 40) + tail,
        "a.js.gif": gif + b"\n*/=1;hook();//" + tail,
        "a.php.png": pictures.png(30, 40) + b"<?php system('id'); ?>" + tail,
        "comment.jpg": pictures.with_comment(pictures.jpeg(41, 40), tail),
    }
    watch = Watch(context)
    for name, body in polyglots.items():
        photo = library.add(body, name)
        shape = people.owner.api("GET", f"/api/v1/photos/{photo.id}").json
        for rendition in shape["renditions"].values():
            with people.owner.client.get(rendition["url"]) as answer:
                assert b"hook" not in answer.data
                assert b"<?php" not in answer.data
                assert answer.mimetype in {"image/jpeg", "image/png", "image/webp"}
        stored = library.backends.storage
        inline = stored.url(library.photo(photo.id).storage_key, media_type=shape["media_type"])
        with people.owner.client.get(inline) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.mimetype == shape["media_type"]
        watch.visit(signed_in, house + inline)
        watch.visit(signed_in, f"{house}/search")
        blocked = signed_in.evaluate(EMBED, inline)
        assert blocked == {"script": "refused", "style": "refused"}, (name, blocked)
        watch.found += [what for what in signed_in.evaluate("window.attacks") if "CSP" not in what]
    assert [what for what in watch.found if "CSP" not in what] == []


EMBED = """
(url) => {
  const tried = (tag, attributes) => new Promise((resolve) => {
    const element = Object.assign(document.createElement(tag), attributes);
    element.onload = () => resolve("loaded");
    element.onerror = () => resolve("refused");
    document.head.append(element);
    setTimeout(() => resolve("silent"), 3000);
  });
  return Promise.all([tried("script", { src: url }), tried("link", { rel: "stylesheet", href: url })])
    .then(([script, style]) => ({ script, style }));
}
"""


def test_row_075_no_page_can_be_framed(
    context: BrowserContext, signed_in: Page, house: str, people: People
) -> None:
    for address in ("/", "/account", "/search", "/trash", "/uploads", "/none", "/api/v1/me"):
        signed_in.set_content(f'<iframe src="{house}{address}"></iframe>')
        signed_in.wait_for_timeout(200)
        assert signed_in.frames[-1].url.startswith("chrome-error:"), address
        with people.owner.get(address) as answer:
            assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.proof
def test_row_053_the_public_list_of_naughty_strings_stays_text(
    context: BrowserContext, signed_in: Page, house: str, library: Library, people: People, sweep: Sweep
) -> None:
    """All of them from BIGIMAGE_PROOF_N=100 on, else as many of them in equal distances."""
    stride = max(1, 100 // PROOF_N)
    strings = [text for text in payloads.naughty_strings() if text.strip()][::stride]
    if not strings:
        pytest.skip("BIGIMAGE_CORPUS does not name a folder with naughty strings")
    photo = library.add(pictures.jpeg(70, 50), "naughty.jpg")
    watch = Watch(context)
    for text in strings:
        sweep.cases += 1
        document = {"description": text, "tags": [text[:100]]}
        answer = people.owner.api("PATCH", f"/api/v1/photos/{photo.id}", document)
        assert answer.status_code in {200, 400}, text
        if answer.status_code == 200:
            assert json.loads(answer.data)["description"] == text.replace("\r\n", "\n").strip()
            assert watch.visit(signed_in, f"{house}/photos/{photo.id}") == 200
    assert watch.found == []
