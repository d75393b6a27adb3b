"""Figures, and the ways to take them: CPU time in rotated rounds, peak memory, wall time at high priority."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

NOISE = 0.15
"""How far CPU ratios of the same code lie apart on a shared machine."""
MIB = 1 << 20


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One measured number; `bar` is None where it is only told."""

    name: str
    value: float
    unit: str
    how: str
    bar: float | None = None
    is_least: bool = False
    """Whether the bar is a lower limit."""
    low: float
    high: float
    """The spread: smallest and largest of the rounds."""
    noise: float = NOISE

    @property
    def verdict(self) -> str:
        """`reached`, `within noise`, `missed`, or `told`."""
        if self.bar is None:
            return "told"
        excess = self.bar / self.value if self.is_least else self.value / self.bar if self.bar else self.value
        if excess <= 1 and (self.bar or not self.value):
            return "reached"
        return "within noise" if self.bar and excess <= 1 + self.noise else "missed"


class Slice(msgspec.Struct, frozen=True):
    """One part of an upload's time; for the chart."""

    name: str
    milliseconds: float


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What one file of figures found out."""

    figures: list[Figure]
    slices: list[Slice] = []
    peers: list[str] = []
    """Names and versions of what was measured against."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How long to measure. `folder` is empty and goes away afterwards."""

    folder: Path
    is_quick: bool

    def choose(self, quick: int, full: int) -> int:
        """The count for this effort."""
        return quick if self.is_quick else full


def single(name: str, value: float, unit: str, how: str, **more: float | bool | None) -> Figure:
    """A figure of one exact reading, such as a size or a count."""
    return msgspec.convert(
        {"name": name, "value": value, "unit": unit, "how": how, "low": value, "high": value, **more}, Figure
    )


def of_rounds(name: str, values: Sequence[float], unit: str, how: str, **more: float | bool | None) -> Figure:
    """The median of several rounds, with their spread."""
    fields = {"name": name, "value": statistics.median(values), "unit": unit, "how": how}
    return msgspec.convert({**fields, "low": min(values), "high": max(values), **more}, Figure)


def cpu_seconds(*pids: int) -> float:
    """CPU time of this process and of these others, with all their threads so far, ended ones too (Linux)."""
    # The kernel's number of a process's clock: MAKE_PROCESS_CPUCLOCK(pid, CPUCLOCK_SCHED).
    return time.process_time() + sum(time.clock_gettime((~pid << 3) | 2) for pid in pids)


def rotated(
    recipes: Mapping[str, Callable[[], object]], rounds: int, *, pids: Sequence[int] = ()
) -> dict[str, list[float]]:
    """CPU seconds of each recipe in each round. The order turns, so that none always runs first or warm.

    `pids` are processes that work for a recipe. One round before the first is not counted. At high priority:
    whoever is interrupted finds the caches of the processor cold, and the longer recipe suffers more.
    """
    names = list(recipes)
    taken: dict[str, list[float]] = {name: [] for name in names}
    with first_in_line():
        for turn in range(rounds + 1):
            shift = turn % len(names)
            for name in names[shift:] + names[:shift]:
                gc.collect()
                before = cpu_seconds(*pids)
                recipes[name]()
                spent = cpu_seconds(*pids) - before
                if turn:
                    taken[name].append(spent)
    return taken


def ratios(taken: Mapping[str, Sequence[float]], one: str, other: str) -> list[float]:
    """one : other, round by round."""
    return [mine / theirs for mine, theirs in zip(taken[one], taken[other], strict=True)]


def times(count: int, work: Callable[[], object]) -> Callable[[], None]:
    """A recipe that does `work` so often: what is short needs many for a clock."""

    def repeat() -> None:
        for _ in range(count):
            work()

    return repeat


@contextmanager
def first_in_line() -> Iterator[None]:
    """High priority, where we may, for short measurements; children inherit it."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    with suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -10)
    try:
        yield
    finally:
        with suppress(PermissionError):
            os.setpriority(os.PRIO_PROCESS, 0, before)


def resident_bytes(pid: int, field: str = "VmRSS") -> int:
    """Memory of a process now, or at most so far with `VmHWM`."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        name, _, value = line.partition(":")
        if name == field:
            return int(value.split()[0]) * 1024
    raise ProcessLookupError(pid)


def forget_peak(pid: int) -> None:
    """Let `VmHWM` start again from what is resident now."""
    Path(f"/proc/{pid}/clear_refs").write_text("5", encoding="ascii")


def percentile(values: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]


def children_of(pid: int) -> list[int]:
    """Processes that this one has started and that still run."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text(encoding="ascii").split()
    ]
