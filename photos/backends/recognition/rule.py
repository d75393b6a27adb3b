"""From what the two models say to labels. Pure arithmetic on arrays; no model is needed to test it.

The detector looks three times (plain, mirrored, letterboxed) and the classifier twice (centre, whole).
One look alone is often sure of something that is not there; what several looks agree on seldom is wrong.
The thresholds were set on real photos, see docs/decisions/0020-local-recognition.md.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from photos.backends.recognition.concepts import COCO_NAMES, group_columns
from photos.models import Box, Label

Floats = NDArray[np.float32]

SEEN = 0.4
"""Mean of the looks from which the detector is believed to have seen a thing, or one box of it."""
LOWEST = 0.5
"""Nothing less sure becomes a label where the detector found it."""
GROUP_LOWEST = 0.5
"""From here on the classifier alone is believed about a group, which has no box then."""
CLASS_LOWEST = 0.6
"""From here on a single class is named too ("espresso" beside "food")."""
ALONE = 0.9
"""Factor for a thing of the detector about which the classifier cannot be asked."""
SAME_BOX = 0.5
"""Two boxes whose overlap is this share of their union show the same thing."""
CANDIDATE = 0.2
MOST_LABELS = 50
MOST_BOXES = 20


class Look(msgspec.Struct, frozen=True):
    """One pass of the detector. `scores`: (anchors, 80), 0-1, in the order of COCO_NAMES. `boxes`:
    (anchors, 4) as left, top, right, bottom in fractions of the upright picture, not yet cut to it."""

    scores: Floats
    boxes: Floats


class LabelRule:
    """Decides on labels. It is made once for a list of class names."""

    def __init__(self, class_names: Sequence[str]) -> None:
        self._class_names = class_names
        self._groups = group_columns(class_names)

    def labels(self, looks: Sequence[Look], probabilities: Floats) -> list[Label]:
        """Labels of one picture, best first. `probabilities`: (1000,), the mean of the classifier's looks."""
        groups = {name: float(probabilities[columns].sum()) for name, columns in self._groups.items()}
        found = {
            name: Label(name, _percent(confidence), boxes_of(column, looks))
            for column, name, confidence in _detected(looks, groups)
        }
        classified = [(name, value) for name, value in groups.items() if value >= GROUP_LOWEST]
        classified += [
            (self._class_names[column], float(probabilities[column]))
            for column in np.flatnonzero(probabilities >= CLASS_LOWEST).tolist()
        ]
        for name, value in classified:
            found.setdefault(name, Label(name, _percent(value)))
        return sorted(found.values(), key=lambda label: (-label.confidence, label.name))[:MOST_LABELS]


def unmirrored(boxes: Floats) -> Floats:
    """Boxes (left, top, right, bottom) found in the mirrored picture, in the picture itself."""
    turned = boxes[:, [2, 1, 0, 3]].copy()
    turned[:, [0, 2]] = 1 - turned[:, [0, 2]]
    return turned


def unboxed(boxes: Floats, size: tuple[int, int]) -> Floats:
    """Boxes found in the square around a picture, in fractions of the picture; `size` in pixels."""
    left, top = margins(size)
    shift = np.array([left, top, left, top], np.float32)
    extent = np.array([*size, *size], np.float32)
    return ((boxes * max(size) - shift) / extent).astype(np.float32)


def margins(size: tuple[int, int]) -> tuple[int, int]:
    """Where a picture begins in the square around it: left, top. Sizes in pixels."""
    width, height = size
    side = max(size)
    return (side - width) // 2, (side - height) // 2


def boxes_of(column: int, looks: Sequence[Look]) -> tuple[Box, ...]:
    """Boxes of one thing, surest first: those that the looks agree on, else the best one of all."""
    scores = np.concatenate([look.scores[:, column] for look in looks])
    boxes = np.concatenate([look.boxes for look in looks])
    candidates = np.flatnonzero(scores >= min(CANDIDATE, scores.max()))
    origin = np.repeat(np.arange(len(looks)), [len(look.scores) for look in looks])[candidates]
    scores, boxes = scores[candidates], boxes[candidates]
    kept: list[Floats] = []
    for index in np.argsort(-scores, kind="stable").tolist():
        if any(_overlap(boxes[index], other[None])[0] >= SAME_BOX for other in kept):
            continue
        same = _overlap(boxes[index], boxes) >= SAME_BOX
        support = sum(scores[same & (origin == look)].max(initial=0) for look in range(len(looks)))
        if not kept or support / len(looks) >= SEEN:
            kept.append(boxes[index])
        if len(kept) == MOST_BOXES:
            break
    return tuple(_box(edges) for edges in kept)


def _detected(looks: Sequence[Look], groups: dict[str, float]) -> list[tuple[int, str, float]]:
    """Column, name and confidence of what the detector found and the classifier does not doubt."""
    presence = np.mean([look.scores.max(axis=0) for look in looks], axis=0)
    found = []
    for column in np.flatnonzero(presence > SEEN).tolist():
        name, seen = COCO_NAMES[column], float(presence[column])
        # A group's share is halved by everything else in the picture; half of it is full agreement.
        confidence = 0.6 * seen + 0.4 * min(1.0, 2 * groups[name]) if name in groups else ALONE * seen
        if confidence >= LOWEST:
            found.append((column, name, confidence))
    return found


def _overlap(box: Floats, boxes: Floats) -> Floats:
    """Intersection over union of one box with many."""
    corner = np.maximum(box[:2], boxes[:, :2])
    extent = np.maximum(np.minimum(box[2:], boxes[:, 2:]) - corner, 0)
    shared = extent[:, 0] * extent[:, 1]
    areas = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    union = (box[2] - box[0]) * (box[3] - box[1]) + areas - shared
    overlap: Floats = shared / np.maximum(union, np.float32(1e-9))
    return overlap


def _box(edges: Floats) -> Box:
    left, top, right, bottom = (round(float(edge), 4) for edge in edges.clip(0, 1))
    return Box(left, top, round(right - left, 4), round(bottom - top, 4))


def _percent(share: float) -> float:
    return round(100 * min(share, 1.0), 1)
