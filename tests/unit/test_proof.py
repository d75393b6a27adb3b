"""What `make proof` prints and writes, of a run with several workers."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.tracked import ROOT

TESTS = """
import pytest

pytestmark = pytest.mark.proof

@pytest.mark.parametrize("number", range(3))
def test_f99_numbers_hold(sweep, number):
    sweep.cases = 5
    if number == 2:
        sweep.failures = 2
        raise AssertionError

@pytest.mark.parametrize("kind", ["a", "b"])
def test_kinds(sweep, kind):
    sweep.name = f"kind {kind}"

def test_skipped():
    pytest.skip("there is | no server")

@pytest.fixture
def broken():
    yield
    raise AssertionError

def test_untidy(broken): ...
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """What a run of TESTS printed, and the page it wrote."""
    folder = tmp_path_factory.mktemp("sweeps")
    (folder / "tests" / "area").mkdir(parents=True)
    (folder / "tests" / "area" / "test_sweeps.py").write_text(TESTS)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = proof")
    page = folder / "proofs.md"
    options = ["-p", "tests.proof", "-p", "no:cacheprovider", "-n", "2", f"--proofs-page={page}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return done.stdout, page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "line",
    [
        "area: f99 numbers hold: 15 cases, 2 failures, 0 seconds",
        "area: kind a: 1 cases, 0 failures, 0 seconds",
        "area: kind b: 1 cases, 0 failures, 0 seconds",
        "area: skipped: 0 cases, not run: there is | no server, 0 seconds",
        "area: untidy: 1 cases, 1 failures, 0 seconds",
    ],
)
def test_every_sweep_has_one_line_whatever_became_of_it(ran: tuple[str, str], line: str) -> None:
    assert line in ran[0].splitlines()


def test_the_page_has_a_row_for_each_and_their_sum(ran: tuple[str, str]) -> None:
    page = ran[1]
    assert "Written by `make proof`; do not edit." in page
    assert "| area | f99 numbers hold | 15 | 2 | 0 |\n" in page
    assert "| area | skipped | 0 | not run: there is \\| no server | 0 |\n" in page
    assert "| **all of them** | 18 | 3 | 0 |" in page
