"""Tiles are kept between requests, and never beyond the photo they show."""

from __future__ import annotations

from sqlalchemy import event

from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, tiles


def test_a_kept_tile_changes_with_its_photo(library: Library, people: People) -> None:
    photo = library.add(pictures.jpeg(seed=1))
    assert 'alt="A lighthouse' not in people.owner.get("/").text
    people.owner.api("PATCH", f"/api/v1/photos/{photo.id}", {"description": "A lighthouse at noon"})
    assert 'alt="A lighthouse at noon"' in people.owner.get("/").text
    people.owner.api("PATCH", f"/api/v1/photos/{photo.id}", {"is_favourite": True})
    assert "tile-mark" in people.owner.get("/").text


def test_a_waiting_photo_is_not_kept_as_waiting(library: Library, people: People) -> None:
    library.send(("photo.jpg", pictures.jpeg(seed=2)))
    assert 'data-state="new"' in people.owner.get("/").text
    library.work()
    assert 'data-state="ready"' in people.owner.get("/").text


def test_a_kept_tile_is_shown_to_its_owner_only(library: Library, people: People) -> None:
    photo = library.add(pictures.jpeg(seed=3))
    assert tiles(people.owner.get("/").text) == [photo.id]
    assert tiles(people.member.get("/").text) == []


def test_a_page_seen_before_reads_no_photo_again(library: Library, people: People) -> None:
    library.add(pictures.jpeg(seed=4))
    people.owner.get("/")
    statements: list[str] = []
    engine = library.backends.database.engine
    event.listen(engine, "before_cursor_execute", lambda *words: statements.append(words[2]))
    people.owner.get("/")
    assert not [statement for statement in statements if "FROM rendition" in statement]
