"""Whatever is typed is refused with its place in the text, or means the same to index and definition."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

import pytest

from photos.backends.search.sqlite import SqliteSearch
from photos.query import QueryError, parse, unparse
from photos.query.evaluate import search
from photos.query.grammar import LONGEST
from tests.proof import Sweep
from tests.unit.query.libraries import OWNERS, WORDS, library, typed

ORDERS = ("newest", "oldest", "relevance")
QUERIES_PER_N = 500
PHOTOS = 30
MOST = 60


@pytest.mark.proof
def test_no_query_fails_or_is_understood_in_two_ways(tmp_path: Path, sweep: Sweep) -> None:
    """BIGIMAGE_PROOF_N x 500 queries: 100,000 with N=200."""
    random = Random(100_000)
    index = SqliteSearch(tmp_path / "search.db")
    documents = library(random, WORDS, PHOTOS)
    index.put(documents)
    understood = fruitful = 0
    for _ in range(int(os.environ.get("BIGIMAGE_PROOF_N", "20")) * QUERIES_PER_N):
        sweep.cases += 1
        text, owner_id, order = typed(random), random.choice(OWNERS), random.choice(ORDERS)
        try:
            tree = parse(text)
        except QueryError as error:
            assert error.reason and error.code, text
            assert 0 <= error.position <= error.position + error.length <= len(text), text
            continue
        understood += 1
        expected = list(search(tree, documents, owner_id, order))
        assert list(index.find(tree, owner_id=owner_id, order=order, limit=MOST).hits) == expected, text
        fruitful += bool(expected)
        if len(unparse(tree)) <= LONGEST:
            assert parse(unparse(tree)) == tree, text
    index.close()
    assert understood > sweep.cases / 4, "what is refused at once proves little"
    assert fruitful > understood / 8
