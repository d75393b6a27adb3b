"""The photo page: what it shows, what a person can do there, and whose it is."""

from __future__ import annotations

import re

import pytest

from photos.models import Box, Label, PhotoState, Shelf, Verdict
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library, check, words

POSTS = {
    "description": {"description": "x"},
    "favourite": {"favourite": "yes"},
    "rating": {"rating": "3"},
    "tags": {"tags": "x"},
    "turn": {"degrees": "90"},
    "label": {"name": "dog", "verdict": "keep"},
    "trash": {},
    "restore": {},
    "reprocess": {},
    "delete": {"word": "delete"},
}
DOG = Label("dog", 93.4, (Box(0.25, 0.1, 0.5, 0.125),))


def test_the_page_shows_everything_known(library: Library) -> None:
    block = pictures.exif(
        taken="2024:06:15 14:32:00",
        offset="+01:00",
        make="Canon",
        model="Canon EOS R6",
        gps=(38.72, -9.14),
        exposure_seconds=1 / 250,
        f_number=4,
        iso=400,
    )
    photo = library.add(pictures.jpeg(640, 480, exif=block), "beach.jpg")
    library.label(photo, [DOG, Label("cat", 61)])
    page = check(library.browser.get(f"/photos/{photo.id}").text)
    text = words(page)
    assert "Saturday 15 June 2024, 14:32 Local time there, UTC+1." in text
    assert "Lisbon" in text
    assert "Canon EOS R6 f/4 · 1/250 s · ISO 400" in text
    assert "640 × 480 pixels" in text
    assert photo.sha256[:12] in text
    assert "dog 93 %" in text
    assert "cat? 61 %" in text
    assert 'data-boxes="0.2500,0.1000,0.5000,0.1250"' in page
    original = re.search(r'href="(/media/[^"]+)"', page)
    assert original
    with library.browser.get(original[1].replace("&amp;", "&")) as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_the_less_sure_of_many_labels_and_the_last_of_many_tags_are_folded(library: Library) -> None:
    photo = library.add(pictures.png(64, 48))
    library.label(photo, [Label(f"thing {number}", 99 - number) for number in range(14)])
    library.browser.post(f"/photos/{photo.id}/tags", {"tags": ",".join(f"tag {n}" for n in range(10, 33))})
    page = check(library.browser.get(f"/photos/{photo.id}").text)
    shown, folded = page.split('<details class="more"', 1)
    assert ("thing 11 88 %" in words(shown), "thing 12" in words(shown)) == (True, False)
    assert "2 more" in words(folded)
    assert "thing 13 86 %" in words(folded)
    assert "tag 29 and 3 more" in words(shown)


def test_a_file_without_a_date_says_that_it_has_none(library: Library) -> None:
    photo = library.add(pictures.png(64, 48))
    text = words(library.browser.get(f"/photos/{photo.id}").text)
    assert "No date in the file: this is the time of upload." in text


def test_a_camera_clock_without_a_zone_is_called_that(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48, exif=pictures.exif(taken="2024:06:15 14:32:00")))
    assert "By the camera's clock" in words(library.browser.get(f"/photos/{photo.id}").text)


def test_neighbours_lead_to_newer_and_older(library: Library) -> None:
    older, photo, newer = (
        library.add(pictures.jpeg(64, 48, seed=day, exif=pictures.exif(taken=f"2024:06:0{day} 12:00:00")))
        for day in (1, 2, 3)
    )
    page = library.browser.get(f"/photos/{photo.id}").text
    assert f'href="/photos/{newer.id}" rel="prev"' in page
    assert f'href="/photos/{older.id}" rel="next"' in page
    assert 'rel="prev"' not in library.browser.get(f"/photos/{newer.id}").text


def test_a_photo_opened_from_a_search_leads_back_to_it(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    page = check(library.browser.get(f"/photos/{photo.id}?q=label:dog").text)
    assert 'id="back" href="/search?q=label:dog"' in page
    assert f'action="/photos/{photo.id}/trash?q=label:dog"' in page
    answer = library.browser.post(f"/photos/{photo.id}/trash?q=label:dog")
    assert answer.headers["Location"] == "/search?q=label:dog"


def test_what_people_write_is_kept_and_shown_as_text(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    path = f"/photos/{photo.id}"
    library.browser.post(f"{path}/description", {"description": "<b>am Strand</b>\r\nzweite Zeile 🏖"})
    library.browser.post(f"{path}/tags", {"tags": "sea, family , sea"})
    library.browser.post(f"{path}/rating", {"rating": "4"})
    library.browser.post(f"{path}/favourite", {"favourite": "yes"})
    now = library.photo(photo.id)
    assert now.description == "<b>am Strand</b>\nzweite Zeile 🏖"
    assert now.tags == ("family", "sea")
    assert (now.rating, now.is_favourite) == (4, True)
    page = check(library.browser.get(path).text)
    assert "&lt;b&gt;am Strand&lt;/b&gt;" in page
    library.browser.post(f"{path}/rating", {"rating": "0"})
    library.browser.post(f"{path}/favourite", {"favourite": "no"})
    now = library.photo(photo.id)
    assert (now.rating, now.is_favourite) == (None, False)


def test_a_photo_is_turned_by_a_form_or_a_program(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48), "one.jpg")
    path = f"/photos/{photo.id}"
    page = check(library.browser.get(path).text)
    assert 'value="90" data-turn-by="90" aria-label="Turn right"' in page
    assert library.browser.post(f"{path}/turn", {"degrees": "90"}).status_code == 303
    waiting = check(library.browser.get(path).text)
    assert 'data-turn="90" data-turn-made="0"' in waiting
    library.work()
    turned = check(library.browser.get(path).text)
    assert 'data-turn="90" data-turn-made="90"' in turned
    assert "48 × 64 pixels" in words(turned)
    answer = library.browser.api("POST", f"/api/v1/photos/{photo.id}/turn", {"degrees": 0}).get_json()
    assert (answer["turn"], answer["state"]) == (0, "new")
    assert library.browser.api("POST", f"/api/v1/photos/{photo.id}/turn", {"degrees": 45}).status_code == 400
    library.work()
    assert (library.photo(photo.id).width, library.photo(photo.id).sha256) == (64, photo.sha256)


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("rating", {"rating": "6"}),
        ("rating", {"rating": "²"}),
        ("rating", {}),
        ("label", {"name": "dog", "verdict": "perhaps"}),
        ("label", {"name": "unicorn", "verdict": "keep"}),
        ("description", {"description": "a\0b"}),
        ("description", {"description": "x" * 5001}),
        ("tags", {"tags": "x" * 101}),
        ("turn", {"degrees": "45"}),
        ("turn", {"degrees": "-90"}),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(library: Library, act: str, form: dict[str, str]) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    answer = library.browser.post(f"/photos/{photo.id}/{act}", form)
    assert answer.status_code == 400
    check(answer.text)
    assert library.photo(photo.id).revision == photo.revision


def test_a_label_is_kept_rejected_and_taken_back(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    library.label(photo, [DOG])
    for word, verdict, shown in (
        ("reject", Verdict.REJECTED, "dog not this"),
        ("undo", None, "dog 93 %"),
        ("keep", Verdict.KEPT, "dog kept by you"),
    ):
        answer = library.browser.post(f"/photos/{photo.id}/label", {"name": "dog", "verdict": word})
        assert answer.headers["Location"] == f"/photos/{photo.id}#labels"
        assert library.photo(photo.id).labels[0].verdict is verdict
        assert shown in words(library.browser.get(f"/photos/{photo.id}").text)


def test_the_trash_is_left_by_undo_and_emptied_only_by_the_typed_word(library: Library) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    path = f"/photos/{photo.id}"
    assert library.browser.post(f"{path}/delete", {"word": "delete"}).status_code == 409
    assert library.browser.post(f"{path}/trash").status_code == 303
    assert library.photo(photo.id).shelf is Shelf.TRASH
    page = library.browser.get("/").text
    undo = re.search(r'<form method="post" action="([^"]+)">(?:(?!</form>).)*Undo', page)
    assert undo
    assert library.browser.post(undo[1]).status_code == 303
    assert library.photo(photo.id).shelf is Shelf.TIMELINE

    library.browser.post(f"{path}/trash")
    assert "deleted for good in 30 days" in words(check(library.browser.get(path).text))
    check(library.browser.get(f"{path}/delete").text)
    refused = library.browser.post(f"{path}/delete", {"word": "yes"})
    assert refused.status_code == 400
    assert "Type the word delete." in words(check(refused.text))
    assert library.browser.post(f"{path}/delete", {"word": "Delete"}).headers["Location"] == "/trash"
    assert library.browser.get(path).status_code == 404


def test_a_refused_photo_says_why_and_can_be_tried_again(library: Library) -> None:
    library.send(("cut.png", pictures.truncated(pictures.jpeg())))
    library.work()
    page = library.browser.get("/uploads").text
    found = re.search(r'href="(/photos/[^"]+)"><bdi>cut.png', page)
    assert found
    text = words(check(library.browser.get(found[1]).text))
    photo_id = found[1].rsplit("/", 1)[1]
    assert library.photo(photo_id).reason in text
    assert "JPEG, " in text, "what it is, not what it is called"
    assert library.browser.post(f"{found[1]}/reprocess").status_code == 303
    assert library.photo(photo_id).state is PhotoState.NEW
    assert "Waiting" in words(library.browser.get(found[1]).text)


def test_another_persons_photo_is_not_there(library: Library, people: People) -> None:
    photo = library.add(pictures.jpeg(64, 48))
    library.label(photo, [DOG])
    library.browser.post(f"/photos/{photo.id}/trash")
    before = library.photo(photo.id)
    for name, browser in people:
        if name == "owner":
            continue
        strange = name in {"stranger", "nobody"}
        for path in (f"/photos/{photo.id}", f"/photos/{photo.id}/delete"):
            assert browser.get(path).status_code == (303 if strange else 404)
        for act, form in POSTS.items():
            answer = browser.post(f"/photos/{photo.id}/{act}", form)
            assert answer.status_code == (303 if strange else 404), (name, act)
    assert library.photo(photo.id) == before
