"""Asking for somebody else's things: by their ids, in a list, by searching, by sending what they have."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Iterator

import pytest
from flask import Flask
from PIL import Image

from photos.db import hashes
from photos.ids import new_id
from photos.web.routes import ACCESS, Access
from tests import pictures
from tests.attacks.belongings import Belongings, send, snapshot, without_ids
from tests.web.conftest import Browser, People
from tests.web.shelves import Library
from tests.web.test_routes import UNKNOWN_ID, rows

API = "/api/v1"
SILENT = {"accounts.end_session"}
"""Ends nothing that is not one's own, and says of both that it is over."""


def test_row_031_what_is_not_yours_looks_like_what_is_not_there(
    app: Flask, people: People, belongings: Belongings
) -> None:
    before = snapshot(app)
    walked = 0
    for rule, method in list(rows(app)):
        if ACCESS[rule.endpoint, method] is not Access.OWNER:
            continue
        walked += 1
        theirs = belongings.path(app, rule)
        nothing = belongings.path(app, rule, known=False)
        for name, browser in people:
            if browser is people.owner:
                continue
            answers = [
                without_ids(send(browser, rule, method, path), *belongings.values.values(), UNKNOWN_ID)
                for path in (theirs, nothing)
            ]
            assert answers[0] == answers[1], (rule.endpoint, method, name)
            status = answers[0][0]
            if browser.user is None or name == "stranger":
                assert status in {303, 401}, (rule.endpoint, name, status)
            else:
                assert status == (303 if rule.endpoint in SILENT else 404), (rule.endpoint, name, status)
    assert walked >= 20
    assert snapshot(app) == before


def test_row_031_the_owner_does_get_there(app: Flask, people: People, belongings: Belongings) -> None:
    """Otherwise the test above would prove nothing."""
    for rule, method in list(rows(app)):
        if ACCESS[rule.endpoint, method] is Access.OWNER and method == "GET":
            assert send(people.owner, rule, method, belongings.path(app, rule)).status_code == 200


def test_row_031_stored_bytes_need_a_signed_address(
    app: Flask, people: People, belongings: Belongings
) -> None:
    photo = people.owner.api("GET", f"{API}/photos/{belongings.values['photo_id']}").json
    signed = [photo["original_url"], *(each["url"] for each in photo["renditions"].values())]
    for url in signed:
        with people.owner.client.get(url) as answer:
            assert answer.status_code == 200
        bare = url.partition("?")[0]
        refusals = []
        for path in (bare, "/media/originals/none"):
            for _, browser in people:
                answer = browser.client.get(path)
                assert answer.status_code == 403
                refusals.append(without_ids(answer))
        assert all(refusal == refusals[0] for refusal in refusals)


def test_row_033_ids_have_no_order_and_nothing_in_common() -> None:
    ids = [new_id() for _ in range(1000)]
    assert all(len(ident) == 22 for ident in ids)
    assert len(set(ids)) == 1000
    assert ids != sorted(ids)
    for place in range(21):  # the last character holds 2 bits only
        assert len({ident[place] for ident in ids}) > 50


def questions_of(app: Flask) -> Iterator[str]:
    """Every list, count and search that a signed-in person may ask for: bare, and about zebras."""
    for rule, method in list(rows(app)):
        if method == "GET" and ACCESS[rule.endpoint, method] is Access.SIGNED_IN:
            with app.test_request_context():
                path = app.url_map.bind("localhost").build(
                    rule.endpoint, dict.fromkeys(rule.arguments, "2024-06")
                )
            yield path
            yield f"{path}?q=zebra"
    yield f"{API}/photos?shelf=trash"
    yield f"{API}/timeline?shelf=trash"
    yield f"{API}/search?q=label%3Azebra&order=relevance"
    yield f"{API}/search/suggestions?q=zeb"


def test_row_034_no_list_and_no_search_tells_anything_about_others(
    app: Flask, people: People, library: Library, request: pytest.FixtureRequest
) -> None:
    questions = list(questions_of(app))
    assert len(questions) > 40
    before = [without_ids(people.member.get(question)) for question in questions]
    belongings: Belongings = request.getfixturevalue("belongings")
    found = people.owner.get(f"{API}/search?q=zebra").json
    assert [item["photo"]["id"] for item in found["items"]] == [belongings.values["photo_id"]]
    after = [without_ids(people.member.get(question)) for question in questions]
    assert before == after


def test_row_035_sending_what_another_has_is_answered_like_anything_new(
    people: People, belongings: Belongings, app: Flask
) -> None:
    answers = []
    for body in (belongings.original, pictures.jpeg(97, 64)):
        offered = {
            "name": "a.jpg",
            "size": len(belongings.original),
            "sha256": hashlib.sha256(body).hexdigest(),
            "type": "image/jpeg",
        }
        (file,) = people.member.api("POST", f"{API}/uploads", {"files": [offered]}).json["files"]
        answers.append((file["status"], file["photo_id"], file["reason"], len(file["parts"])))
    assert answers[0] == answers[1] == ("send", "", "", 1)


def test_row_044_bytes_sent_again_after_acceptance_change_nothing(
    app: Flask, people: People, library: Library
) -> None:
    body = pictures.jpeg(120, 80)
    offered = {
        "name": "a.jpg",
        "size": len(body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "type": "image/jpeg",
    }
    (file,) = people.owner.api("POST", f"{API}/uploads", {"files": [offered]}).json["files"]
    url = file["parts"][0]["url"]
    assert people.owner.client.put(url, data=body).status_code == 200
    complete = f"{API}/uploads/{file['upload_id']}/complete"
    photo = people.owner.api("POST", complete).json
    library.work()
    before = snapshot(app)
    assert people.owner.client.put(url, data=bytes(len(body))).status_code == 404
    assert people.owner.api("POST", complete).json["id"] == photo["id"]
    with people.owner.client.get(photo["original_url"]) as original:
        assert original.data == body
    assert snapshot(app) == before


EXTRA = {
    "owner_id": 1,
    "id": "A" * 22,
    "state": "ready",
    "sha256": "0" * 64,
    "is_admin": True,
    "used_bytes": 0,
    "storage_key": "originals/x",
    "quota_bytes": 0,
}


@pytest.mark.parametrize("name", EXTRA)
def test_row_068_fields_that_nobody_asked_for_change_nothing(
    app: Flask, people: People, belongings: Belongings, name: str
) -> None:
    people.owner.get("/account")
    before = snapshot(app)
    photo = f"{API}/photos/{belongings.values['photo_id']}"
    assert people.owner.api("PATCH", photo, {name: EXTRA[name]}).status_code == 400
    assert people.owner.api("PATCH", photo, {"description": "forged", name: EXTRA[name]}).status_code == 400
    verdict = f"{photo}/labels/zebra/verdict"
    assert people.owner.api("PUT", verdict, {"verdict": "kept", name: EXTRA[name]}).status_code == 400
    offered = {"name": "a", "size": 500, "sha256": "1" * 64, "type": ""}
    if name != "sha256":
        files = {"files": [offered | {name: EXTRA[name]}]}
        assert people.owner.api("POST", f"{API}/uploads", files).status_code == 400
    assert people.owner.api("GET", f"{API}/photos?{name}=1").status_code == 400
    assert snapshot(app) == before
    form = {"name": people.owner.user.name if people.owner.user else "", name: str(EXTRA[name])}
    assert people.owner.post("/account/name", form).status_code == 303
    described = people.owner.post(
        f"/photos/{belongings.values['photo_id']}/description", {"description": "", name: str(EXTRA[name])}
    )
    assert described.status_code == 303
    me = people.owner.api("GET", f"{API}/me").json
    assert me["is_admin"] is False
    shown = people.owner.api("GET", photo).json
    assert (shown["id"], shown["state"]) == (belongings.values["photo_id"], "ready")
    assert shown["sha256"] == hashlib.sha256(belongings.original).hexdigest()


def test_row_081_not_yours_takes_as_long_as_not_there(
    app: Flask, people: People, belongings: Belongings
) -> None:
    spent: dict[str, list[float]] = {belongings.values["photo_id"]: [], UNKNOWN_ID: []}
    for _ in range(200):
        for ident, times in spent.items():
            begin = time.thread_time()
            answer = people.member.client.get(f"{API}/photos/{ident}")
            times.append(time.thread_time() - begin)
            assert answer.status_code == 404
    theirs, nothing = (statistics.median(times) for times in spent.values())
    assert abs(theirs - nothing) / nothing < 0.1
    assert json.loads(answer.text)["code"] == "not_found"


def test_a_member_beside_the_owner_has_a_library_of_their_own(people: People, belongings: Belongings) -> None:
    browser: Browser = people.member
    assert browser.api("GET", f"{API}/photos").json == {"items": [], "next": None}


def test_row_036_flat_pictures_look_like_nothing(library: Library, people: People) -> None:
    """Hashes of pictures with nothing in them are alike: compared, they would match each other and more."""
    colours = ("black", "white", "#808080", "red", "#010203", "teal")
    for colour in colours:
        library.add(pictures.encode(Image.new("RGB", (120, 90), colour), "PNG"), f"{colour}.png")
    lookup = "/api/v1/photos/lookup"
    for colour in colours:
        flat = pictures.encode(Image.new("RGB", (300, 200), colour), "PNG")
        answer = people.owner.api("POST", lookup, data=flat, content_type="image/png")
        assert (answer.status_code, json.loads(answer.data)["code"]) == (400, "plain"), colour
    answer = people.owner.api("POST", lookup, data=pictures.jpeg(320, 240), content_type="image/jpeg")
    assert json.loads(answer.data)["items"] == []
    with library.backends.database.read() as connection:
        assert list(hashes.list_hashes(connection, library.owner_id)) == []
