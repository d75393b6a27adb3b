"""Pictures of every page in both themes and several widths, for eyes; and what axe says of each.

    python -m tests.e2e.look http://127.0.0.1:8000 EMAIL --to FOLDER    (asks for the password)

The library at that address should have photos in it, upright and wide, and one that was refused.
"""

from __future__ import annotations

import argparse
import getpass
import os
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import CHROMIUM, FLAGS
from tests.e2e.witness import Witness, accessibility_faults, sideways_overflow

WIDTHS = (360, 768, 1440, 1920)
THEMES = ("light", "dark")
PAGES = {
    "timeline": "/",
    "search": "/search?q=has:text+OR+type:jpeg",
    "nothing-found": "/search?q=unicorn",
    "wrong-query": "/search?q=label:cat+colour:red",
    "ways-to-search": "/search",
    "uploads": "/uploads",
    "trash": "/trash",
    "account": "/account",
    "not-there": "/photos/AAAAAAAAAAAAAAAAAAAAAA",
}


def main() -> None:
    """Look at every page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("server")
    parser.add_argument("email")
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    password = os.environ.get("BIGIMAGE_PASSWORD") or getpass.getpass()
    arguments.to.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        for theme in THEMES:
            for width in WIDTHS:
                _look(browser, arguments.server, arguments.email, password, theme, width, arguments.to)
        browser.close()


def _look(
    browser: Browser, server: str, email: str, password: str, theme: str, width: int, folder: Path
) -> None:
    context = browser.new_context(
        base_url=server,
        viewport={"width": width, "height": 740 if width < 500 else 900},
        color_scheme="dark" if theme == "dark" else "light",
        reduced_motion="reduce",
    )
    witness = Witness(context)
    witness.forgiven |= {"colour:red", PAGES["not-there"]}
    page = context.new_page()
    page.goto("/")
    _picture(page, folder, f"sign-in-{width}-{theme}")
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(password)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    pages = dict(PAGES)
    tile = page.locator(".tile").first
    if tile.count():
        pages["photo"] = tile.get_attribute("href") or "/"
    for name, path in pages.items():
        page.goto(path)
        _picture(page, folder, f"{name}-{width}-{theme}")
        for complaint in (*accessibility_faults(page), *sideways_overflow(page)):
            print(f"{name} {width} {theme}: {complaint}")
    for complaint in witness.complaints:
        print(f"{width} {theme}: {complaint}")
    context.close()


def _picture(page: Page, folder: Path, name: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=folder / f"{name}.png")


if __name__ == "__main__":
    main()
