"""How Chromium is started: without a word to anybody outside this machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

from tests.needs import require

# The build without windows needs 40 % less CPU time for the same pages.
CHROMIUM = shutil.which("chromium-headless-shell") or shutil.which("chromium")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # a name that is not loopback, so that the page is no secure context
    "--host-resolver-rules=MAP photos.test 127.0.0.1",
)
PATIENCE_MS = 20_000


@contextmanager
def launched() -> Iterator[Browser]:
    """One Chromium; skips the test where there is none."""
    require(
        CHROMIUM is not None,
        "chromium-headless-shell is not installed; `make test` installs it where it may use apt",
    )
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()
