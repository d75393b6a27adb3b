"""The N-th call fails, for every N: whatever happens while photos are kept, nothing is lost, nothing is
doubled, nothing is half there, and the caller hears the truth."""

from __future__ import annotations

import os
import random

import pytest

from tests.faults.conftest import Sweeper
from tests.faults.flows import FLOWS
from tests.faults.shim import FAULTS
from tests.proof import Sweep

QUICK_CALLS = 60
"""Each flow meets a fault at one of so many first calls, another one for each; the proof takes all."""
QUICK_SHARE = 3
"""Each flow meets one in so many of the faults, and each fault one in so many of the flows; a proof, however
short, lets each meet each."""

LONGEST = 100_000
"""More calls than any flow makes."""

NAMES = [flow.name for flow in FLOWS]


@pytest.mark.parametrize("flow", NAMES)
def test_a_fault_here_and_there_loses_nothing(sweeper: Sweeper, flow: str) -> None:
    places = random.Random(flow)
    failures: list[str] = []
    for fault in list(FAULTS)[NAMES.index(flow) % QUICK_SHARE :: QUICK_SHARE]:
        place = places.randint(1, QUICK_CALLS)
        failures += sweeper.sweep(flow, fault, start=place, most=place)["failures"]
    assert not failures


@pytest.mark.parametrize("flow", ["upload by parts", "plain form", "complete", "drop"])
def test_f01_killed_at_the_steps_of_an_upload_loses_nothing(sweeper: Sweeper, flow: str) -> None:
    for fault in ("kill -9", "torn write"):
        assert not sweeper.sweep(flow, fault, start=3, stride=13, most=LONGEST)["failures"]


@pytest.mark.parametrize("flow", ["upload by parts", "process", "trash", "purge"])
def test_f31_a_power_cut_takes_nothing_that_was_promised(sweeper: Sweeper, flow: str) -> None:
    for fault in ("power cut", "sync fails, power cut"):
        assert not sweeper.sweep(flow, fault, start=2, stride=7, most=LONGEST)["failures"]


@pytest.mark.parametrize(
    ("flow", "fault"), [("row before its bytes", "kill -9"), ("bytes that are not synced", "power cut")]
)
def test_the_sweep_finds_what_is_done_in_the_wrong_order(sweeper: Sweeper, flow: str, fault: str) -> None:
    failures = sweeper.sweep(flow, fault, stride=3, most=LONGEST)["failures"]
    assert any("fsck originals_missing" in failure for failure in failures)


@pytest.mark.proof
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_anywhere_loses_nothing(sweeper: Sweeper, sweep: Sweep, fault: str) -> None:
    """BIGIMAGE_PROOF_N bounds the calls that are met in each flow, spread over all of them. Below 20 it is
    a fifth of that, so that a short run has time for other proofs."""
    length = int(os.environ.get("BIGIMAGE_PROOF_N", "200"))
    most = length if length >= 20 else max(1, length // 5)
    found = [sweeper.spread(flow, fault, most=most) for flow in NAMES]
    failures = [problem for each in found for problem in each["failures"]]
    sweep.name = f"{fault} at the N-th call of {len(NAMES)} flows"
    sweep.cases = sum(each["cases"] for each in found)
    sweep.failures = len(failures)
    assert not failures
