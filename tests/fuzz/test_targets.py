"""Changed and broken inputs for every parser of ours: an answer it may give, never an accident."""

from __future__ import annotations

import pytest

from tests.fuzz.catalogue import TARGETS
from tests.fuzz.effort import SEED, efforts
from tests.fuzz.mutation import inputs
from tests.proof import Sweep


@efforts(600, per_n=200)
@pytest.mark.parametrize("name", TARGETS)
def test_no_input_makes_it_stumble(sweep: Sweep, name: str, count: int) -> None:
    target = TARGETS[name]
    sweep.name = f"changed and broken inputs: {name}"
    for content in inputs(target, count=round(count * target.share), seed=SEED):
        sweep.cases += 1
        try:
            target.check(content)
        except Exception as error:
            raise AssertionError(f"{name} stumbles over {content[:2000]!r}") from error
