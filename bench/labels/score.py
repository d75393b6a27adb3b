"""Right, wrong and missed: what the answers are worth at each threshold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import sqrt

from photos.models import Box, Label

THRESHOLDS = (50, 60, 70, 80, 90)
FINE = range(50, 96, 5)


@dataclass(frozen=True)
class Judged:
    """One picture: what is there, what may be named besides, and what was answered."""

    there: tuple[str, ...]
    also: tuple[str, ...]
    answer: Sequence[Label]
    box: Box | None = None
    """Where the first thing of `there` was pasted; None for photographs."""
    share: float | None = None


@dataclass
class Tally:
    """Counts of labels. `right` and `wrong` were said; `missed` were there and not said."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    @property
    def precision(self) -> float | None:
        """Share of what was said that is true; None if nothing was said."""
        said = self.right + self.wrong
        return self.right / said if said else None

    @property
    def recall(self) -> float | None:
        """Share of what is there that was said; None if nothing is there."""
        there = self.right + self.missed
        return self.right / there if there else None


@dataclass
class Score:
    """All tallies at one threshold."""

    total: Tally = field(default_factory=Tally)
    by_label: dict[str, Tally] = field(default_factory=dict)
    besides: Counter[str] = field(default_factory=Counter)
    """Labels of `also`: true, and not counted."""


def score(pictures: Iterable[Judged], threshold: float) -> Score:
    """Count every label of every picture."""
    found = Score()
    for picture in pictures:
        said = {label.name for label in picture.answer if label.confidence >= threshold}
        for name in sorted(said | set(picture.there)):
            tally = found.by_label.setdefault(name, Tally())
            if name in said and name in picture.there:
                kind = "right"
            elif name in picture.there:
                kind = "missed"
            elif name in picture.also:
                found.besides[name] += 1
                continue
            else:
                kind = "wrong"
            for each in (tally, found.total):
                setattr(each, kind, getattr(each, kind) + 1)
    return found


def interval(right: int, of: int) -> tuple[float, float]:
    """Wilson's score interval for a share, at 95 % (Wilson 1927)."""
    if of == 0:
        return 0.0, 1.0
    z = 1.96
    share, square = right / of, z * z / of
    middle, reach = share + square / 2, z * sqrt(share * (1 - share) / of + square / (4 * of))
    return max(0.0, (middle - reach) / (1 + square)), min(1.0, (middle + reach) / (1 + square))


def overlap(one: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(one.left + one.width, other.left + other.width) - max(one.left, other.left)
    height = min(one.top + one.height, other.top + other.height) - max(one.top, other.top)
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (one.width * one.height + other.width * other.height - shared)


def overlaps(pictures: Iterable[Judged], share: float) -> list[float]:
    """Best overlap with the pasted box, for every found thing of this size that has boxes."""
    best = []
    for picture in pictures:
        if picture.box is None or picture.share != share:
            continue
        for label in picture.answer:
            if label.name == picture.there[0] and label.boxes:
                best.append(max(overlap(box, picture.box) for box in label.boxes))
    return best
