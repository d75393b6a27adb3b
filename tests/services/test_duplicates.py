"""Copies are grouped and bursts kept apart; merging loses nothing that people made."""

from __future__ import annotations

import io
from collections.abc import Callable

import pytest
from PIL import Image, ImageEnhance

from photos.db import pipeline
from photos.db.duplicates import Pair, Shot
from photos.errors import Invalid, NotFound
from photos.models import Label, Photo, Shelf, TakenSource, User, Verdict
from photos.services import duplicates
from photos.services import library as acts
from photos.services.duplicates import SAME_FRAME
from tests import pictures
from tests.services.conftest import Library

SECOND = 1_000_000
TAKEN = "2024:06:01 12:00:00"


def shot(width: int = 1200, height: int = 900, *, taken: str = TAKEN, seed: int = 1) -> bytes:
    """What a camera writes."""
    exif = pictures.exif(taken=taken, make="Canon", model="R5")
    return pictures.encode(pictures.scene(width, height, seed=seed), "JPEG", quality=95, exif=exif)


def remade(body: bytes, change: Callable[[Image.Image], Image.Image], **options: object) -> bytes:
    """What a program makes of it; the camera's notes stay with the copy."""
    with Image.open(io.BytesIO(body)) as picture:
        options = {"exif": picture.info["exif"], "quality": 70} | options
        return pictures.encode(change(picture.convert("RGB")), "JPEG", **options)


def crop(picture: Image.Image) -> Image.Image:
    width, height = picture.size
    return picture.crop((width // 100, height // 100, width - width // 100, height - height // 100))


COPIES: dict[str, Callable[[bytes], bytes]] = {
    "saved again": lambda body: remade(body, lambda picture: picture),
    "smaller": lambda body: remade(body, lambda picture: picture.resize((400, 300))),
    "brighter": lambda body: remade(body, lambda picture: ImageEnhance.Brightness(picture).enhance(1.2)),
    "grey": lambda body: remade(body, lambda picture: picture.convert("L").convert("RGB")),
    "an edge less": lambda body: remade(body, crop),
    "without the camera's notes": lambda body: remade(
        body, lambda picture: picture.resize((800, 600)), exif=b""
    ),
}


@pytest.fixture
def copies(library: Library) -> tuple[Photo, Photo]:
    """A picture and a smaller copy of it, matched."""
    original = library.upload(shot(), "original.jpg")
    copy = library.upload(COPIES["smaller"](shot()), "copy.jpg")
    library.work()
    assert library.sweep().hashes_compared == 2
    return original, copy


def groups(library: Library, *, by: User | None = None) -> list[list[str]]:
    page = duplicates.list_groups(owner=by or library.owner, database=library.backends.database, limit=100)
    return [[photo.id for photo in group.photos] for group in page.items]


def merge(library: Library, keep: Photo, *others: Photo, by: User | None = None) -> Photo:
    parts = library.backends
    ids = [other.id for other in others]
    return duplicates.merge(
        keep.id, ids, owner=by or library.owner, database=parts.database, search=parts.search
    )


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_found_whatever_was_done_to_it(library: Library, how: str) -> None:
    original = library.upload(shot(), "original.jpg")
    copy = library.upload(COPIES[how](shot()), "copy.jpg")
    library.upload(shot(seed=2), "another.jpg")
    library.work()
    library.sweep()
    assert groups(library) == [[original.id, copy.id]], "the larger one stands first"


def test_frames_of_a_burst_are_no_copies(library: Library) -> None:
    for second in range(3):
        library.upload(remade(shot(taken=f"2024:06:01 12:00:0{second}"), lambda picture: picture))
    library.work()
    library.sweep()
    assert groups(library) == []


def pair(
    distance: int, *, seconds: float = 0.0, size: tuple[int, int] = (400, 300), source: str = "file"
) -> Pair:
    one = Shot(1, 0, TakenSource(source), "R5", 400, 300)
    return Pair(one, Shot(2, int(seconds * SECOND), TakenSource(source), "R5", *size), distance)


@pytest.mark.parametrize(
    ("which", "expected"),
    [
        (pair(0), True),
        (pair(SAME_FRAME), True),
        (pair(SAME_FRAME + 1), False),
        (pair(0, seconds=0.4), True),
        (pair(0, seconds=1), False),
        (pair(SAME_FRAME + 1, size=(200, 150)), True),
        (pair(0, seconds=1, size=(200, 150)), False),
        (pair(31, seconds=1, source="upload"), True),
        (pair(31, seconds=1, source="person"), True),
    ],
)
def test_clock_and_size_tell_a_burst_from_a_copy(which: Pair, expected: bool) -> None:
    assert duplicates.is_copy(which) is expected


def test_what_hangs_together_is_one_group(library: Library) -> None:
    ids = {library.upload(shot(), "original.jpg").id}
    for side in (900, 600, 300):
        ids.add(library.upload(remade(shot(), lambda p, side=side: p.resize((side, side * 3 // 4)))).id)
    library.work()
    library.sweep()
    (found,) = groups(library)
    assert set(found) == ids
    sizes = [library.photo(each).width for each in found]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("pairs", [1, 3, 200])
def test_groups_are_paged_without_doubles_or_gaps(
    library: Library, pairs: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "PAIRS_A_STEP", pairs)
    for seed in range(4):
        library.upload(shot(400, 300, seed=seed))
        library.upload(remade(shot(400, 300, seed=seed), lambda picture: picture.resize((200, 150))))
    library.upload(remade(shot(400, 300, seed=0), lambda picture: picture.resize((100, 75))))
    library.work()
    library.sweep()
    seen, cursor = [], None
    while True:
        page = duplicates.list_groups(
            owner=library.owner, database=library.backends.database, limit=1, cursor=cursor
        )
        seen += [photo.id for group in page.items for photo in group.photos]
        cursor = page.next
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 9
    with pytest.raises(Invalid):
        duplicates.list_groups(owner=library.owner, database=library.backends.database, limit=1, cursor="x")


def test_a_page_ends_where_thousands_of_frames_are_no_copies(
    library: Library, copies: tuple[Photo, Photo], monkeypatch: pytest.MonkeyPatch
) -> None:
    for second in range(1, 4):
        library.upload(remade(shot(taken=f"2024:06:01 12:00:0{second}"), lambda picture: picture))
    library.work()
    library.sweep()
    monkeypatch.setattr(duplicates, "PAIRS_A_STEP", 1)
    monkeypatch.setattr(duplicates, "MOST_STEPS", 2)
    database = library.backends.database
    page = duplicates.list_groups(owner=library.owner, database=database, limit=20)
    assert page.items == () and page.next
    page = duplicates.list_groups(owner=library.owner, database=database, limit=20, cursor=page.next)
    assert [[photo.id for photo in group.photos] for group in page.items] == [[each.id for each in copies]]


def test_merging_keeps_what_people_made_of_the_copies(library: Library, copies: tuple[Photo, Photo]) -> None:
    original, copy = copies
    parts = library.backends
    wanted = acts.Edit(description="Noon.", is_favourite=True, rating=4, tags=["harbour"])
    for photo, edit in ((copy, wanted), (original, acts.Edit(tags=["sea"]))):
        acts.edit(
            photo.id,
            edit,
            owner=library.owner,
            database=parts.database,
            search=parts.search,
            jobs=parts.jobs,
        )
    with parts.database.write() as connection:
        for each in copies:
            labels = [Label("boat", 80.0)]
            pipeline.save_labels(connection, each.key, provider="t", labels=labels, now=original.created_at)
    acts.decide_label(
        copy.id, "boat", Verdict.KEPT, owner=library.owner, database=parts.database, search=parts.search
    )
    kept = merge(library, original, copy)
    assert (kept.description, kept.is_favourite, kept.rating) == ("Noon.", True, 4)
    assert set(kept.tags) == {"harbour", "sea"}
    assert [label.verdict for label in kept.labels] == [Verdict.KEPT]
    assert library.photo(copy.id).shelf is Shelf.TRASH
    assert groups(library) == []
    assert library.find("tag:harbour") == [original.id]
    assert library.fsck().total() == 0


def test_merging_can_be_undone(library: Library, copies: tuple[Photo, Photo]) -> None:
    original, copy = copies
    parts = library.backends
    merge(library, original, copy)
    duplicates.restore([copy.id], owner=library.owner, database=parts.database, search=parts.search)
    assert library.photo(copy.id).shelf is Shelf.TIMELINE
    assert groups(library) == [[original.id, copy.id]]


def test_what_is_not_the_same_picture_is_never_shown_as_one_again(
    library: Library, copies: tuple[Photo, Photo]
) -> None:
    ids = [photo.id for photo in copies]
    for _ in range(2):
        duplicates.keep_apart(ids, owner=library.owner, database=library.backends.database)
    assert groups(library) == []
    third = library.upload(remade(shot(), lambda picture: picture.resize((300, 225))))
    library.work()
    library.sweep()
    assert {photo_id for group in groups(library) for photo_id in group} == {*ids, third.id}


def test_nothing_is_compared_twice_and_a_new_recipe_compares_again(
    library: Library, copies: tuple[Photo, Photo]
) -> None:
    assert library.sweep().hashes_compared == 0
    parts = library.backends
    acts.reprocess(copies[0].id, owner=library.owner, database=parts.database, jobs=parts.jobs)
    library.work()
    assert library.sweep().hashes_compared == 1
    assert len(groups(library)) == 1


def test_two_people_with_one_picture_have_no_copy(library: Library, stranger: User) -> None:
    library.upload(shot(), "mine.jpg")
    library.upload(COPIES["smaller"](shot()), "theirs.jpg", by=stranger)
    library.work()
    library.sweep()
    assert groups(library) == groups(library, by=stranger) == []


def test_only_the_owner_merges_or_keeps_apart(
    library: Library, copies: tuple[Photo, Photo], stranger: User
) -> None:
    original, copy = copies
    with pytest.raises(NotFound):
        merge(library, original, copy, by=stranger)
    with pytest.raises(NotFound):
        duplicates.keep_apart([original.id, copy.id], owner=stranger, database=library.backends.database)
    assert groups(library) == [[original.id, copy.id]]


def test_merging_with_nothing_or_with_the_trash_is_refused(
    library: Library, copies: tuple[Photo, Photo]
) -> None:
    original, copy = copies
    with pytest.raises(Invalid):
        merge(library, original)
    merge(library, original, copy)
    with pytest.raises(Invalid):
        merge(library, original, copy)


def test_a_deleted_photo_leaves_no_pair(library: Library, copies: tuple[Photo, Photo]) -> None:
    parts = library.backends
    acts.trash(copies[1].id, owner=library.owner, database=parts.database, search=parts.search)
    acts.purge(copies[1].id, owner=library.owner, database=parts.database, search=parts.search)
    assert groups(library) == []
    assert library.fsck().total() == 0
