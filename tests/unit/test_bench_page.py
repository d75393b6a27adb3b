"""The page of measurements is written part by part."""

from __future__ import annotations

from datetime import date

from bench import report
from bench.measure import Figure, Findings

TITLES = {"pictures": "Pictures", "pages": "Pages", "starting": "Start"}
DAY, NEXT_DAY = date(2026, 3, 1), date(2026, 3, 2)


def found(value: float) -> Findings:
    """One figure."""
    figure = Figure(name="a figure", value=value, unit="ms", how="by the clock", low=value, high=value)
    return Findings(figures=[figure], peers=["Peer 1.0"])


def test_a_part_that_was_measured_again_leaves_the_others_as_they_stand() -> None:
    whole = report.page({name: found(1.5) for name in TITLES}, TITLES, DAY, "", is_quick=False)
    again = report.page({"pages": found(2.5)}, TITLES, NEXT_DAY, whole, is_quick=False)
    before, after = whole.split("\n## "), again.split("\n## ")
    assert [section.partition("\n")[0] for section in after[1:]] == [*TITLES.values()]
    assert [number for number in range(4) if before[number] != after[number]] == [2]
    assert "**2.50** ms" in after[2]
    assert "2026-03-02" in after[2]


def test_a_part_that_was_never_measured_is_not_there() -> None:
    text = report.page({"starting": found(1.5)}, TITLES, DAY, "", is_quick=True)
    assert text.count("\n## ") == 1
    assert "Measured quickly on 2026-03-01" in text
