"""What the bench says: a line for each figure, and docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import date

from bench.measure import Figure, Findings, Slice

BAR_LENGTH = 40
MARKS = {"reached": "ok", "within noise": "ok, within noise", "missed": "MISSED", "told": ""}
HEAD = """\
# Performance

Written by `make bench`, or a part of it, such as `make bench ARGS=pages`; do not edit. `make bench QUICK=1`
measures less and leaves this page alone.

Each figure is taken beside its peer in one run. Ratios are of CPU time (user and system, of every process
that works for it), the median of rounds in which the order of the recipes turns; the spread is that of the
rounds. A bar counts as missed when the figure is beyond it by more than the stated noise, after a second try.
Wall times are told where people wait. The pictures are drawn by our own code: 12 megapixels, 3-4 MB, EXIF.
"""


def line(figure: Figure) -> str:
    """One line for the terminal."""
    bar = f"bar {_bar(figure)}" if figure.bar is not None else "no bar"
    shown = f"{_number(figure.value)} {figure.unit}"
    return f"{MARKS[figure.verdict] or 'told':16}  {figure.name}: {shown}, {bar}, spread {_spread(figure)}"


def page(
    findings: Mapping[str, Findings], titles: Mapping[str, str], today: date, before: str, *, is_quick: bool
) -> str:
    """The whole of docs/performance.md. Parts that were not measured stand as they did `before`."""
    kept = {section.partition("\n")[0]: section for section in before.split("\n## ")[1:]}
    run = _run(today, is_quick=is_quick)
    sections = [
        f"{title}\n\n{_section(findings[name], run)}" if name in findings else kept.get(title, "")
        for name, title in titles.items()
    ]
    return "\n## ".join([HEAD, *(f"{section.rstrip()}\n" for section in sections if section)])


def _section(found: Findings, run: str) -> str:
    peers = f"Peers: {', '.join(found.peers)}. " if found.peers else ""
    parts = [_table(found.figures), f"{peers}{run}\n"]
    if found.slices:
        parts.append(_chart(found.slices))
    return "\n".join(parts)


def _run(today: date, *, is_quick: bool) -> str:
    return (
        f"Measured{' quickly' if is_quick else ''} on {today.isoformat()} on {os.cpu_count()} shared cores "
        f"({platform.machine()}), Linux, Python {platform.python_version()}; load {os.getloadavg()[2]:.1f} "
        "in the last 15 minutes, its own included."
    )


def _table(figures: list[Figure]) -> str:
    rows = [
        "| figure | measured | bar | verdict | spread | noise | how |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for figure in figures:
        cells = (
            figure.name,
            f"**{_number(figure.value)}** {figure.unit}".strip(),
            _bar(figure),
            figure.verdict,
            _spread(figure),
            f"{figure.noise:.0%}" if figure.bar else "",
            figure.how,
        )
        rows.append("| " + " | ".join(cell.replace("|", "/") for cell in cells) + " |")
    return "\n".join(rows) + "\n"


def _chart(slices: list[Slice]) -> str:
    longest = max(each.milliseconds for each in slices)
    width = max(len(each.name) for each in slices)
    total = sum(each.milliseconds for each in slices)
    lines = [
        f"{each.name:{width}}  {each.milliseconds:6.1f} ms  "
        + "█" * round(BAR_LENGTH * each.milliseconds / longest)
        for each in slices
    ]
    chart = "\n".join(line.rstrip() for line in lines)
    return (
        f"Where the time of one upload goes, {total:.0f} ms by the clock from the first byte to ready (a "
        f"profile in one process; waiting for the disk included):\n\n```\n{chart}\n```\n"
    )


def _bar(figure: Figure) -> str:
    if figure.bar is None:
        return ""
    return f"{'>=' if figure.is_least else '<='} {figure.bar:g}"


def _spread(figure: Figure) -> str:
    return "exact" if figure.low == figure.high else f"{_number(figure.low)}-{_number(figure.high)}"


def _number(value: float) -> str:
    return (
        f"{value:,.0f}"
        if value >= 100 or value == int(value)
        else f"{value:.2f}"
        if value < 10
        else f"{value:.1f}"
    )
