"""The definition of role `search`: what every adapter promises.

Meaning and order of queries are held equal to `photos.query.evaluate` in tests/unit/query; here is what an
index owes beyond that.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from photos.backends.search import Search
from photos.backends.search.sqlite import SqliteSearch
from tests.contracts.search.adapters import Adapter


@pytest.fixture(params=["sqlite"])
def adapter(request: pytest.FixtureRequest) -> Adapter:
    return request.getfixturevalue(f"{request.param}_adapter")


@pytest.fixture
def search(adapter: Adapter) -> Search:
    return adapter.search


@pytest.fixture
def sqlite_adapter(tmp_path: Path) -> Iterator[Adapter]:
    folder, away = tmp_path / "index", tmp_path / "away"
    folder.mkdir()
    opened: list[SqliteSearch] = []

    def open_again() -> SqliteSearch:
        opened.append(SqliteSearch(folder / "search.db"))
        return opened[-1]

    yield Adapter(
        search=open_again(),
        opened_again=open_again,
        stored_bytes=lambda: b"".join(path.read_bytes() for path in sorted(folder.iterdir())),
        break_it=lambda: folder.rename(away) and None,
        mend_it=lambda: away.rename(folder) and None,
    )
    for index in opened:
        index.close()
