"""The N-th call to a server fails, where rows are in MariaDB and bytes in a bucket: nothing is lost there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.conftest import MEMORY, Sweeper, running_stage
from tests.faults.shim import NETWORK_FAULTS
from tests.proof import Sweep
from tests.servers.mariadb import MariaDB
from tests.servers.radosgw import Radosgw

FLOWS = ("complete", "process", "upload by parts", "trash", "purge")
LENGTH = int(os.environ.get("BIGIMAGE_PROOF_N", "200"))
IS_LONG = LENGTH >= 20
GROUPS = 3 if IS_LONG else 1
"""As many workers share a long proof, each with servers of its own; they wait for most of the time."""
FAULTS_IN_GROUPS = [
    pytest.param(fault, marks=pytest.mark.xdist_group(f"a database and a bucket {number % GROUPS}"))
    for number, fault in enumerate(NETWORK_FAULTS)
]
KILLED_AT = 60
"""One call in the middle of a flow, for the tests of every day."""


@pytest.fixture(scope="module")
def network_sweeper(shim_library: Path, mariadb: MariaDB, radosgw: Radosgw) -> Iterator[Sweeper]:
    """A stage on both servers."""
    url = mariadb.create_database()
    settings = {"DATABASE_URL": url, **radosgw.environ(radosgw.create_bucket())}
    with TemporaryDirectory(prefix="bigimage-faults-", dir=MEMORY if MEMORY.is_dir() else None) as folder:
        yield from running_stage("tests.faults.elsewhere", shim_library, folder, settings)
    mariadb.drop_database(url)


@pytest.mark.parametrize("flow", ["complete", "process"])
def test_killed_between_servers_loses_nothing(network_sweeper: Sweeper, flow: str) -> None:
    assert not network_sweeper.sweep(flow, "kill -9", start=KILLED_AT, most=KILLED_AT)["failures"]


@pytest.mark.proof
@pytest.mark.parametrize("fault", FAULTS_IN_GROUPS)
def test_a_fault_between_servers_loses_nothing(network_sweeper: Sweeper, sweep: Sweep, fault: str) -> None:
    """BIGIMAGE_PROOF_N / 5 bounds the calls that are met in each flow, since a case takes seconds; below 20
    only the first two flows are played."""
    chosen = FLOWS if IS_LONG else FLOWS[:2]
    found = [network_sweeper.spread(flow, fault, most=max(1, LENGTH // 5)) for flow in chosen]
    failures = [problem for each in found for problem in each["failures"]]
    sweep.name = f"{fault} at the N-th call to MariaDB or a bucket of {len(chosen)} flows"
    sweep.cases = sum(each["cases"] for each in found)
    sweep.failures = len(failures)
    assert not failures
