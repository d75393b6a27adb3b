"""The OpenAPI document against the running application: no 500, and no answer it does not describe."""

from __future__ import annotations

import os

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import checks

from photos.services import accounts

EXAMPLES = int(os.environ.get("BIGIMAGE_PROOF_N", "6"))
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]


@pytest.mark.parametrize("who", ["member", "nobody"])
def test_no_request_makes_the_document_lie(app: Flask, who: str) -> None:
    headers = {}
    if who == "member":
        database = app.extensions["bigimage"].database
        user = accounts.create_account("member@example.org", "a lighthouse at noon", database=database)
        token, _ = accounts.create_token(
            user, name="fuzzing", scopes=frozenset({"read", "write"}), database=database
        )
        headers["Authorization"] = f"Bearer {token}"
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    tried = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if operation.path.startswith("/api/v1/tokens/"):
            continue  # a lucky guess would revoke the token that this test uses
        strategy = operation.as_strategy()

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=strategy)
        def check(case: schemathesis.Case) -> None:
            nonlocal tried
            tried += 1
            case.call_and_validate(headers=headers, checks=CHECKS)

        check()
    assert tried >= EXAMPLES
