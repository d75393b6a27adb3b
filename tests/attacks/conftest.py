"""The application, the people and the browser of the page tests, and what an attacker would like to have."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import BrowserContext

from tests.attacks.belongings import Belongings
from tests.e2e.conftest import make_context
from tests.web.conftest import (
    People,
    app,
    cast,
    client,
    library,
    make_app,
    people,
    person,
    settings,
)
from tests.web.shelves import Library

__all__ = [
    "app",
    "belongings",
    "cast",
    "client",
    "library",
    "make_app",
    "make_context",
    "people",
    "person",
    "settings",
]


@pytest.fixture
def belongings(app: Flask, people: People, library: Library) -> Belongings:
    """One of each thing that the owner can have."""
    return Belongings.of(app, people, library)


@pytest.fixture
def context(make_context: Callable[..., BrowserContext]) -> BrowserContext:
    """A new browser window, in which nothing of an earlier attack is left."""
    return make_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
