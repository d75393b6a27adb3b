"""A page asks the database the same number of questions, however many photos it shows or stands on."""

from __future__ import annotations

import pytest

from photos.services import demo
from tests.db.making import counted
from tests.web.shelves import Library

PAGES = (
    *("/", "/choose", "/trash", "/archive", "/search?q=type:jpeg", "/search?q=label:person", "/uploads"),
    *("/duplicates", "/changes", "/account", "/api/v1/timeline", "/api/v1/timeline/2019-06/chunks"),
    *("/api/v1/timeline/2019-06/photos", "/api/v1/photos", "/api/v1/search?q=type:jpeg"),
)


def invent(library: Library, count: int, seed: str) -> None:
    parts = library.backends
    assert library.browser.user is not None
    demo.make_library(
        count,
        owner=library.browser.user,
        seed=seed,
        database=parts.database,
        storage=parts.storage,
        recognition=parts.recognition,
        search=parts.search,
        darkroom=parts.darkroom,
        report=lambda _: None,
    )


def statements(library: Library) -> dict[str, int]:
    asked = {}
    for path in PAGES:
        # what is learnt once by a process is not asked twice
        assert library.browser.get(path).status_code == 200, path
        with counted(library.backends.database) as sent:
            assert library.browser.get(path).status_code == 200
        asked[path] = len(sent)
    return asked


def test_pages_ask_as_often_of_many_photos_as_of_few(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "SCENES", 1)
    invent(library, 70, "few")
    few = statements(library)
    invent(library, 250, "many")
    assert statements(library) == few
    assert max(few.values()) <= 12, few
