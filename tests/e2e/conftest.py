"""A browser for all tests of a worker, and a context with a witness for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, expect, sync_playwright

from tests.e2e.witness import Witness
from tests.needs import require
from tests.servers.app import RunningApp

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
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


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium; skips the test where there is none."""
    require(Path(CHROMIUM).exists(), "chromium is not installed; `make test-setup` installs it")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def make_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Browser contexts that end with the test. Keyword arguments are playwright's."""
    contexts = []

    def make(**options: Any) -> BrowserContext:
        context = browser.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()


@pytest.fixture
def context(make_context: Callable[..., BrowserContext]) -> BrowserContext:
    """A new browser window at the usual size."""
    return make_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")


@pytest.fixture
def witness(context: BrowserContext) -> Iterator[Witness]:
    """Everything that goes wrong in `context`; the test fails at its end if there is anything."""
    witness = Witness(context)
    yield witness
    assert witness.complaints == []


@pytest.fixture
def bigimage(data_folder: Path) -> Iterator[RunningApp]:
    """A Bigimage that is not started yet, on an empty folder."""
    app = RunningApp(data_folder, {"RECOGNITION": "off"})
    yield app
    app.kill()
