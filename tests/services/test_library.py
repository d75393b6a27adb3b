"""What people do with photos: at once, undoable, and only with their own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from photos.backends.jobs.local import LocalJobs
from photos.db import edits
from photos.db import users as user_rows
from photos.errors import Conflict, Invalid, NotFound
from photos.models import Photo, User, Verdict
from photos.services import library as acts
from photos.services.library import Edit
from tests import pictures
from tests.services.conftest import Library


@pytest.fixture
def photo(library: Library) -> Photo:
    made = library.upload(pictures.jpeg(320, 240), "one.jpg")
    library.work()
    return library.photo(made.id)


def parts_of(library: Library, owner: User | None = None) -> dict[str, object]:
    return {
        "owner": owner or library.owner,
        "database": library.backends.database,
        "search": library.backends.search,
    }


def test_words_marks_and_tags_are_found_at_once(library: Library, photo: Photo) -> None:
    wanted = Edit("  Sturm über dem Öresund 🌊 ", True, 4, ["Sea", " storm ", "Sea", ""])
    acts.edit(photo.id, wanted, **parts_of(library), jobs=library.backends.jobs)
    changed = library.photo(photo.id)
    assert changed.description == "Sturm über dem Öresund 🌊"
    assert (changed.is_favourite, changed.rating, set(changed.tags)) == (True, 4, {"Sea", "storm"})
    for query in ("öresund", "is:favourite", "rating:>=4", "tag:storm"):
        assert library.find(query) == [photo.id], query
    assert library.fsck().total() == 0


@pytest.mark.parametrize("text", ["a\0b", "\ud800", "x" * 5001])
def test_text_that_cannot_be_kept_is_refused(library: Library, photo: Photo, text: str) -> None:
    with pytest.raises(Invalid):
        acts.edit(photo.id, Edit(text, is_favourite=True), **parts_of(library), jobs=library.backends.jobs)
    assert library.photo(photo.id) == photo, "all or nothing"


@pytest.mark.parametrize("rating", [6, -1])
def test_a_rating_is_one_to_five(library: Library, photo: Photo, rating: int) -> None:
    with pytest.raises(Invalid):
        acts.edit(photo.id, Edit(rating=rating), **parts_of(library), jobs=library.backends.jobs)


def test_trash_and_restore_give_the_same_photo_back(library: Library, photo: Photo) -> None:
    acts.edit(photo.id, Edit("harbour"), **parts_of(library), jobs=library.backends.jobs)
    before = library.photo(photo.id)
    acts.trash(photo.id, **parts_of(library))
    assert library.find("harbour") == []
    assert library.find("harbour is:trashed") == [photo.id]
    acts.restore(photo.id, **parts_of(library))
    after = library.photo(photo.id)
    assert library.find("harbour") == [photo.id]
    assert (after.renditions, after.labels, after.description) == (
        before.renditions,
        before.labels,
        before.description,
    )
    assert library.fsck().total() == 0


def test_purge_wants_the_trash_first_and_then_leaves_nothing(library: Library, photo: Photo) -> None:
    with pytest.raises(Conflict, match="trash first"):
        acts.purge(photo.id, **parts_of(library))
    acts.trash(photo.id, **parts_of(library))
    acts.purge(photo.id, **parts_of(library))
    with pytest.raises(NotFound):
        library.photo(photo.id)
    library.sweep()
    assert library.objects() == set()
    assert library.fsck().total() == 0
    with library.backends.database.read() as connection:
        assert user_rows.get_user(connection, library.owner.id).used_bytes == 0
    assert library.offer(pictures.jpeg(320, 240)).status == "send", "the same file is new again"


def test_the_trash_empties_itself_after_its_days(library: Library, photo: Photo) -> None:
    long_ago = datetime.now(UTC) - timedelta(days=library.backends.settings.trash_days, minutes=1)
    with library.backends.database.write() as connection:
        edits.write(connection, photo.key, edits.trashed(photo, now=long_ago), now=long_ago)
    assert library.sweep().photos_purged == 1
    assert library.sweep().photos_purged == 0
    assert library.fsck().total() == 0


def test_a_label_the_photo_does_not_have_cannot_be_decided(library: Library, photo: Photo) -> None:
    with pytest.raises(Invalid, match="no label"):
        acts.decide_label(photo.id, "unicorn", Verdict.KEPT, **parts_of(library))


@pytest.mark.parametrize(
    "act",
    [
        lambda i, **k: acts.edit(i, Edit("mine now", True, 5, ["x"]), **k, jobs=LocalJobs(k["database"])),
        lambda i, **k: acts.trash(i, **k),
        lambda i, **k: acts.restore(i, **k),
        lambda i, **k: acts.purge(i, **k),
        lambda i, **k: acts.decide_label(i, "cat", Verdict.REJECTED, **k),
    ],
)
def test_another_person_s_photo_is_not_there(
    library: Library, photo: Photo, stranger: User, act: Callable[..., object]
) -> None:
    before = library.photo(photo.id)
    with pytest.raises(NotFound) as theirs:
        act(photo.id, **parts_of(library, stranger))
    with pytest.raises(NotFound) as nobody_s:
        act("A" * 22, **parts_of(library, stranger))
    assert str(theirs.value).replace(photo.id, "") == str(nobody_s.value).replace("A" * 22, "")
    assert library.photo(photo.id) == before
    assert library.find("cat OR mine", by=stranger) == []
