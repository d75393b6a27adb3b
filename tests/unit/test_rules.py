"""Routes learn to write their addresses late, and write the same ones."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug.routing import Map, Rule

from photos.web.rules import LateRule

PATHS = ("/", "/photos/<photo_id>", "/days/<int:year>/<path:rest>")


def test_nothing_is_compiled_before_an_address_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Rule] = []
    compile_builder = Rule._compile_builder

    def counted(rule: Rule, append_unknown: bool = True) -> Any:
        compiled.append(rule)
        return compile_builder(rule, append_unknown)

    monkeypatch.setattr(Rule, "_compile_builder", counted)
    addresses = Map([LateRule(path, endpoint=path) for path in PATHS]).bind("localhost")
    assert addresses.match("/photos/7") == (PATHS[1], {"photo_id": "7"})
    assert compiled == []
    for _ in range(2):
        assert addresses.build(PATHS[1], {"photo_id": "7"}) == "/photos/7"
    assert [rule.rule for rule in compiled] == [PATHS[1]]


def test_addresses_are_those_of_a_plain_rule() -> None:
    values = {"photo_id": "a b/ü", "year": 2024, "rest": "a/b", "page": "2 3"}
    built = [
        [Map([kind(path, endpoint="it")]).bind("localhost").build("it", values) for path in PATHS]
        for kind in (Rule, LateRule)
    ]
    assert built[0] == built[1]
    assert "/photos/a%20b/%C3%BC?year=2024&rest=a/b&page=2+3" in built[1]
