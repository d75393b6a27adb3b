"""Hostile JSON in every field of the API document, new ones too: a problem, or kept whole."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from tests.web.conftest import People
from tests.web.hostile import Tried, attempts
from tests.web.shelves import Library

JSON_VALUES: dict[str, str] = {
    "nul": '"a\\u0000b"',
    "half a surrogate pair": '"\\ud800"',
    "the other half": '"\\udfff"',
    "four bytes": '"\\ud83c\\udfd6𝔊"',
    "right to left": '"a\\u202egpj"',
    "controls": '"\\u0001\\u001b\\u007f\\u009f"',
    "far too long": '"' + "x" * 200_000 + '"',
    "nothing": '""',
    "null": "null",
    "true": "true",
    "a huge number": "9" * 400,
    "beyond any float": "1e999999",
    "a fraction": "0.5",
    "a negative number": "-1",
    "more than 64 bits": str(2**64),
    "an array": "[]",
    "arrays in arrays": "[" * 300 + "]" * 300,
    "an object": '{"a": {"b": []}}',
    "no json": "NaN",
    "cut off": '"abc',
}


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> Flask:
    """Sign-up is open, and nobody is slowed down: what is refused here is refused for what it is."""
    return make_app(open_sign_up=True, sign_in_attempts=1000)


@pytest.fixture
def tried(app: Flask, library: Library, people: People, caplog: pytest.LogCaptureFixture) -> Iterator[Tried]:
    """Sends requests and judges the answers; at the end nothing may be lost or left over."""
    yield from attempts(app, library, people, caplog)


def good_body(document: dict[str, Any], schema: dict[str, Any]) -> Any:
    """A value that the schema allows."""
    if "$ref" in schema:
        return good_body(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if "enum" in schema:
        return schema["enum"][0]
    if "anyOf" in schema:
        return good_body(document, schema["anyOf"][0])
    match schema["type"]:
        case "object":
            return {name: good_body(document, each) for name, each in schema["properties"].items()}
        case "array":
            return [good_body(document, schema["items"])]
        case "string":
            return "0" * 64 if "pattern" in schema else "a"
        case "integer" | "number":
            return 1
        case "boolean":
            return True
        case other:
            raise AssertionError(f"teach this test to make a {other}")


def bodies_with(good: Any, marker: str) -> Iterator[tuple[str, Any]]:
    """The body with each of its values in turn replaced by the marker, and the place."""
    yield "$", marker
    if isinstance(good, dict):
        for name, value in good.items():
            for place, changed in bodies_with(value, marker):
                yield f"{place} in {name}", {**good, name: changed}
    elif isinstance(good, list):
        for place, changed in bodies_with(good[0], marker):
            yield f"{place} in []", [changed]


def test_hostile_json_in_every_field_of_the_api_is_a_problem_or_kept(tried: Tried) -> None:
    document = tried.app.test_client().get("/api/v1/openapi.json").get_json()
    count = 0
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is None:
                continue
            target = re.sub(r"\{(\w+)\}", lambda found: tried.ids[found[1]], path)
            good = good_body(document, content["schema"])
            sender = tried.people.admin if path.startswith("/api/v1/people") else tried.people.owner
            for place, body in bodies_with(good, "MARKER"):
                for what, value in JSON_VALUES.items():
                    raw = json.dumps(body).replace('"MARKER"', value)
                    answer = tried.send(
                        sender,
                        method.upper(),
                        target,
                        (place, what),
                        data=raw,
                        content_type="application/json",
                    )
                    count += 1
                    if what in {
                        "no json",
                        "cut off",
                        "beyond any float",
                        "a huge number",
                        "an object",
                        "nul",
                        "half a surrogate pair",
                        "the other half",
                    }:
                        assert answer.status_code == 400, (path, place, what)
            doubled = json.dumps(good).replace("{", '{"unknown": 1, ', 1)
            answer = tried.send(
                sender,
                method.upper(),
                target,
                "unknown field",
                data=doubled,
                content_type="application/json",
            )
            assert answer.status_code == 400, path
    assert count > 200
