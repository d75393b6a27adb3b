"""More like this: the photos that look most like one, of its owner alone, on each database."""

from __future__ import annotations

from math import sqrt
from random import Random

import pytest
from PIL import Image

from photos.backends.recognition.off import NoRecognition
from photos.db import vectors as vector_rows
from photos.errors import Invalid
from photos.models import User
from photos.query import QueryError
from photos.services import likeness, search
from tests.db.making import NOW, add_photo, counted
from tests.recogniser import as_jpeg, photo
from tests.services.conftest import Library

LENGTH = 128


def fill(library: Library, count: int, *, by: User | None = None, seed: int = 1) -> dict[str, bytes]:
    """Photos with vectors that lean towards one of three sides; ids and vectors in order of arrival."""
    random = Random(seed)
    sides = [[random.gauss(0, 40) for _ in range(LENGTH)] for _ in range(3)]
    made = {}
    with library.backends.database.write() as connection:
        for number in range(count):
            added = add_photo(connection, by or library.owner)
            numbers = [max(-127, min(127, round(side + random.gauss(0, 20)))) for side in sides[number % 3]]
            made[added.id] = bytes(each % 256 for each in numbers)
            vector_rows.save_vector(connection, added.key, provider="p/1", bits=made[added.id], now=NOW)
    library.sweep()
    return made


def save(library: Library, photo_id: str, bits: bytes, *, provider: str = "p/1") -> None:
    with library.backends.database.write() as connection:
        key = library.photo(photo_id).key
        vector_rows.save_vector(connection, key, provider=provider, bits=bits, now=NOW)


def alike(library: Library, photo_id: str, *, order: str = "relevance", by: User | None = None) -> list[str]:
    parts = library.backends
    found = search.find(
        f"like:{photo_id}",
        owner=by or library.owner,
        database=parts.database,
        search=parts.search,
        order=order,
        limit=200,
    )
    return [match.photo.id for match in found.items]


def cosine(one: bytes, other: bytes) -> float:
    left, right = ([each - 256 if each > 127 else each for each in bits] for bits in (one, other))
    return sum(a * b for a, b in zip(left, right, strict=True)) / sqrt(
        sum(a * a for a in left) * sum(b * b for b in right)
    )


def test_what_is_found_is_what_a_look_at_every_vector_finds(library: Library) -> None:
    made = fill(library, 60)
    for photo_id in list(made)[:3]:
        near = {
            other: cosine(made[photo_id], bits)
            for other, bits in made.items()
            if cosine(made[photo_id], bits) >= likeness.LEAST_COSINE
        }
        assert 15 <= len(near) <= 25, "a third of them"
        found = alike(library, photo_id)
        assert set(found) == set(near)
        assert set(alike(library, photo_id, order="newest")) == set(near)
        assert photo_id in found[:6], "it is like itself"
        nearest = sorted(near, key=lambda other: -near[other])
        assert set(found[:6]) == set(nearest[:6]), "the first step holds the most alike"


def test_words_and_minus_stand_beside_it(library: Library) -> None:
    made = fill(library, 12)
    one = next(iter(made))
    like = set(alike(library, one))
    assert set(library.find(f"-like:{one}")) == set(made) - like
    assert set(library.find(f"like:{one} OR -like:{one}")) == set(made)
    assert library.find(f"like:{one} unicorn") == []


def test_new_changed_and_removed_vectors_count_at_once(library: Library) -> None:
    made = fill(library, 9)
    first, second, third, fourth = list(made)[:4]
    assert fourth in alike(library, first)
    save(library, fourth, made[second])
    assert fourth not in alike(library, first)
    save(library, second, made[first])
    assert second in alike(library, first)
    save(library, second, b"")
    assert second not in alike(library, first)
    save(library, third, made[first], provider="another/1")
    assert third not in alike(library, first), "vectors of two providers are not compared"


def test_nobody_finds_a_photo_of_somebody_else(library: Library, stranger: User) -> None:
    mine = fill(library, 6)
    theirs = fill(library, 6, by=stranger)
    assert set(alike(library, next(iter(mine)))) <= set(mine)
    assert set(alike(library, next(iter(theirs)), by=stranger)) <= set(theirs)
    for photo_id in (next(iter(mine)), "A" * 22):
        with pytest.raises(QueryError) as refused:
            alike(library, photo_id, by=stranger)
        assert (refused.value.code, refused.value.reason) == ("no_photo", "You have no photo with this id.")


def test_a_photo_that_was_not_looked_at_says_so(library: Library) -> None:
    with library.backends.database.write() as connection:
        waiting = add_photo(connection, library.owner)
    with pytest.raises(QueryError) as refused:
        alike(library, waiting.id)
    assert refused.value.code == "not_looked_at"
    assert (refused.value.position, refused.value.length) == (0, 27)


def test_vectors_are_kept_within_their_limit(library: Library, stranger: User) -> None:
    mine = fill(library, 6)
    theirs = fill(library, 6, by=stranger)
    before = likeness.KEPT_BYTES
    try:
        likeness.KEPT_BYTES = 8 * (LENGTH + 12)
        for _ in range(2):
            assert alike(library, next(iter(mine)))
            assert alike(library, next(iter(theirs)), by=stranger)
            assert likeness.kept_bytes(library.backends.database) == 6 * (LENGTH + 12)
        likeness.KEPT_BYTES = 0
        assert alike(library, next(iter(mine)))
        assert likeness.kept_bytes(library.backends.database) == 0
    finally:
        likeness.KEPT_BYTES = before


def test_of_a_large_library_signs_choose_what_is_compared(
    library: Library, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(likeness, "EXACT_BYTES", 0)
    monkeypatch.setattr(likeness, "MOST_CHOSEN", 30)
    monkeypatch.setattr(likeness, "OVERLAP_MICROS", 0)
    made = fill(library, 60)
    theirs = fill(library, 60, by=stranger)
    first, second, third = list(made)[:3]
    near = {other for other, bits in made.items() if cosine(made[first], bits) >= likeness.LEAST_COSINE}
    assert 15 <= len(near) <= 25, "a third of them"
    assert set(alike(library, first)) == near
    assert likeness.kept_bytes(library.backends.database) == 60 * (LENGTH // 8 + 8)
    assert set(alike(library, next(iter(theirs)), by=stranger)) <= set(theirs)
    # only what has come since is read
    save(library, second, made[first])
    with counted(library.backends.database) as statements:
        assert set(alike(library, first)) == near | {second}
    assert any("made_at >=" in each for each in statements)
    save(library, second, made[third])
    save(library, third, b"")
    assert set(alike(library, first)) == near
    assert third not in alike(library, second)
    # what is gone or has changed is forgotten once there is much of it
    for _ in range(20):
        save(library, second, made[second])
        assert set(alike(library, first)) == near
    assert likeness.kept_bytes(library.backends.database) <= (60 * 1.25 + 60) * (LENGTH // 8 + 8)


def test_photos_that_lack_a_vector_are_looked_at_again(seeing_library: Library) -> None:
    library, recognition = seeing_library, seeing_library.backends.recognition
    database = library.backends.database
    here = library.upload(as_jpeg(photo("coffee").resize((300, 200))))
    library.work()
    assert likeness.ask_again(database=database, recognition=recognition, every=False) == 0
    save(library, here.id, b"")
    assert likeness.ask_again(database=database, recognition=recognition, every=False) == 1
    library.sweep()
    library.work()
    assert alike(library, here.id) == [here.id]
    assert likeness.ask_again(database=database, recognition=recognition, every=True) == 1
    with pytest.raises(Invalid, match="turned off"):
        likeness.ask_again(database=database, recognition=NoRecognition(), every=True)


def test_of_real_photographs_those_of_one_thing_are_alike(seeing_library: Library) -> None:
    library, ids = seeing_library, {}
    for name in ("chelsea", "coffee", "rocket"):
        picture = photo(name)
        width, height = picture.size
        part = picture.crop((width // 10, height // 10, width * 9 // 10, height)).transpose(
            Image.Transpose.FLIP_LEFT_RIGHT
        )
        for kind, shown in (("whole", picture), ("part", part)):
            ids[f"{name} {kind}"] = library.upload(as_jpeg(shown), f"{name}-{kind}.jpg").id
    library.work()
    for name in ("chelsea", "coffee", "rocket"):
        both = {ids[f"{name} whole"], ids[f"{name} part"]}
        assert set(alike(library, ids[f"{name} whole"])) == both
        assert set(alike(library, ids[f"{name} part"])) == both
