"""Parts of pages that are the same for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from jinja2 import DictLoader

from photos.web.templating import FixedParts
from tests.web.conftest import ORIGIN, People


@pytest.fixture
def parts(app: Flask) -> FixedParts:
    fixed = app.jinja_env.globals["fixed"]
    assert isinstance(fixed, FixedParts)
    return fixed


def test_a_part_is_written_once_for_each_of_its_words(app: Flask, parts: FixedParts) -> None:
    with app.test_request_context("/", base_url=ORIGIN):
        photos = parts("components/rail.html", section="photos")
        assert parts("components/rail.html", section="photos") is photos
        trash = parts("components/rail.html", section="trash")
    assert photos.count('aria-current="page"') == trash.count('aria-current="page"') == 1
    assert photos != trash


@pytest.mark.parametrize("template", ["components/csrf_field.html", "components/nonce.html"])
def test_a_part_with_a_token_or_a_nonce_cannot_be_fixed(app: Flask, template: str) -> None:
    env: Any = app.jinja_env.overlay(
        loader=DictLoader(
            {
                "components/csrf_field.html": "{{ csrf_token() }}",
                "components/nonce.html": "{{ csp_nonce() }}",
            }
        )
    )
    with app.test_request_context("/", base_url=ORIGIN), pytest.raises(TypeError):
        FixedParts(env)(template)


def test_a_part_does_not_know_who_asks(people: People) -> None:
    owner = people.owner.get("/trash").text
    member = people.member.get("/trash").text
    start, end = '<nav class="rail"', "</nav>"
    assert owner[owner.index(start) : owner.index(end)] == member[member.index(start) : member.index(end)]
    assert "@" not in owner[owner.index(start) : owner.index(end)]
