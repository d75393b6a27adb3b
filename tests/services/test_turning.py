"""Turning a photo: what is shown follows, what was sent stays, and it can always be taken back."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image
from sqlalchemy import select

from photos.db import pipeline
from photos.db.schema import photo_hash
from photos.errors import Conflict, NotFound
from photos.models import Box, Developed, Label, Photo, PhotoState, TextLine, User
from photos.services import library as acts
from tests import pictures
from tests.services.conftest import Library

BODY = pictures.encode(pictures.scene(320, 200, seed=5), "JPEG", quality=95)
BOX = Box(0.1, 0.2, 0.3, 0.4)
TURNED_BOXES = {
    90: Box(0.4, 0.1, 0.4, 0.3),
    180: Box(0.6, 0.4, 0.3, 0.4),
    270: Box(0.2, 0.6, 0.4, 0.3),
    0: BOX,
}
CLOCKWISE = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}


@pytest.fixture
def photo(library: Library) -> Photo:
    made = library.upload(BODY, "one.jpg")
    library.work()
    with library.backends.database.write() as connection:
        now = datetime.now(UTC)
        labels, lines = [Label("dog", 90.0, (BOX,))], [TextLine("STOP", 95.0, BOX)]
        pipeline.save_labels(connection, made.key, provider="eye 1", labels=labels, now=now)
        pipeline.save_text(connection, made.key, provider="eye 1", lines=lines, now=now)
    library.sweep()
    return library.photo(made.id)


def edges(box: Box) -> object:
    return pytest.approx([box.left, box.top, box.width, box.height], abs=1e-4)


def boxes_of(photo: Photo) -> list[list[float]]:
    boxes = (photo.labels[0].boxes[0], photo.text[0].box)
    return [[box.left, box.top, box.width, box.height] for box in boxes]


def turn(library: Library, photo: Photo, degrees: int) -> Photo:
    parts = library.backends
    return acts.turn(photo.id, degrees, owner=library.owner, database=parts.database, jobs=parts.jobs)


def picture_of(library: Library, photo: Photo, kind: str = "large") -> Image.Image:
    key = next(each.key for each in photo.renditions if each.kind == kind)
    with Image.open(io.BytesIO(b"".join(library.backends.storage.get(key)))) as picture:
        return picture.convert("RGB")


def hashes_of(library: Library, photo: Photo) -> list[bytes]:
    with library.backends.database.read() as connection:
        return list(connection.scalars(select(photo_hash.c.bits).where(photo_hash.c.photo_key == photo.key)))


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_picture_size_and_boxes_turn_and_the_original_stays(
    library: Library, photo: Photo, degrees: int
) -> None:
    waiting = turn(library, photo, degrees)
    assert (waiting.state, waiting.turn, waiting.turn_made) == (PhotoState.NEW, degrees, 0)
    library.work()
    turned = library.photo(photo.id)
    assert (turned.state, turned.turn, turned.turn_made) == (PhotoState.READY, degrees, degrees)
    upright, now = picture_of(library, photo), picture_of(library, turned)
    assert (turned.width, turned.height) == now.size
    assert pictures.difference(now, upright.transpose(CLOCKWISE[degrees])) < 3
    assert picture_of(library, turned, "medium").size == now.size
    assert turned.thumbhash != photo.thumbhash
    assert boxes_of(turned) == [edges(TURNED_BOXES[degrees])] * 2
    assert hashes_of(library, turned) == hashes_of(library, photo)
    assert turned.sha256 == photo.sha256
    assert b"".join(library.backends.storage.get(turned.storage_key)) == BODY
    library.sweep()
    assert library.fsck().total() == 0


def test_taken_back_it_is_as_it_was_and_nothing_is_left_behind(library: Library, photo: Photo) -> None:
    before, objects = picture_of(library, photo), len(library.objects())
    for degrees in (90, 270, 180, 0):
        turn(library, photo, degrees)
        library.work()
    again = library.photo(photo.id)
    assert again.turn % 360 == 0
    assert (again.width, again.height, again.thumbhash) == (photo.width, photo.height, photo.thumbhash)
    assert picture_of(library, again).tobytes() == before.tobytes()
    assert boxes_of(again) == [edges(BOX)] * 2
    library.sweep()
    assert len(library.objects()) == objects
    assert library.fsck().total() == 0


def test_no_name_of_a_rendition_comes_back_for_another_picture(library: Library, photo: Photo) -> None:
    keys = {each.key for each in photo.renditions}
    for degrees in (90, 0, 90, 0):
        turn(library, photo, degrees)
        library.work()
        new = {each.key for each in library.photo(photo.id).renditions}
        assert not new & keys
        keys |= new


def test_the_same_turn_twice_is_one(library: Library, photo: Photo) -> None:
    turn(library, photo, 90)
    library.work()
    done = library.photo(photo.id)
    assert turn(library, photo, 90) == done
    assert library.work() == 0


def test_a_photo_that_waits_can_be_turned(library: Library) -> None:
    photo = library.upload(BODY)
    turn(library, photo, 90)
    library.work()
    turned = library.photo(photo.id)
    assert (turned.state, turned.width, turned.height) == (PhotoState.READY, 200, 320)
    assert library.fsck().total() == 0


def test_a_photo_turned_while_it_is_developed_is_developed_again(library: Library, photo: Photo) -> None:
    parts = library.backends

    class TurningDarkroom:
        def develop(self, path: Path, *, turn: int = 0) -> Developed:
            developed = parts.darkroom.develop(path, turn=turn)
            acts.turn(photo.id, 180, owner=library.owner, database=parts.database, jobs=parts.jobs)
            return developed

    turn(library, photo, 90)
    library.process(photo, darkroom=TurningDarkroom())
    assert library.photo(photo.id).state is PhotoState.NEW
    library.work()
    turned = library.photo(photo.id)
    assert (turned.state, turned.turn_made, turned.width) == (PhotoState.READY, 180, 320)
    assert boxes_of(turned) == [edges(TURNED_BOXES[180])] * 2
    library.sweep()
    assert library.fsck().total() == 0


def test_what_was_seen_in_the_picture_before_the_turn_is_not_kept(library: Library, photo: Photo) -> None:
    turn(library, photo, 90)
    library.work()
    turned = library.photo(photo.id)
    with library.backends.database.write() as connection:
        now = datetime.now(UTC)
        late = [Label("cat", 90.0, (BOX,))]
        pipeline.save_labels(connection, photo.key, provider="eye 1", labels=late, now=now, turn=0)
        pipeline.save_text(connection, photo.key, provider="eye 1", lines=[], now=now, turn=0)
    assert library.photo(photo.id) == turned


def test_only_ones_own_and_only_what_can_be_shown(library: Library, photo: Photo, stranger: User) -> None:
    parts = library.backends
    with pytest.raises(NotFound):
        acts.turn(photo.id, 90, owner=stranger, database=parts.database, jobs=parts.jobs)
    refused = library.upload(pictures.truncated(pictures.jpeg(seed=9), 0.1))
    library.work()
    with pytest.raises(Conflict):
        turn(library, refused, 90)
