"""The OpenAPI document against the running application: no 500, and no answer it does not describe."""

from __future__ import annotations

import pytest
import schemathesis
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import checks

from photos.models import Label
from photos.services import tokens
from tests import pictures
from tests.fuzz.effort import efforts, profile
from tests.proof import Sweep
from tests.web.conftest import People
from tests.web.shelves import Library

CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
    checks.response_headers_conformance,
    checks.unsupported_method,
]
PEOPLE = ("nobody", "member", "owner", "administrator")
LAST = ("delete", "/api/v1/photos/{photo_id}")
"""Deleting the photo leaves the operations after it with an id of nothing."""


@pytest.fixture
def real_ids(library: Library, people: People) -> dict[str, list[str]]:
    """The owner's photos (labelled, in the trash, waiting), open upload and session, and another person."""
    assert people.stranger.user is not None
    labelled = library.add(pictures.jpeg(60, 40), "labelled.jpg")
    library.label(labelled, [Label("cat", 91.5), Label("traffic light", 50.0)])
    trashed = library.add(pictures.jpeg(60, 40, seed=2), "trashed.jpg")
    assert library.browser.api("POST", f"/api/v1/photos/{trashed.id}/trash").status_code == 200
    library.send(("waiting.jpg", pictures.jpeg(60, 40, seed=3)))
    file = {"name": "open.jpg", "size": 9_000_000, "type": "image/jpeg", "sha256": "0" * 64}
    answer = library.browser.api("POST", "/api/v1/uploads", {"files": [file]}).json
    return {
        "photo_id": [labelled.id, trashed.id],
        "upload_id": [answer["files"][0]["upload_id"]],
        "name": ["cat", "traffic light"],
        "subject": [people.stranger.user.subject],
        "session_id": [
            session["id"] for session in library.browser.api("GET", "/api/v1/sessions").json["items"]
        ],
    }


@efforts(3, per_n=1)
@pytest.mark.parametrize("who", PEOPLE)
def test_no_request_makes_the_document_lie(
    app: Flask, people: People, real_ids: dict[str, list[str]], who: str, count: int, sweep: Sweep
) -> None:
    headers = headers_of(app, people, who)
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [result.ok() for result in schema.get_all_operations()]
    tried = 0
    for operation in sorted(operations, key=lambda each: (each.method.lower(), each.path) == LAST):
        if operation.path.startswith("/api/v1/tokens/"):
            continue  # a lucky guess would revoke the token that this test uses

        @profile(count, shrinks=False)
        @given(case=operation.as_strategy(), is_real=st.booleans(), which=st.integers(0, 1))
        def check(case: schemathesis.Case, is_real: bool, which: int) -> None:
            nonlocal tried
            tried += 1
            for name in case.path_parameters if is_real else ():
                ids = real_ids.get(name, [case.path_parameters[name]])
                case.path_parameters[name] = ids[which % len(ids)]
            case.call_and_validate(headers=headers, checks=CHECKS)

        check()
    sweep.cases = tried
    assert tried >= count * 15


def headers_of(app: Flask, people: People, who: str) -> dict[str, str]:
    """A personal token with every right of that person; nothing for nobody."""
    if who == "nobody":
        return {}
    user = {"member": people.member, "owner": people.owner, "administrator": people.admin}[who].user
    assert user is not None
    token, _ = tokens.create_token(
        user,
        name="fuzzing",
        scopes=frozenset({"read", "write"}),
        database=app.extensions["bigimage"].database,
    )
    return {"Authorization": f"Bearer {token}"}
