"""What search gets to know."""

from __future__ import annotations

from photos.db import documents, edits, photos, pipeline
from photos.db.engine import Database
from photos.models import Label, Verdict
from tests.db.making import NOW, add_photo, add_ready_photo, add_user


def test_a_document_says_all_that_can_be_searched(database: Database) -> None:
    with database.write() as connection:
        photo = add_ready_photo(connection, add_user(connection))
        edits.write(connection, photo.key, edits.favourite(True), now=NOW)
        (document,) = documents.search_documents(connection, [photo.key, photo.key, 10**12])
    assert (document.key, document.owner_id, document.revision) == (
        photo.key,
        photo.owner_id,
        photo.revision + 1,
    )
    assert [(label.name, label.confidence) for label in document.labels] == [
        ("dog", 91.5),
        ("cat", 88.0),
        ("person", 65.25),
    ]
    assert document.text == ("Ausfahrt", "freihalten")
    assert (document.tags, document.description) == (("Berg", "Sommer"), "Von der Datei 🌄")
    assert (document.camera, document.lens) == ("FUJIFILM X-T5", "XF 35mm")
    assert document.place == "Freiburg, Baden-Württemberg, Germany"
    assert (document.rating, document.is_favourite, document.has_people) == (4, True, True)
    assert (document.taken_local, document.position) == (photo.taken_local, photo.position)


def test_a_rejected_label_is_not_found_and_a_kept_one_is_sure(database: Database) -> None:
    with database.write() as connection:
        photo = add_ready_photo(connection, add_user(connection))
        photos.set_verdict(connection, photo.key, "person", Verdict.REJECTED, now=NOW)
        photos.set_verdict(connection, photo.key, "cat", Verdict.KEPT, now=NOW)
        (document,) = documents.search_documents(connection, [photo.key])
    assert [(label.name, label.confidence) for label in document.labels] == [("dog", 91.5), ("cat", 100.0)]
    assert not document.has_people


def test_a_photo_that_changed_while_it_was_indexed_stays_marked(database: Database) -> None:
    with database.write() as connection:
        owner = add_user(connection)
        changed, same = add_photo(connection, owner), add_photo(connection, owner)
        assert documents.list_unindexed(connection, 9) == [changed.key, same.key]
        found = [(each.key, each.revision) for each in documents.search_documents(connection)]
        pipeline.save_labels(connection, changed.key, provider="p", labels=[Label("dog", 90.0)], now=NOW)
        documents.mark_indexed(connection, found)
        documents.mark_indexed(connection, [])
        assert documents.list_unindexed(connection, 9) == [changed.key]
        documents.mark_all_unindexed(connection)
        assert documents.list_unindexed(connection, 9) == [changed.key, same.key]
        assert documents.list_unindexed(connection, 1) == [changed.key]


def test_a_purged_photo_is_listed_until_the_index_has_dropped_it(database: Database) -> None:
    with database.write() as connection:
        photo = add_photo(connection, add_user(connection))
        photos.purge_photo(connection, photo.key, now=NOW)
        assert documents.list_unindexed(connection, 9) == [photo.key]
        assert list(documents.search_documents(connection, [photo.key])) == []
        documents.forget_purged(connection, [photo.key])
        assert documents.list_unindexed(connection, 9) == []
