"""Changes to many photos over the API and by forms: the archive, undoing, what is told about failures."""

from __future__ import annotations

from typing import Any

import pytest

from photos.models import Shelf
from tests import pictures
from tests.web.conftest import People
from tests.web.shelves import Library

UNKNOWN = "x" * 22


@pytest.fixture
def ids(library: Library) -> list[str]:
    return [library.add(pictures.jpeg(48 + number, 32), f"{number}.jpg").id for number in range(2)]


def change(people: People, action: str, ids: list[str], **values: object) -> dict[str, Any]:
    body = {"action": action, "photos": {"ids": ids}, **values}
    answer = people.owner.api("POST", "/api/v1/changes", body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def test_a_change_says_what_became_of_every_photo(people: People, library: Library, ids: list[str]) -> None:
    made = change(people, "archive", [*ids, UNKNOWN])
    assert (made["state"], made["total"], made["done"], made["failed"]) == ("done", 3, 2, 1)
    assert made["failures"] == [{"id": UNKNOWN, "reason": "It is not in your library."}]
    assert made["words"] == "2 photos in the archive, 1 stayed as it was"
    assert library.photo(ids[0]).shelf is Shelf.ARCHIVE
    path = f"/api/v1/changes/{made['id']}"
    assert people.owner.api("GET", path).json == made
    assert people.owner.api("GET", f"{path}/failures?limit=1").json["items"] == made["failures"]
    assert people.owner.api("GET", "/api/v1/changes").json["items"][0]["id"] == made["id"]
    undone = people.owner.api("POST", f"{path}/undo").json
    assert (undone["done"], undone["words"]) == (2, "2 photos as before")
    assert library.photo(ids[0]).shelf is Shelf.TIMELINE
    assert people.owner.api("GET", path).json["state"] == "undone"


def test_one_key_is_one_change(people: People, library: Library, ids: list[str]) -> None:
    body = {"action": "favourite", "photos": {"ids": ids}}
    headers = {"Idempotency-Key": "one", "X-CSRF-Token": people.owner.csrf}
    answers = [
        people.owner.client.post("/api/v1/changes", json=body, headers=headers, base_url=people.owner.origin)
        for _ in range(2)
    ]
    assert len({answer.json["id"] for answer in answers}) == 1


def test_dates_and_places_of_many_are_corrected(people: People, library: Library, ids: list[str]) -> None:
    change(people, "set_taken", ids, taken={"local": "2019-05-04T10:20:00", "offset_minutes": 60})
    change(people, "set_taken", ids, taken={"shift_seconds": 3600})
    assert library.photo(ids[1]).taken_local.isoformat() == "2019-05-04T11:20:00"
    change(people, "set_place", ids, place={"position": {"latitude": 48.8566, "longitude": 2.3522}})
    place = library.photo(ids[1]).place
    assert place is not None
    assert place.country_code == "FR"
    change(people, "set_place", ids, place={"position": None})
    assert library.photo(ids[1]).position is None


@pytest.mark.parametrize(
    "body",
    [
        {"action": "favourite", "photos": {}},
        {"action": "fly", "photos": {"ids": [UNKNOWN]}},
        {"action": "rate", "photos": {"ids": [UNKNOWN]}},
        {"action": "favourite", "photos": {"ids": [UNKNOWN], "q": "dog"}},
        {"action": "favourite", "photos": {"q": "colour:"}},
        {"action": "set_taken", "photos": {"ids": [UNKNOWN]}, "taken": {}},
        {"action": "set_taken", "photos": {"ids": [UNKNOWN]}, "taken": {"local": "noon"}},
        {"action": "set_place", "photos": {"ids": [UNKNOWN]}, "place": {"position": {"latitude": 91}}},
    ],
)
def test_what_cannot_be_asked_is_a_problem(people: People, body: dict[str, object]) -> None:
    assert people.owner.api("POST", "/api/v1/changes", body).status_code == 400


def test_without_scripts_chosen_photos_are_changed_by_a_form(
    people: People, library: Library, ids: list[str]
) -> None:
    form = {"action": "archive", "photo": ids, "back": "/archive"}
    answer = people.owner.post("/changes", form)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/archive")
    page = people.owner.get("/archive").text
    assert all(f'value="{photo_id}"' in page for photo_id in ids)
    assert "2 photos in the archive." in page
    listed = people.owner.get("/changes").text
    assert "2 photos in the archive" in listed
    undo = next(word for word in listed.split('"') if word.endswith("/undo"))
    assert people.owner.post(undo).status_code == 303
    assert library.photo(ids[0]).shelf is Shelf.TIMELINE
    assert "2 photos as before" in people.owner.get("/changes").text


def test_a_form_that_fails_in_part_leads_to_what_failed(
    people: People, library: Library, ids: list[str]
) -> None:
    answer = people.owner.post("/changes", {"action": "favourite", "photo": [*ids, UNKNOWN]})
    assert answer.status_code == 303
    page = people.owner.get(answer.headers["Location"]).text
    assert "It is not in your library." in page
    assert "A photo that is gone" in page


def test_a_form_deletes_nothing_for_good(people: People, library: Library, ids: list[str]) -> None:
    people.owner.post("/changes", {"action": "trash", "photo": ids})
    assert people.owner.post("/changes", {"action": "purge", "photo": ids}).status_code == 400
    assert library.photo(ids[0]).shelf is Shelf.TRASH


def test_the_way_back_stays_in_this_house(people: People, library: Library, ids: list[str]) -> None:
    for back in ("https://evil.example/", "//evil.example", "/\\evil.example"):
        answer = people.owner.post("/changes", {"action": "favourite", "photo": ids, "back": back})
        assert answer.headers["Location"] == "/"


def test_an_empty_archive_and_no_changes_say_so(people: People) -> None:
    assert "The archive is empty" in people.owner.get("/archive").text
    assert "Nothing was changed" in people.owner.get("/changes").text


def test_date_and_place_of_one_photo_are_corrected_by_forms_and_over_the_api(
    people: People, library: Library, ids: list[str]
) -> None:
    path = f"/photos/{ids[0]}"
    assert (
        people.owner.post(f"{path}/date", {"local": "2011-12-13T14:15", "offset": "-300"}).status_code == 303
    )
    assert people.owner.post(f"{path}/place", {"position": "48.8566, 2.3522"}).status_code == 303
    shown = people.owner.api("GET", f"/api/v1{path}").json
    assert (shown["taken_at"], shown["taken_source"]) == ("2011-12-13T14:15:00-05:00", "person")
    assert shown["place"]["country_code"] == "FR"
    answer = people.owner.api(
        "PATCH", f"/api/v1{path}", {"taken": {"shift_seconds": 60}, "place": {"position": None}}
    )
    assert (answer.json["taken_at"], answer.json["place"]) == ("2011-12-13T14:16:00-05:00", None)
    for form in ({"local": "tomorrow"}, {"local": "2011-12-13T14:15", "offset": "x"}, {}):
        assert people.owner.post(f"{path}/date", form).status_code == 400
    assert people.owner.post(f"{path}/place", {"position": "north"}).status_code == 400
    people.owner.post(f"{path}/date", {"from_file": "yes"})
    library.work()
    assert people.owner.api("GET", f"/api/v1{path}").json["taken_source"] == "upload"


def test_a_download_is_one_zip_file_with_its_length(people: People, library: Library, ids: list[str]) -> None:
    answer = people.owner.post("/downloads", {"ids": ",".join(ids)})
    assert answer.status_code == 303
    path = answer.headers["Location"]
    file = people.owner.get(path)
    assert file.content_type == "application/zip"
    assert file.headers["Content-Disposition"] == 'attachment; filename="photos.zip"'
    assert int(file.headers["Content-Length"]) == len(file.data)
    assert people.owner.get(f"{path}?part=2").status_code == 404
    assert people.member.get(path).status_code == 404
    assert "photos.zip" in people.owner.get(path.removesuffix("/photos.zip")).text
