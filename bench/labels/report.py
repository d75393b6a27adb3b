"""docs/recognition.md, written from what was measured."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from textwrap import fill

from bench.labels.placements import GROUNDS, SHARES, UNTURN
from bench.labels.score import FINE, THRESHOLDS, Judged, Tally, interval, overlaps, score
from bench.labels.showing import WARM_UP, Shown

MIB = 1 << 20
GOOD_OVERLAP = 0.5


def write(
    shown: Shown, *, provider: str, suggestion_below: int, beside: tuple[str, float, int] | None
) -> str:
    """The whole page."""
    photographs, placed = shown.photographs, shown.placed
    parts = [
        _head(shown, provider),
        _totals("All pictures", [*photographs, *placed], THRESHOLDS),
        _totals("Photographs alone", photographs, FINE),
        _totals("Placed things alone", placed, FINE),
        _threshold([*photographs, *placed], suggestion_below),
        _labels([*photographs, *placed]),
        _boxes(placed),
        _cost(shown, provider, beside),
    ]
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _head(shown: Shown, provider: str) -> str:
    empty = sum(not picture.there for picture in shown.photographs)
    things = _number(len(shown.placed) // (len(SHARES) * len(GROUNDS)))
    sizes = ", ".join(f"{share:.0%}" for share in SHARES)
    missing = f"{len(shown.missing)} photographs of the list were not installed and are not in these figures."
    return _paragraphs(
        "# What the local recogniser is worth",
        """Written by `make judge`; [decision 20](decisions/0020-local-recognition.md) says how it works and
        [decision 95](decisions/0095-where-a-label-is-a-question.md) what follows from this page.""",
        f"""{len(shown.photographs) + len(shown.placed)} pictures of known content were developed and labelled
        as an upload is, by {provider}: {len(shown.photographs)} photographs out of packages and of the test
        corpus ({empty} of them with nothing in them that has to be named), and {len(shown.placed)} made ones:
        {things} things, each pasted at known places in {len(SHARES)} sizes ({sizes} of the shorter side)
        before {len(GROUNDS)} grounds, some of them tilted, stored in {len(UNTURN) + 1} EXIF orientations.
        {missing if shown.missing else ""}""",
        """**This is a small set.** It shows what is grossly wrong and where a threshold lies; it cannot tell
        90 % from 95 %, and a line of the table of labels mostly stands for one thing in many settings. The
        photographs are clear ones, as packages choose them, and some of the things in them are what the
        models were trained on; pasted things are harder than life: nothing around them tells what they are.
        A photo album will lie between the two. What had to be found was written down from the pictures, and
        labels that are true besides (a coffee is also food) count neither way.""",
    )


def _paragraphs(*texts: str) -> str:
    """Prose, wrapped as we write it."""
    return "\n\n".join(fill(" ".join(text.split()), 110, break_on_hyphens=False) for text in texts)


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)


def _totals(title: str, pictures: Sequence[Judged], thresholds: Sequence[int]) -> str:
    rows = [
        "| from | right | wrong | missed | precision | recall |",
        "| ---: | ---: | ---: | ---: | --- | --- |",
    ]
    for threshold in thresholds:
        total = score(pictures, threshold).total
        said, there = total.right + total.wrong, total.right + total.missed
        rows.append(
            f"| {threshold} | {total.right} | {total.wrong} | {total.missed} "
            f"| {_share(total.right, said)} | {_share(total.right, there)} |"
        )
    return f"## {title}\n\n" + "\n".join(rows)


def _share(part: int, whole: int) -> str:
    if not whole:
        return "-"
    low, high = interval(part, whole)
    return f"{part / whole:.0%} ({low:.0%} to {high:.0%})"


def _threshold(pictures: Sequence[Judged], suggestion_below: int) -> str:
    sure, all_said = score(pictures, suggestion_below).total, score(pictures, THRESHOLDS[0]).total
    right, wrong = all_said.right - sure.right, all_said.wrong - sure.wrong
    return _paragraphs(
        "## From where on a label is said",
        f"""In brackets is what the share may be in truth, with 95 % confidence (Wilson's interval, as if
        pictures were independent, which pasted ones are not quite). Labels under {suggestion_below}
        (`SUGGESTION_BELOW`) are shown as questions: here these are {right} right and {wrong} wrong ones; from
        {suggestion_below} on there are {sure.right} right and {sure.wrong} wrong.""",
    )


def _labels(pictures: Sequence[Judged]) -> str:
    scores = {threshold: score(pictures, threshold) for threshold in THRESHOLDS}
    counted = {name for name, tally in scores[THRESHOLDS[0]].by_label.items() if tally != Tally()}
    heads = "".join(f" {threshold}: said | {threshold}: found |" for threshold in THRESHOLDS)
    rows = [f"| label |{heads}", "| --- |" + " ---: |" * (2 * len(THRESHOLDS))]
    for name in sorted(counted):
        cells = (_cells(found.by_label.get(name, Tally())) for found in scores.values())
        rows.append(f"| {name} |{''.join(cells)}")
    text = _paragraphs(
        "## Label by label",
        """“Said” is how often it was true when it was said (precision), “found” in how many of the pictures
        that show it it was said (recall), from 50, 60, 70, 80 and 90 on.""",
    )
    return text + "\n\n" + "\n".join(rows)


def _cells(tally: Tally) -> str:
    said, there = tally.right + tally.wrong, tally.right + tally.missed
    return "".join(f" {f'{tally.right} of {whole}' if whole else '-'} |" for whole in (said, there))


def _boxes(placed: Sequence[Judged]) -> str:
    rows = ["| size | pictures | found with a box | median overlap | worst | overlap of a half or more |"]
    rows.append("| ---: | ---: | ---: | ---: | ---: | ---: |")
    for share in SHARES:
        best = overlaps(placed, share)
        count = sum(picture.share == share for picture in placed)
        middle, worst = (f"{statistics.median(best):.2f}", f"{min(best):.2f}") if best else ("-", "-")
        good = sum(each >= GOOD_OVERLAP for each in best)
        rows.append(f"| {share:.0%} | {count} | {len(best)} | {middle} | {worst} | {good} |")
    text = _paragraphs(
        "## Boxes",
        """Intersection over union of the pasted place and the best box of its label. A label that comes from
        the classifier alone has no box.""",
    )
    return text + "\n\n" + "\n".join(rows)


def _cost(shown: Shown, provider: str, beside: tuple[str, float, int] | None) -> str:
    rows = ["| | CPU seconds a photo | memory at most |", "| --- | ---: | ---: |"]
    rows.append(f"| {provider} | {shown.cpu_seconds:.3f} | {shown.peak_bytes / MIB:.0f} MiB |")
    if beside is not None:
        name, seconds, peak = beside
        rows.append(f"| {name} | {seconds:.3f} | {peak / MIB:.0f} MiB |")
        rows.append(f"| ratio | {shown.cpu_seconds / seconds:.2f} | {shown.peak_bytes / peak:.2f} |")
    text = _paragraphs(
        "## Cost",
        f"""The same {len(shown.renditions)} large renditions (at most 1600 pixels), one thread, in one run;
        CPU time without the start and the first {WARM_UP} pictures.""",
    )
    return text + "\n\n" + "\n".join(rows)
