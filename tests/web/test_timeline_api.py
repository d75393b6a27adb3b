"""The grid's data: counts of months, chunks of a month, ranges of tiles."""

from __future__ import annotations

from typing import Any

import pytest

from photos.models import Label
from tests import pictures
from tests.web.conftest import Browser, People
from tests.web.shelves import Library

TIMELINE = "/api/v1/timeline"


def taken(moment: str, seed: int, **facts: object) -> bytes:
    return pictures.jpeg(64, 48, seed=seed, exif=pictures.exif(taken=moment, **facts))


def asked(browser: Browser, path: str) -> Any:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json


def test_months_are_those_of_the_wall_clock_newest_first(library: Library) -> None:
    library.add(taken("2024:06:30 23:50:00", 1, offset="-07:00"))
    library.add(taken("2024:07:01 00:10:00", 2, offset="+12:00"))
    library.add(taken("2024:06:01 00:00:00", 3))
    assert asked(library.browser, TIMELINE) == {"total": 3, "months": [["2024-07", 1], ["2024-06", 2]]}
    month = asked(library.browser, f"{TIMELINE}/2024-06/chunks")
    assert (month["month"], month["count"]) == ("2024-06", 2)
    assert [(count, day) for _, count, day in month["chunks"]] == [(2, "2024-06-01")]


def test_a_month_without_photos_is_empty(people: People) -> None:
    assert asked(people.owner, TIMELINE) == {"total": 0, "months": []}
    assert asked(people.owner, f"{TIMELINE}/2024-06/chunks") == {
        "month": "2024-06", "count": 0, "chunks": [],
    }  # fmt: skip
    assert asked(people.owner, f"{TIMELINE}/2024-06/photos") == {"items": [], "next": None}


def test_a_tile_says_what_it_shows_and_where_its_pictures_are(library: Library) -> None:
    photo = library.add(taken("2024:06:15 12:00:00", 1, gps=(38.72, -9.14)))
    library.label(photo, [Label("cat", 70.0), Label("dog", 95.0)])
    (tile,) = asked(library.browser, f"{TIMELINE}/2024-06/photos")["items"]
    assert (tile["id"], tile["day"], tile["state"]) == (photo.id, "2024-06-15", "ready")
    assert tile["alt"] == "dog, cat, 15 June 2024, Lisbon"
    assert (tile["width"], tile["height"], tile["thumbhash"]) == (64, 48, photo.thumbhash)
    for kind in ("large", "medium"):
        with library.browser.get(tile[kind]) as answer:
            assert answer.mimetype == "image/jpeg"


def test_a_photo_that_waits_has_no_picture_and_says_so(library: Library) -> None:
    library.send(("beach.jpg", pictures.jpeg(64, 48)))
    ((month, count),) = asked(library.browser, TIMELINE)["months"]
    (tile,) = asked(library.browser, f"{TIMELINE}/{month}/photos")["items"]
    assert (count, tile["state"], tile["state_words"]) == (1, "new", "Waiting")
    assert not tile.keys() & {"large", "medium", "width"}


def test_the_trash_has_its_own_timeline(library: Library) -> None:
    photo = library.add(taken("2024:06:15 12:00:00", 1))
    library.browser.post(f"/photos/{photo.id}/trash")
    assert asked(library.browser, TIMELINE)["total"] == 0
    assert asked(library.browser, f"{TIMELINE}?shelf=trash")["months"] == [["2024-06", 1]]
    (tile,) = asked(library.browser, f"{TIMELINE}/2024-06/photos?shelf=trash")["items"]
    assert tile["id"] == photo.id


def test_ranges_go_on_where_others_end(library: Library) -> None:
    added = [library.add(taken(f"2024:06:0{day} 12:00:00", day)).id for day in range(1, 6)]
    path, seen, cursor = f"{TIMELINE}/2024-06/photos?limit=2", list[str](), ""
    while True:
        page = asked(library.browser, path + cursor)
        seen += [tile["id"] for tile in page["items"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
        above = asked(library.browser, f"{TIMELINE}/2024-06/photos?until={page['next']}")["items"]
        assert [tile["id"] for tile in above] == added[::-1][: len(seen)]
    assert seen == added[::-1]


def test_the_first_tiles_of_a_month_come_along_with_its_chunks(library: Library) -> None:
    added = [library.add(taken(f"2024:06:0{day} 12:00:00", day)).id for day in range(1, 6)]
    path = f"{TIMELINE}/2024-06"
    month = asked(library.browser, f"{path}/chunks?tiles=2")
    assert [tile["id"] for tile in month["items"]] == added[:2:-1]
    assert month["items"] == asked(library.browser, f"{path}/photos?limit=2")["items"]
    rest = asked(library.browser, f"{path}/photos?cursor={month['next']}")["items"]
    assert [tile["id"] for tile in rest] == added[2::-1]
    whole = asked(library.browser, f"{path}/chunks?tiles=9")
    assert (len(whole["items"]), "next" in whole) == (5, False)
    assert month.keys() - asked(library.browser, f"{path}/chunks").keys() == {"items", "next"}
    for refused in ("tiles=-1", "tiles=501", "tiles=x"):
        assert library.browser.get(f"{path}/chunks?{refused}").status_code == 400


def test_the_same_answer_is_not_sent_twice(library: Library) -> None:
    photo = library.add(taken("2024:06:15 12:00:00", 1))
    for path in (TIMELINE, f"{TIMELINE}/2024-06/chunks", f"{TIMELINE}/2024-06/photos"):
        first = library.browser.get(path)
        assert first.headers["Cache-Control"] == "private, no-cache"
        asked_again = {"If-None-Match": first.headers["ETag"]}
        again = library.browser.get(path, headers=asked_again)
        assert (again.status_code, again.data) == (304, b"")
    library.browser.api("PATCH", f"/api/v1/photos/{photo.id}", {"is_favourite": True})
    changed = library.browser.get(path, headers=asked_again)
    assert (changed.status_code, changed.json["items"][0]["is_favourite"]) == (200, True)


@pytest.mark.parametrize("month", ["2024-13", "2024-00", "0000-05", "june", "2024-6", "２０２４-06"])
def test_what_is_no_month_is_not_there(people: People, month: str) -> None:
    assert people.owner.get(f"{TIMELINE}/{month}/photos").status_code == 404
    assert people.owner.get(f"{TIMELINE}/{month}/chunks").status_code == 404


@pytest.mark.parametrize("query", ["cursor=x", "until=x", "limit=0", "limit=1001", "shelf=cellar", "page=2"])
def test_what_cannot_be_asked_is_refused(people: People, query: str) -> None:
    assert people.owner.get(f"{TIMELINE}/2024-06/photos?{query}").status_code == 400


def test_nobody_sees_another_persons_months(library: Library, people: People) -> None:
    library.add(taken("2024:06:15 12:00:00", 1))
    assert asked(people.member, TIMELINE)["total"] == 0
    assert asked(people.member, f"{TIMELINE}/2024-06/photos")["items"] == []
    assert people.nobody.get(TIMELINE).status_code == 401
