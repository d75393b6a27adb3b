"""A browser context with a witness for each test, and one Bigimage that all tests of a worker live in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from photos.config import read_settings
from photos.db.engine import Database
from tests import pictures
from tests.chromium import PATIENCE_MS
from tests.e2e.crowd import add_crowd
from tests.e2e.furnished import Furnished, move_in
from tests.e2e.witness import Witness
from tests.servers.app import RunningApp

CROWD = 8_000


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """A Bigimage without a recogniser that runs as long as the tests: who wants an empty library moves in.

    Under the name photos.test, too, which is not loopback and so no secure context.
    """
    app = RunningApp(tmp_path_factory.mktemp("house") / "data", {"RECOGNITION": "off"})
    app.settings["OTHER_ORIGINS"] = f"http://photos.test:{app.port}"
    app.start()
    yield app
    app.kill()


@pytest.fixture(scope="module")
def library(house: RunningApp) -> Furnished:
    """An empty library for the tests of a file."""
    return move_in(house)


@pytest.fixture(scope="session")
def crowd(house: RunningApp, tmp_path_factory: pytest.TempPathFactory) -> Furnished:
    """Eight thousand photos of twenty years around six cities."""
    library = move_in(house)
    library.upload(*pictures.sample_photos(tmp_path_factory.mktemp("crowd"), 8))
    database = Database(read_settings(house.environ()).database_url)
    add_crowd(database, list(library.ids.values()), CROWD)
    database.close()
    return library


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


@pytest.fixture(scope="session")
def window(browser: Browser, house: RunningApp) -> Iterator[Witness]:
    """A browser window of the usual size, watched, in which a path is one of the house. It is kept: to read
    and compile all scripts anew takes long."""
    context = browser.new_context(
        base_url=house.url, viewport={"width": 1440, "height": 900}, reduced_motion="reduce"
    )
    context.set_default_timeout(PATIENCE_MS)
    yield Witness(context)
    context.close()


@pytest.fixture
def context(window: Witness) -> Iterator[BrowserContext]:
    """A browser window in which nothing is open, nobody is known and nothing is stored."""
    yield window.context
    window.clear()


@pytest.fixture
def witness(context: BrowserContext, window: Witness) -> Iterator[Witness]:
    """Everything that goes wrong in `context`; the test fails at its end if there is anything."""
    yield window
    assert window.complaints == []


@pytest.fixture
def bigimage(data_folder: Path) -> Iterator[RunningApp]:
    """A Bigimage that is not started yet, on an empty folder."""
    app = RunningApp(data_folder, {"RECOGNITION": "off"})
    yield app
    app.kill()
