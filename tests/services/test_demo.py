"""The invented library: the same for the same seed, shaped as promised, whole in every part."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from msgspec.structs import replace
from sqlalchemy import delete, update

from photos.db import chunks, documents, timeline
from photos.db import photos as photo_rows
from photos.db.objects import SHARED
from photos.db.schema import duplicate, photo_hash
from photos.errors import Conflict, Invalid
from photos.models import PhotoState, PhotoSummary, SearchDocument, Shelf, TakenSource
from photos.services import demo, duplicates, fsck
from photos.services import library as acts
from photos.services.demo_rows import HEAVY_MONTH, invent, plan
from tests.services.conftest import Library

COUNT = 300


@pytest.fixture(autouse=True)
def few_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is the slow part."""
    monkeypatch.setattr(demo, "SCENES", 2)


def fill(shelf: Library, count: int = COUNT, seed: str = "1") -> list[int]:
    parts, steps = shelf.backends, list[int]()
    demo.make_library(
        count,
        owner=shelf.owner,
        seed=seed,
        database=parts.database,
        storage=parts.storage,
        recognition=parts.recognition,
        search=parts.search,
        darkroom=parts.darkroom,
        report=steps.append,
    )
    return steps


def shown(shelf: Library) -> list[PhotoSummary]:
    with shelf.backends.database.read() as connection:
        page = timeline.list_range(
            connection,
            owner_id=shelf.owner.id,
            shelf=Shelf.TIMELINE,
            newest=(2**62, 0),
            oldest=(-(2**62), 0),
            limit=1000,
        )
    return list(page.items)


def differences(shelf: Library) -> int:
    parts, told = shelf.backends, list[str]()
    fsck.find_differences(
        database=parts.database, storage=parts.storage, search=parts.search, report=told.append
    )
    assert told == []
    return len(told)


def test_a_library_is_there_whole_and_searchable(library: Library) -> None:
    assert sum(fill(library)) == COUNT
    assert differences(library) == 0
    photos = shown(library)
    assert len(photos) == COUNT
    with library.backends.database.read() as connection:
        assert chunks.count_shelf(connection, library.owner.id, Shelf.TIMELINE) == COUNT
    assert len(library.find("label:person")) > 20
    assert all(len(photo.renditions) == 2 and photo.thumbhash and photo.width for photo in photos)
    assert {photo.renditions[0].key.startswith(SHARED) for photo in photos} == {True}


def test_the_index_gets_what_the_rows_say(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    put = list[SearchDocument]()
    search = library.backends.search
    keep = search.put

    def note(documents: Iterable[SearchDocument]) -> None:
        made = list(documents)
        put.extend(made)
        keep(made)

    monkeypatch.setattr(search, "put", note)
    fill(library)
    with library.backends.database.read() as connection:
        stored = {each.key: each for each in documents.search_documents(connection)}
    assert len(put) == len(stored) == COUNT
    for each in put:
        row = stored[each.key]
        bare = sorted((label.name, label.confidence) for label in row.labels)
        assert sorted((label.name, label.confidence) for label in each.labels) == bare
        assert replace(each, labels=()) == replace(row, labels=())


def test_the_same_seed_gives_the_same_photos_once(library: Library) -> None:
    assert list(invent(50, seed="a", scenes=5)) == list(invent(50, seed="a", scenes=5))
    assert list(invent(50, seed="a", scenes=5)) != list(invent(50, seed="b", scenes=5))
    fill(library, 20)
    with pytest.raises(Invalid, match="another seed"):
        fill(library, 20)
    fill(library, 20, seed="2")
    assert len(shown(library)) == 40


def test_shared_pictures_stay_until_the_last_photo_goes(library: Library) -> None:
    fill(library, 20)
    parts = library.backends
    later = datetime.now(UTC) - timedelta(hours=1)
    for photo in shown(library):
        assert {each.key for each in photo.renditions} <= library.objects()
        with parts.database.write() as connection:
            photo_rows.purge_photo(connection, photo.key, now=later)
        library.sweep()
        assert differences(library) == 0
    assert library.objects() == set()


def test_pictures_that_no_photo_shows_are_not_stored(library: Library) -> None:
    fill(library, 1)
    assert differences(library) == 0


def test_an_invented_photo_stays_as_it_is_whatever_is_asked_of_it(library: Library) -> None:
    fill(library, 4)
    parts = library.backends
    here = {"owner": library.owner, "database": parts.database}
    photo = library.photo(shown(library)[0].id)
    for act in (
        lambda: acts.reprocess(photo.id, **here, jobs=parts.jobs),
        lambda: acts.turn(photo.id, 90, **here, jobs=parts.jobs),
        lambda: acts.edit(
            photo.id, acts.Edit(taken={"from_file": True}), **here, search=parts.search, jobs=parts.jobs
        ),
    ):
        with pytest.raises(Conflict, match="invented"):
            act()
    assert library.photo(photo.id) == photo
    with parts.database.write() as connection:
        # a new recipe develops every photo again
        photo_rows.renew_photo(connection, photo.key, now=datetime.now(UTC))
    library.sweep()
    library.work()
    again = library.photo(photo.id)
    assert again.state is PhotoState.READY
    assert replace(again, revision=photo.revision, attempts=1, updated_at=photo.updated_at) == replace(
        photo, recogniser=again.recogniser
    )
    assert differences(library) == 0


def test_what_looks_the_same_is_a_copy_or_the_next_frame(library: Library) -> None:
    fill(library, 600)
    parts = library.backends
    assert duplicates.match_new(database=parts.database) == 0, "its pairs are known"
    groups = duplicates.list_groups(owner=library.owner, database=parts.database, limit=100).items
    assert 3 <= len(groups) <= 20
    for group in groups:
        first, *others = group.photos
        for other in others:
            assert other.camera == first.camera
            # two without a date stand where they arrived, one after the other
            assert other.taken_local == first.taken_local or other.taken_source is TakenSource.UPLOAD
            assert other.renditions == first.renditions, "it shows the same picture"


def test_the_pairs_it_knows_are_those_that_comparing_finds(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "BATCH", 250)
    fill(library, 600)
    database = library.backends.database
    known = groups_of(library)
    with database.write() as connection:
        connection.execute(delete(duplicate))
        connection.execute(update(photo_hash).values(is_matched=False))
    assert duplicates.match_new(database=database) == 600
    assert groups_of(library) == known != []


def groups_of(shelf: Library) -> list[set[str]]:
    database = shelf.backends.database
    page = duplicates.list_groups(owner=shelf.owner, database=database, limit=100)
    return [{photo.id for photo in group.photos} for group in page.items]


@pytest.mark.parametrize("count", [1_000, 100_000, 1_000_000])
def test_months_are_shaped_as_promised(count: int) -> None:
    months = plan(count)
    assert sum(photos for _, photos in months) == count
    assert dict(months)[None] == count // 20
    heavy = max(months, key=lambda month: month[1])
    assert heavy[0] == HEAVY_MONTH
    assert heavy[1] >= 70_000 or count < 100_000


def test_photos_are_as_odd_as_real_ones() -> None:
    photos = list(invent(5_000, seed="1", scenes=5))
    assert len({photo.id for photo in photos}) == 5_000
    assert {345, -210, 765, 840, -720, None} <= {photo.facts.offset_minutes for photo in photos}
    seen = Counter(label.name for photo in photos for label in photo.labels)
    ranked = [number for _, number in seen.most_common()]
    assert ranked[0] > 5 * ranked[9] > 0
    copies = sum(
        (int.from_bytes(one.hash_bits, "big") ^ int.from_bytes(two.hash_bits, "big")).bit_count() <= 10
        for one, two in pairwise(photos)
    )
    assert 100 < copies < 200
    assert any(photo.text for photo in photos)
    assert any(photo.tags for photo in photos)
