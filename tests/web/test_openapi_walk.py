"""People walk through the API as its document leads: a file is sent, changed, thrown away, brought back.

Every answer must be one that the document describes: to a library's owner, to a member among other people's
things, to nobody.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis.stateful import run_state_machine_as_test
from schemathesis import GenerationMode
from sqlalchemy import delete, update

from photos.db.schema import account, api_token, metadata, session, user
from tests import pictures
from tests.fuzz.effort import PROOF_N, profile
from tests.proof import Sweep
from tests.web.conftest import People
from tests.web.shelves import Library
from tests.web.test_openapi import CHECKS, headers_of

PEOPLE = {user, account, session, api_token}
STEPS = 25
WAY = (
    "offer_files",
    "complete_upload",
    "get_photo",
    "change_photo",
    "trash_photo",
    "restore_photo",
    "turn_photo",
)
"""What has to succeed now and then; else nothing was walked."""
FEW_WALKS = 20
"""Fewer may miss a step or two of the way."""
MISSED = "another's thing"
NOT_THERE = {400, 404, 422}
"""Answers to who names another's thing; a body that cannot be read is said first."""
KNOWN_BY = {"complete_upload": "photo_id", "change_photos": "change_id"}
"""Whose `id` is remembered, and as what."""


@cache
def body_of(number: int) -> bytes:
    """A few small photos in turn: sent again they are known."""
    return body_of(number - 5) if number > 5 else pictures.jpeg(24, 18, seed=number)


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """The application, without a limit that a walk would meet at once."""
    return make_app(uploads_per_minute=1_000_000)


@pytest.mark.proof
def test_any_way_through_the_document_is_as_described(
    app: Flask, people: People, library: Library, sweep: Sweep
) -> None:
    """BIGIMAGE_PROOF_N walks."""
    count = max(10, PROOF_N)
    done: Counter[str] = Counter()
    walk = walk_of(library, headers_of(app, people, "owner"), done)
    run_state_machine_as_test(walk, settings=profile(count, steps=STEPS, shrinks=False))
    sweep.cases = done.total()
    check_way(done, count)


@pytest.mark.proof
def test_a_member_walks_among_own_things_and_past_those_of_others(
    app: Flask, people: People, library: Library, sweep: Sweep
) -> None:
    """A fifth as many walks; the owner's photo and open upload are tried on the way, and stay as they are."""
    done: Counter[str] = Counter()
    walk = member_walk_of(library, headers_of(app, people, "member"), done)
    count = max(10, PROOF_N // 5)
    run_state_machine_as_test(walk, settings=profile(count, steps=STEPS, shrinks=False))
    sweep.cases = done.total()
    check_way(done, count)
    assert done[MISSED] > 10, "too seldom it was another's thing"


@pytest.mark.proof
def test_nobody_is_told_to_sign_in_at_every_turn(library: Library, sweep: Sweep) -> None:
    """However the document leads, there is nothing to walk for whoever has not signed in."""
    statuses: Counter[int] = Counter()

    class Walk(walk_of(library, {}, Counter())):  # type: ignore[misc] # made at run time
        def after_call(self, response: Any, case: schemathesis.Case) -> None:
            statuses[response.status_code] += 1
            assert response.status_code == 401, response.text

    run_state_machine_as_test(Walk, settings=profile(max(10, PROOF_N // 5), steps=STEPS, shrinks=False))
    sweep.cases = statuses.total()
    assert statuses[401] > 50


def check_way(done: Counter[str], walks: int) -> None:
    """Whether so many walks went the way."""
    missed = set(WAY) - done.keys()
    assert len(missed) <= (2 if walks < FEW_WALKS else 0), f"never succeeded: {missed}; of {done}"


def member_walk_of(library: Library, headers: dict[str, str], done: Counter[str]) -> type[Any]:
    """The walk of somebody in whose way things of the library's owner lie."""

    class Walk(walk_of(library, headers, done)):  # type: ignore[misc] # made at run time
        def setup(self) -> None:
            super().setup()
            library.send(("another.jpg", body_of(1)))
            opened = library.browser.api("POST", "/api/v1/uploads", {"files": [offered(b"never sent")]})
            (photo,) = library.browser.get("/api/v1/photos").json["items"]
            self.others = {"photo_id": photo["id"], "upload_id": opened.json["files"][0]["upload_id"]}
            self.before = self.look()
            self.is_theirs = False

        def before_call(self, case: schemathesis.Case) -> None:
            super().before_call(case)
            names = case.path_parameters.keys() & self.others.keys()
            self.is_theirs = bool(names) and self.steps % 5 == 0
            if self.is_theirs:
                case.path_parameters.update({name: self.others[name] for name in names})
            elif operation_of(case) == "change_photos" and self.steps % 2:
                case.body["photos"] = {"ids": [self.others["photo_id"]]}

        def after_call(self, response: Any, case: schemathesis.Case) -> None:
            if self.is_theirs:
                assert response.status_code in NOT_THERE, response.text
                done[MISSED] += 1
            else:
                super().after_call(response, case)

        def teardown(self) -> None:
            assert self.look() == self.before
            super().teardown()

        def look(self) -> list[Any]:
            return [
                library.photo(self.others["photo_id"]),
                library.browser.get(f"/api/v1/uploads/{self.others['upload_id']}").status_code,
            ]

    return Walk


def walk_of(library: Library, headers: dict[str, str], done: Counter[str]) -> type[Any]:
    """What the document says, but that offered files exist and are sent when they are wanted.

    Each walk begins with an empty library, so that the same steps lead to the same place.
    """
    client = library.browser.client
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", client.application)
    schema = schema.include(path_regex="/(uploads|photos|changes)(/|$)")
    schema.config.generation.update(modes=[GenerationMode.POSITIVE])

    class Walk(schema.as_state_machine()):  # type: ignore[misc] # made at run time
        def setup(self) -> None:
            clear(library)
            self.offers, self.steps = 0, 0
            self.seen: dict[str, str] = {}

        def before_call(self, case: schemathesis.Case) -> None:
            self.steps += 1
            case.headers.update(headers)
            for name in case.path_parameters.keys() & self.seen.keys():
                if self.steps % 4:  # else what the document, or chance, has chosen
                    case.path_parameters[name] = self.seen[name]
            if operation_of(case) == "offer_files":
                self.offers += 1
                case.body = {"files": [offered(body_of(self.offers))]}

        def after_call(self, response: Any, case: schemathesis.Case) -> None:
            operation = operation_of(case)
            if response.status_code >= 300:
                return
            done[operation] += 1
            answer = response.json() if response.content else {}
            if operation == "offer_files":
                (file,) = answer["files"]
                self.seen["upload_id"] = file["upload_id"] or self.seen.get("upload_id", "none")
                for part in file["parts"]:
                    sent = client.put(part["url"], data=body_of(self.offers))
                    assert sent.status_code == 200, sent.text
            elif operation in KNOWN_BY:
                self.seen[KNOWN_BY[operation]] = answer["id"]

        def validate_response(self, response: Any, case: schemathesis.Case, **_: Any) -> None:
            case.validate_response(response, checks=CHECKS)

    return Walk


def clear(library: Library) -> None:
    """Photos and all that belongs to them; people stay, with their sessions and tokens."""
    here = library.backends
    with here.database.write() as connection:
        for table in reversed(metadata.sorted_tables):
            if table not in PEOPLE:
                connection.execute(delete(table))
        connection.execute(update(user).values(used_bytes=0))
    for item in list(here.storage.list()):
        here.storage.delete(item.key)
    for key, multipart_id in list(here.storage.list_multiparts()):
        here.storage.abort_multipart(key, multipart_id)
    here.search.clear()


def operation_of(case: schemathesis.Case) -> str:
    return str(case.operation.definition.raw["operationId"])


def offered(body: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(body).hexdigest()
    return {"name": "walked.jpg", "size": len(body), "sha256": digest, "type": "image/jpeg"}
