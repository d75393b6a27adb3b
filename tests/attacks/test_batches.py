"""Lists with another person's things among them: these are as good as not there, and nothing is told."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from photos.services import change_actions
from tests import pictures
from tests.attacks.belongings import Belongings, send_file, without_ids
from tests.web.conftest import People
from tests.web.test_routes import UNKNOWN_ID

API = "/api/v1"
VALUES: dict[str, dict[str, Any]] = {
    "rate": {"rating": 5},
    "add_tags": {"tags": ["forged"]},
    "remove_tags": {"tags": ["forged"]},
    "describe": {"description": "forged"},
    "set_taken": {"taken": {"shift_seconds": 3600}},
    "set_place": {"place": {"position": {"latitude": 1.0, "longitude": 2.0}}},
}
"""What an action needs beside its photos."""


@pytest.fixture
def mine(people: People) -> tuple[str, str]:
    """Two photos of the member, to be changed in step: beside the owner's photo, and beside none."""
    sent = [send_file(people.member, pictures.jpeg(50 + n, 40), f"{n}.jpg").json for n in range(2)]
    return sent[0]["id"], sent[1]["id"]


def theirs_of(belongings: Belongings) -> Iterator[str]:
    """The owner's photos: one on the timeline, one in the trash."""
    yield belongings.values["photo_id"]
    yield belongings.trashed_id


def told(answer: TestResponse) -> tuple[Any, ...]:
    """What a change of many says, but for ids and times."""
    change = answer.json
    if answer.status_code != 200:
        return answer.status_code, change
    reasons = [failure["reason"] for failure in change["failures"]]
    return *(change[name] for name in ("state", "total", "done", "failed", "words", "can_undo")), reasons


@pytest.mark.parametrize("theirs", ["timeline", "trash"])
def test_row_032_a_change_of_many_reaches_ones_own_photos_alone(
    people: People, belongings: Belongings, mine: tuple[str, str], theirs: str
) -> None:
    photo_id = belongings.values["photo_id"] if theirs == "timeline" else belongings.trashed_id
    before = people.owner.api("GET", f"{API}/photos/{photo_id}").json
    for action in (*sorted(change_actions.ACTORS.keys() - {"undo", "purge"}), "purge"):
        answers = []
        for own, other in zip(mine, (photo_id, UNKNOWN_ID), strict=True):
            body = {"action": action, "photos": {"ids": [own, other]}, **VALUES.get(action, {})}
            answers.append(told(people.member.api("POST", f"{API}/changes", body)))
        assert answers[0] == answers[1], action
        assert answers[0][:4] == ("done", 2, 1, 1) or answers[0][:4] == ("done", 2, 0, 2), answers[0]
    assert people.owner.api("GET", f"{API}/photos/{photo_id}").json == before


def test_row_032_copies_are_joined_and_told_apart_among_ones_own(
    app: Flask, people: People, belongings: Belongings, mine: tuple[str, str]
) -> None:
    photo_id = belongings.values["photo_id"]
    before = people.owner.api("GET", f"{API}/photos/{photo_id}").json
    own, _ = mine
    answers = []
    for other in (photo_id, UNKNOWN_ID):
        asked = [
            people.member.api("POST", f"{API}/duplicates/merge", {"keep": own, "others": [other]}),
            people.member.api("POST", f"{API}/duplicates/merge", {"keep": other, "others": [own]}),
            people.member.api("POST", f"{API}/duplicates/apart", {"photos": [own, other]}),
            people.member.post("/duplicates/merge", {"keep": own, "photo": [own, other]}),
            people.member.post("/duplicates/apart", {"photo": [own, other]}),
            people.member.post(f"/duplicates/restore?photo={other}"),
        ]
        assert {answer.status_code for answer in asked} == {404}
        answers.append([without_ids(answer, own, other) for answer in asked])
    assert answers[0] == answers[1]
    assert people.owner.api("GET", f"{API}/photos/{photo_id}").json == before


def test_row_032_an_archive_holds_ones_own_photos_alone(
    people: People, belongings: Belongings, mine: tuple[str, str]
) -> None:
    packed = people.member.post("/downloads", {"photo": [*mine, *theirs_of(belongings), UNKNOWN_ID]})
    assert packed.status_code == 303
    with zipfile.ZipFile(io.BytesIO(people.member.get(packed.headers["Location"]).data)) as archive:
        assert sorted(archive.namelist()) == ["0.jpg", "1.jpg", "photos.csv", "photos.json"]
        listing = archive.read("photos.json").decode()
    for photo_id in theirs_of(belongings):
        assert photo_id not in listing
        alone = people.member.post("/downloads", {"photo": photo_id})
        nothing = people.member.post("/downloads", {"photo": UNKNOWN_ID})
        assert without_ids(alone, photo_id) == without_ids(nothing, UNKNOWN_ID)
        assert alone.status_code == 400


def test_row_032_states_are_told_of_ones_own_things_only(people: People, belongings: Belongings) -> None:
    answers = []
    for ident in (belongings.values["photo_id"], UNKNOWN_ID):
        answer = people.member.api("GET", f"{API}/photos/states?ids={ident},{UNKNOWN_ID}")
        assert answer.json["items"] == []
        answers.append(answer.data)
    assert answers[0] == answers[1]
