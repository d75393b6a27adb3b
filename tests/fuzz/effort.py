"""How far the fuzzers go: seconds in `make test`, N in `make proof`, hours in `make fuzz`."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings

PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "20"))
SEED = int(os.environ.get("FUZZ_SEED", "1"))
"""`make fuzz` gives every round another one; everywhere else the same inputs come each time."""


def efforts(quick: int, *, per_n: int) -> pytest.MarkDecorator:
    """`count` as a parameter: `quick` in `make test`, `per_n` for each N in `make proof`."""
    long = pytest.param(PROOF_N * per_n, id="long", marks=pytest.mark.proof)
    return pytest.mark.parametrize("count", [pytest.param(quick, id="quick"), long])


def profile(examples: int, *, steps: int = 50, shrinks: bool = True) -> settings:
    """Settings of Hypothesis: no database, no clock, and no luck outside `make fuzz`."""
    phases = [Phase.explicit, Phase.generate, *([Phase.shrink] if shrinks else [])]
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        derandomize="FUZZ_SEED" not in os.environ,
        print_blob=True,
        phases=phases,
        verbosity=Verbosity.normal,
        suppress_health_check=list(HealthCheck),
    )
