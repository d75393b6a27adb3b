"""Two machines with folders of their own serve one library: whoever asks is told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from photos.backends.search import Search
from photos.backends.search.sqlite import SqliteSearch
from photos.services import one_index
from tests.services.conftest import Library


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Search]:
    """The index of another machine."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    index = SqliteSearch(folder / "search.db")
    yield index
    index.close()


def problem(library: Library, search: Search) -> str:
    return one_index.find_problem(database=library.backends.database, search=search)


def test_who_has_another_index_than_the_one_that_is_swept_is_told(
    library: Library, elsewhere: Search, caplog: pytest.LogCaptureFixture
) -> None:
    own = library.backends.search
    assert problem(library, elsewhere) == "", "nobody has swept yet"
    library.sweep()
    library.sweep()
    assert problem(library, own) == ""
    assert problem(library, elsewhere) == one_index.SENTENCE
    assert caplog.messages == []
    one_index.claim(database=library.backends.database, search=elsewhere, now=datetime.now(UTC))
    assert caplog.messages == [one_index.SENTENCE]
    assert problem(library, own) == "", "who was first stays"


def test_a_folder_that_was_replaced_is_forgotten_after_some_minutes(
    library: Library, elsewhere: Search, caplog: pytest.LogCaptureFixture
) -> None:
    library.sweep()
    later = datetime.now(UTC) + timedelta(seconds=one_index.SECONDS + 1)
    one_index.claim(database=library.backends.database, search=elsewhere, now=later)
    assert caplog.messages == []
    assert problem(library, elsewhere) == ""
    assert problem(library, library.backends.search) == one_index.SENTENCE


def test_an_index_that_is_down_does_not_stop_the_sweep(library: Library, tmp_path: Path) -> None:
    missing = SqliteSearch(tmp_path / "missing" / "search.db")
    one_index.claim(database=library.backends.database, search=missing, now=datetime.now(UTC))
    assert problem(library, library.backends.search) == ""
