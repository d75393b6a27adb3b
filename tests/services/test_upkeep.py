"""fsck counts each kind of difference, repair mends it, reindex rebuilds; the sweep throws away."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import UTC, datetime

import msgspec
from sqlalchemy import update

from photos.db import documents, objects, schema
from photos.db import photos as photo_rows
from photos.models import PhotoState, SearchDocument
from photos.services import fsck, indexing, upkeep
from photos.services import library as acts
from tests import pictures
from tests.services.conftest import Library


def differences(library: Library) -> dict[str, int]:
    return {name: count for name, count in asdict(library.fsck()).items() if count}


def repair(library: Library) -> fsck.Repaired:
    parts = library.backends
    return fsck.repair(
        database=parts.database,
        storage=parts.storage,
        search=parts.search,
        jobs=parts.jobs,
        report=lambda _: None,
    )


def test_each_difference_is_counted_and_mended(library: Library) -> None:
    parts = library.backends
    photos = [library.upload(pictures.jpeg(64, 48, seed=seed)) for seed in range(4)]
    library.work()
    assert differences(library) == {}

    rendition = library.photo(photos[0].id).renditions[0]
    parts.storage.delete(rendition.key)
    parts.storage.put("renditions/aa/stray/large-1.jpg", b"stray", media_type="image/jpeg")
    parts.search.remove([photos[1].key])
    with parts.database.write() as connection:
        connection.execute(update(schema.user).values(used_bytes=1))
        connection.execute(update(schema.timeline_chunk).values(count=9))
        connection.execute(
            update(schema.photo).where(schema.photo.c.key == photos[2].key).values(revision=99)
        )
    assert differences(library) == {
        "renditions_missing": 1,
        "objects_without_row": 1,
        "documents_missing": 1,
        "documents_outdated": 1,
        "used_bytes_wrong": 1,
        "months_wrong": 1,
    }
    mended = repair(library)
    assert mended.months_counted == 1
    assert (mended.photos_to_develop, mended.objects_deleted, mended.photos_indexed) == (1, 1, 4)
    assert differences(library) == {}, "what waits for the runner is no difference"
    library.work()
    assert library.photo(photos[0].id).state is PhotoState.READY
    assert {each.key for each in library.photo(photos[0].id).renditions} <= library.objects()
    assert differences(library) == {}


def test_a_photo_that_waits_for_the_index_is_no_difference(library: Library) -> None:
    kept, purged = (library.upload(pictures.jpeg(64, 48, seed=seed)) for seed in (1, 2))
    library.work()
    parts = library.backends
    parts.search.remove([kept.key])
    assert differences(library) == {"documents_missing": 1}
    with parts.database.write() as connection:
        documents.mark_all_unindexed(connection)
        photo_rows.purge_photo(connection, purged.key, now=datetime.now(UTC))
    assert differences(library) == {}
    assert library.sweep().indexed == 2
    assert differences(library) == {}


def test_a_missing_original_is_counted_and_cannot_be_mended(library: Library) -> None:
    photo = library.upload(pictures.jpeg(64, 48))
    library.work()
    library.backends.storage.delete(photo.storage_key)
    assert differences(library) == {"originals_missing": 1}
    assert repair(library).photos_to_develop == 0
    assert differences(library) == {"originals_missing": 1}


def test_an_unfinished_upload_is_no_difference(library: Library) -> None:
    body = pictures.jpeg(64, 48)
    offer = library.offer(body)
    library.send(offer, body)
    assert differences(library) == {}


def test_reindex_refills_an_index_that_was_lost(library: Library) -> None:
    photo = library.upload(pictures.jpeg(64, 48))
    library.work()
    parts = library.backends
    acts.edit(
        photo.id,
        acts.Edit("lighthouse"),
        owner=library.owner,
        database=parts.database,
        search=parts.search,
        jobs=parts.jobs,
    )
    parts.search.clear()
    assert library.find("lighthouse") == []
    total = indexing.reindex(database=parts.database, search=parts.search, report=lambda _: None)
    assert total == 1
    assert library.find("lighthouse") == [photo.id]
    assert differences(library) == {}


def test_an_index_that_was_replaced_behind_the_rows_backs_is_mended(library: Library) -> None:
    kept, changed, gone = (library.upload(pictures.jpeg(64, 48, seed=seed)) for seed in (1, 2, 3))
    library.work()
    library.sweep()
    search, database = library.backends.search, library.backends.database
    before = {document.key: document for document in _documents(library)}
    search.remove([library.photo(gone.id).key])
    search.put([msgspec.structs.replace(before[library.photo(changed.id).key], revision=1_000)])
    search.put([msgspec.structs.replace(before[library.photo(kept.id).key], key=999)])
    assert library.sweep().indexed == 0
    assert indexing.mend_index(database=database, search=search) == 3
    assert indexing.mend_index(database=database, search=search) == 0
    assert differences(library) == {}


def _documents(library: Library) -> list[SearchDocument]:
    with library.backends.database.read() as connection:
        return list(documents.search_documents(connection))


def test_an_index_that_was_down_is_caught_up_by_the_sweep(library: Library) -> None:
    photo = library.upload(pictures.jpeg(64, 48))
    library.work()
    parts = library.backends
    folder = parts.settings.data / "index-elsewhere"

    from photos.backends.search.sqlite import SqliteSearch

    down = replace(parts, search=SqliteSearch(folder / "missing" / "search.db"))
    acts.edit(
        photo.id,
        acts.Edit("lighthouse"),
        owner=library.owner,
        database=parts.database,
        search=down.search,
        jobs=parts.jobs,
    )
    assert library.find("lighthouse") == []
    assert library.sweep().indexed == 1
    assert library.find("lighthouse") == [photo.id]


def test_the_sweep_has_nothing_to_do_twice(library: Library) -> None:
    library.upload(pictures.jpeg(64, 48))
    library.work()
    library.sweep()
    assert set(msgspec.structs.asdict(library.sweep()).values()) == {0}


def test_one_sweep_deletes_more_than_a_batch_of_what_nobody_needs(library: Library) -> None:
    keys = {f"renditions/aa/{number:03}/large-1.jpg" for number in range(upkeep.BATCH + 1)}
    parts = library.backends
    for key in keys:
        parts.storage.put(key, b"old", media_type="image/jpeg")
    with parts.database.write() as connection:
        objects.discard_objects(connection, keys, now=datetime.now(UTC))
    assert library.sweep().objects_deleted == len(keys)
    assert not library.objects() & keys
