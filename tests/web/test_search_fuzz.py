"""Whatever is written into the search box is answered: a page, or an error that points into the text."""

from __future__ import annotations

import os
from random import Random
from urllib.parse import urlencode

import pytest

from photos.query.grammar import LONGEST
from tests.pictures import exif, jpeg
from tests.proof import Sweep
from tests.unit.query.libraries import typed
from tests.web.shelves import Library

DOORS = ("/search", "/api/v1/search", "/api/v1/search/facets", "/api/v1/search/suggestions")
ORDERS = ("newest", "oldest", "relevance")
QUERIES_OF_A_ROUND = 25
"""Many more go past the pages, in tests/unit/query/test_typed.py."""


@pytest.mark.proof
def test_no_query_is_a_server_error(library: Library, sweep: Sweep) -> None:
    for seed in range(3):
        block = exif(taken="2024:06:01 12:00:00", description="a dog and two cats at the beach")
        library.add(jpeg(64, 48, seed=seed, exif=block))
    rounds = int(os.environ.get("BIGIMAGE_PROOF_N", "10"))
    random = Random(rounds)
    for _ in range(rounds * QUERIES_OF_A_ROUND):
        query, door = typed(random), random.choice(DOORS)
        parameters = {"q": query}
        if door in DOORS[:2]:
            parameters["order"] = random.choice(ORDERS)
        if door == DOORS[3]:
            parameters["at"] = str(random.randrange(len(query) + 2))
        answer = library.browser.get(f"{door}?{urlencode(parameters, errors='surrogatepass')}")
        assert answer.status_code in (200, 400), (door, query)
        if door == "/api/v1/search" and answer.status_code == 400:
            position = answer.get_json().get("position")
            assert position is None or 0 <= position <= max(len(query), LONGEST), query
        sweep.cases += 1
