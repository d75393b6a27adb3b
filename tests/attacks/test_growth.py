"""Input that makes a program think too long. Judged by growth: twice the input may cost about twice the CPU.

A pattern that tries everything costs four times as much, or a thousand times.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from xml.etree.ElementTree import ParseError

import pytest
from defusedxml import DefusedXmlException
from flask import Flask

from photos.backends.storage.disposition import content_disposition
from photos.db.keyset import read_cursor
from photos.errors import BigimageError
from photos.imaging.wording import clean_line, clean_text
from photos.imaging.xmp import parse as parse_xmp
from photos.logs import mask
from photos.query import parse
from photos.services.library import clean_text as clean_description
from photos.web.devices import device_words
from photos.web.origins import safe_next
from tests.web.conftest import People

MOST_GROWTH = 3.2
LEAST_SECONDS = 0.004
"""What takes less is not measured but forgiven; twice the input is then still nothing."""

SEEDS = (
    "a",
    " ",
    "\t",
    "\n",
    "\0",
    "(",
    "((",
    "-",
    '"',
    "' ",
    "\\",
    "a ",
    "a:",
    "a/",
    "//",
    "://a:",
    "://a:b",
    "password=",
    "password ",
    'token="',
    "bearer ",
    "bgi_",
    "x-amz-",
    "secret_",
    "é",
    "e\u0301",
    "\u0301",
    "ﷺ",
    "<a",
    "<!--",
    "]]>",
    "&lt;",
    "%",
    "%2",
    "Mozilla/5.0 (",
    "9",
    "9-",
    "2024:",
    "OR ",
    "NOT ",
    "label:",
    "=",
)


def quietly(function: Callable[[str], object]) -> Callable[[str], object]:
    """A refusal is an answer too; broken XML is caught by whoever reads the file."""

    def call(text: str) -> object:
        with suppress(BigimageError, ParseError, DefusedXmlException):
            return function(text)
        return None

    return call


READERS: dict[str, Callable[[str], object]] = {
    "logs": mask,
    "next": safe_next,
    "query": quietly(parse),
    "cursor": quietly(lambda text: read_cursor(text, 2)),
    "download name": content_disposition,
    "line of a file": lambda text: clean_line(text, 500),
    "text of a file": lambda text: clean_text(text, 5000),
    "XMP": quietly(lambda text: parse_xmp(text.encode())),
    "XMP, inside": quietly(lambda text: parse_xmp(f"<x:xmpmeta xmlns:x='x'>{text}</x:xmpmeta>".encode())),
    "description": quietly(lambda text: clean_description(text, limit=10**9, field="x")),
    "device": device_words,
}
"""Everything of ours that reads text with patterns or loops."""


def seconds_of(read: Callable[[str], object], text: str) -> float:
    """CPU time, the best of three."""
    spent = []
    for _ in range(3):
        begin = time.thread_time()
        read(text)
        spent.append(time.thread_time() - begin)
    return min(spent)


def assert_grows_evenly(read: Callable[[str], object], make: Callable[[int], str], *, size: int) -> None:
    once, twice = (seconds_of(read, make(count)) for count in (size, 2 * size))
    assert twice < MOST_GROWTH * max(once, LEAST_SECONDS), (make(3), once, twice)


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
def test_row_065_no_pattern_of_ours_tries_everything(read: Callable[[str], object]) -> None:
    for seed in SEEDS:
        for last in ("", "!", "@"):
            assert_grows_evenly(read, lambda count, s=seed, e=last: (s * count)[:count] + e, size=4000)  # type: ignore[misc]


def test_row_064_wide_and_deep_documents_cost_what_they_weigh(app: Flask, people: People) -> None:
    people.owner.get("/account")
    headers = {"X-CSRF-Token": people.owner.csrf}

    def send(body: str) -> None:
        answer = people.owner.client.post(
            "/api/v1/uploads", data=body, content_type="application/json", headers=headers
        )
        assert answer.status_code in {400, 413}

    makers: tuple[Callable[[int], str], ...] = (
        lambda count: "[" * count,
        lambda count: '{"a":' * count,
        lambda count: "{" + ",".join(f'"k{number}":0' for number in range(count)) + "}",
        lambda count: "{" + ",".join('"files":[]' for _ in range(count)) + "}",
        lambda count: json.dumps({"files": [{"name": "a", "size": 1, "sha256": "x"}] * count}),
        lambda count: "1" * count,
        lambda count: '"' + "\\u0041" * count + '"',
    )
    for make in makers:
        assert_grows_evenly(send, make, size=20_000)


def test_row_064_forms_and_addresses_cost_what_they_weigh(app: Flask, people: People) -> None:
    people.owner.get("/account")

    def send(body: str) -> None:
        answer = people.owner.client.post(
            "/account/name", data=body, content_type="application/x-www-form-urlencoded"
        )
        assert answer.status_code in {400, 413}

    def ask(query: str) -> None:
        assert people.owner.client.get(f"/search?{query}").status_code in {200, 400}

    def tell(cookie: str) -> None:
        assert app.test_client().get("/signed-out", headers={"Cookie": cookie}).status_code == 200

    for seed in ("a=1&", "%", "+", "&", "=", "%41", "a[]=1&"):
        assert_grows_evenly(send, lambda count, s=seed: s * count, size=20_000)  # type: ignore[misc]
        assert_grows_evenly(ask, lambda count, s=seed: s * count, size=2000)  # type: ignore[misc]
    for seed in ("a=1;", '"', "a=\\", "; ", "bigimage=v.;"):
        assert_grows_evenly(tell, lambda count, s=seed: s * count, size=1000)  # type: ignore[misc]
