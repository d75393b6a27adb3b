"""The long sweeps of `make proof`: a line each of the cases they went through, what failed, how long it took.

A test with the mark `proof` is a sweep. It tells its cases by the fixture `sweep`, else it counts as one.
Runs of one test with several parameters share a line, unless they name themselves. `--proofs-page=FILE`
writes the lines as a page. Workers hand them over with their reports, so any number of them will do.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Generator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path

import pytest

HEAD = """\
# Proofs

Written by `make proof`; do not edit.

Each line is a long test. It lets many things go wrong, or shows many things to a part of Bigimage, and after
each looks at what has to hold: nothing lost, nothing doubled, nobody in, an answer for everything. A case is
one such thing: a system call that fails, an input, a story. A failure stays in the table until it is mended.
"""
COLUMNS = ("where", "sweep", "cases", "failures", "seconds")


@dataclass
class Sweep:
    """What one sweep went through. `reason` says why it did not run."""

    area: str
    name: str
    cases: int = 0
    failures: int = 0
    seconds: float = 0.0
    reason: str = ""

    def add(self, other: Sweep) -> None:
        """Count another run of the same sweep."""
        self.cases += other.cases
        self.failures += other.failures
        self.seconds += other.seconds
        self.reason = self.reason or other.reason

    def cells(self) -> tuple[str, ...]:
        """As the columns say."""
        verdict = f"not run: {self.reason}" if self.reason and not self.cases else f"{self.failures}"
        return (self.area, self.name, f"{self.cases:,}", verdict, f"{self.seconds:,.0f}")


RUNNING = pytest.StashKey[Sweep]()


@pytest.fixture
def sweep(request: pytest.FixtureRequest) -> Sweep:
    """The line of this test: it counts `cases`, and `failures` if there can be several."""
    return _sweep_of(request.node)


def pytest_addoption(parser: pytest.Parser) -> None:
    """How `make proof` asks for the page."""
    parser.addoption("--proofs-page", type=Path, help="write what the sweeps found as a page")


def pytest_configure(config: pytest.Config) -> None:
    """Only the process that hears of all tests keeps the lines."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Lines(config.getoption("--proofs-page")), "proofs")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Hand the line over with the report of the test, or of what went wrong before or after it."""
    report = yield
    if item.get_closest_marker("proof"):
        found = _sweep_of(item)
        found.seconds += call.duration
        if report.skipped:
            found.reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
            found.reason = found.reason.removeprefix("Skipped: ")
        elif call.when == "call" or report.failed:
            found.cases = found.cases or 1
            found.failures = found.failures or int(report.failed)
        if call.when == "teardown":
            report.user_properties = [("sweep", asdict(found))]
    return report


def _sweep_of(item: pytest.Item) -> Sweep:
    folders = item.path.relative_to(item.config.rootpath).parts[1:-1]
    function = getattr(item, "originalname", item.name)
    name = function.removeprefix("test_").replace("_", " ")
    return item.stash.setdefault(RUNNING, Sweep(" ".join(folders), name))


class Lines:
    """The lines of a whole run, printed at its end."""

    def __init__(self, page: Path | None) -> None:
        self._page = page
        self._lines: dict[tuple[str, str], Sweep] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count the line that came with a report."""
        for name, given in report.user_properties:
            if name == "sweep" and isinstance(given, dict):
                found = Sweep(**given)
                self._lines.setdefault((found.area, found.name), Sweep(found.area, found.name)).add(found)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print one line a sweep, and write the page if it is wanted."""
        if not self._lines:
            return
        lines = [self._lines[key] for key in sorted(self._lines)]
        terminalreporter.section("sweeps")
        for line in lines:
            area, name, cases, verdict, seconds = line.cells()
            failures = verdict if line.reason and not line.cases else f"{verdict} failures"
            terminalreporter.line(f"{area}: {name}: {cases} cases, {failures}, {seconds} seconds")
        if self._page:
            self._page.write_text(page_of(lines, date.today()), encoding="utf-8")
            terminalreporter.line(f"Written: {self._page}")


def page_of(lines: Sequence[Sweep], today: date) -> str:
    """The page as Markdown."""
    total = Sweep("", "**all of them**")
    for line in lines:
        total.add(line)
    total.reason = ""
    machine = f"{os.cpu_count()} shared cores ({platform.machine()}), Python {platform.python_version()}"
    ran = (
        f"Run on {today.isoformat()} with N={os.environ.get('BIGIMAGE_PROOF_N', 'unset')} on {machine}; "
        "seconds are of tests that ran side by side."
    )
    rows = [COLUMNS, ("---",) * len(COLUMNS), *(line.cells() for line in (*lines, total))]
    table = "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows)
    return f"{HEAD}\n{ran}\n\n{table}\n"
