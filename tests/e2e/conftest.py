"""A browser context with a witness for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.chromium import PATIENCE_MS
from tests.e2e.witness import Witness
from tests.servers.app import RunningApp


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
