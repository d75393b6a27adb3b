"""The timeline: order, days, paging, states, and an empty library."""

from __future__ import annotations

import re

import pytest

from photos.web import present, timeline
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, tiles, words


def taken(moment: str, seed: int, **facts: object) -> bytes:
    return pictures.jpeg(64, 48, seed=seed, exif=pictures.exif(taken=moment, **facts))


def test_an_empty_library_is_the_drop_area(people: People) -> None:
    page = check(people.owner.get("/").text)
    assert "Drop your photos here" in words(page)
    assert 'enctype="multipart/form-data"' in page


def test_days_are_local_days_newest_first_with_place_and_count(library: Library) -> None:
    late = library.add(taken("2024:06:15 23:50:00", 1, offset="-07:00", gps=(38.72, -9.14)))
    early = library.add(taken("2024:06:15 00:10:00", 2, offset="+12:00"))
    older = library.add(taken("2024:06:14 12:00:00", 3))
    page = check(library.browser.get("/").text)
    assert tiles(page) == [late.id, early.id, older.id]
    days = re.findall(r'data-day="([^"]+)"', page)
    assert days == ["2024-06-15", "2024-06-14"]
    assert "Saturday 15 June 2024 Lisbon · 2 photos" in words(page)


def test_pages_follow_each_other_without_gap_or_repetition(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "PAGE", 2)
    added = [library.add(taken(f"2024:06:0{day} 12:00:00", day)).id for day in range(1, 6)]
    seen, address = [], "/"
    while address:
        page = check(library.browser.get(address).text)
        seen += tiles(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert seen == added[::-1]


def test_a_day_across_two_pages_says_no_count_it_cannot_know(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "PAGE", 2)
    for minute in range(3):
        library.add(taken(f"2024:06:01 12:0{minute}:00", minute + 1))
    page = library.browser.get("/").text
    assert re.search(r'class="day-count" hidden', page)


def test_a_bad_cursor_is_refused_in_words(people: People) -> None:
    answer = people.owner.get("/?cursor=nonsense")
    assert answer.status_code == 400
    check(answer.text)


def test_a_photo_that_waits_is_shown_as_waiting(library: Library) -> None:
    library.send(("beach.jpg", pictures.jpeg(64, 48)))
    page = check(library.browser.get("/").text)
    assert 'data-state="new"' in page
    assert "Waiting" in words(page)


def test_a_refused_photo_is_mentioned_and_explained(library: Library) -> None:
    library.send(("cut.jpg", pictures.truncated(pictures.jpeg())))
    library.work()
    library.add(pictures.jpeg(64, 48, seed=2))
    assert "1 photo was refused" in words(library.browser.get("/").text)
    assert "cut.jpg" in words(library.browser.get("/uploads").text)


def test_a_tile_reserves_its_room_and_names_its_picture(library: Library) -> None:
    photo = library.add(pictures.jpeg(300, 200))
    page = library.browser.get("/").text
    assert re.search(r'<img src="/media/[^"]+" alt="[^"]+" width="\d+" height="\d+" loading="lazy"', page)
    assert f'class="tile r{present.ratio_step(3, 2)}"' in page
    assert photo.thumbhash in page


def test_photos_are_chosen_without_scripts(library: Library, people: People) -> None:
    photos = [library.add(taken(f"2024:06:0{day} 12:00:00", day)) for day in (1, 2)]
    assert 'href="/choose"' in library.browser.get("/").text
    page = check(library.browser.get("/choose").text)
    assert re.findall(r'type="checkbox" name="photo" value="([^"]+)" form="choose"', page) == [
        photo.id for photo in reversed(photos)
    ]
    assert "Sunday 2 June 2024" in words(page)
    form = {"action": "add_tags", "photo": [photo.id for photo in photos], "tags": "sea, sun", "rating": "0"}
    answer = library.browser.post("/changes", form | {"back": "/choose"})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/choose")
    assert "2 photos tagged" in words(library.browser.get("/choose").text)
    assert library.photo(photos[0].id).tags == ("sea", "sun")
    assert photos[0].id not in people.member.get("/choose").text
    assert "No photos yet" in words(people.member.get("/choose").text)


def test_choosing_goes_on_page_by_page(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "PAGE", 1)
    for day in (1, 2):
        library.add(taken(f"2024:06:0{day} 12:00:00", day))
    first = library.browser.get("/choose").text
    following = re.search(r'href="([^"]+)" rel="next"', first)
    assert following is not None
    second = check(library.browser.get(following[1]).text)
    assert not set(tiles(first)) & set(tiles(second))
    done = re.search(r'href="([^"]+)">Done', second)
    assert done is not None
    assert tiles(library.browser.get(done[1]).text) == tiles(second)


def test_nobody_is_asked_to_sign_in_and_a_member_sees_their_own(library: Library, people: People) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    assert people.nobody.get("/").status_code == 303
    assert people.stranger.get("/").status_code == 303
    assert photo.id not in people.member.get("/").text


@pytest.mark.parametrize(
    ("width", "height"), [(3, 2), (2, 3), (16, 9), (1, 1), (4, 3), (9, 16), (2048, 1365), (5, 2)]
)
def test_the_nearest_ratio_cuts_almost_nothing(width: int, height: int) -> None:
    ratio = present.RATIO_STEP ** (present.ratio_step(width, height) + present.RATIO_STEPS[0])
    assert ratio == pytest.approx(width / height, rel=0.013)


def test_the_stylesheet_has_every_ratio() -> None:
    from photos.app import ROOT

    sheet = (ROOT / "static" / "css" / "ratios.css").read_text()
    named = {int(step): float(ratio) for step, ratio in re.findall(r"\.r(\d+) \{ --ratio: ([\d.]+);", sheet)}
    lowest, highest = present.RATIO_STEPS
    assert sorted(named) == list(range(highest - lowest + 1))
    for step, ratio in named.items():
        assert ratio == pytest.approx(present.RATIO_STEP ** (step + lowest), abs=1e-4)
