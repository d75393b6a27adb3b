"""The rule from what the models say to labels, with looks made by hand."""

from __future__ import annotations

import numpy as np
import pytest

from photos.backends.recognition.concepts import COCO_IDS, COCO_NAMES, GROUPS, group_columns
from photos.backends.recognition.rule import LabelRule, Look, boxes_of, unboxed, unmirrored

DOG, CHAIR = COCO_NAMES.index("dog"), COCO_NAMES.index("chair")
ELSEWHERE = (0.6, 0.6, 0.9, 0.9)
HERE = (0.1, 0.2, 0.5, 0.6)


def class_names() -> list[str]:
    """A list in which every group can be resolved: 1000 names, those of the groups in their order."""
    names = [f"class {number}" for number in range(1000)]
    position = 0
    for members in GROUPS.values():
        for member in members:
            ends = [member] if isinstance(member, str) else list(member)
            names[position : position + len(ends)] = ends
            position += len(ends)
    return names


RULE = LabelRule(class_names())
NO_CLASS = np.zeros(1000, np.float32)


def look(*seen: tuple[int, float, tuple[float, float, float, float]]) -> Look:
    """One look that saw things: column, score, box as left, top, right, bottom."""
    scores = np.zeros((max(1, len(seen)), 80), np.float32)
    boxes = np.zeros((max(1, len(seen)), 4), np.float32)
    for anchor, (column, score, box) in enumerate(seen):
        scores[anchor, column], boxes[anchor] = score, box
    return Look(scores, boxes)


def classified(**shares: float) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Probabilities that give each named group a share, all in one class of it."""
    probabilities = NO_CLASS.copy()
    columns = group_columns(class_names())
    for group, share in shares.items():
        probabilities[columns[group][0]] = share
    return probabilities


def test_the_detector_knows_eighty_things() -> None:
    assert len(COCO_NAMES) == len(set(COCO_NAMES)) == len(COCO_IDS) == 80
    assert dict(zip(COCO_NAMES, COCO_IDS, strict=True))["toothbrush"] == 90
    assert dict(zip(COCO_NAMES, COCO_IDS, strict=True))["dining table"] == 67


def test_a_thing_that_all_looks_see_is_a_label_with_its_box() -> None:
    looks = [look((CHAIR, 0.9, HERE))] * 3
    (label,) = RULE.labels(looks, NO_CLASS)
    assert (label.name, label.confidence) == ("chair", 81.0)
    (box,) = label.boxes
    assert (box.left, box.top, box.width, box.height) == pytest.approx((0.1, 0.2, 0.4, 0.4))


def test_a_thing_that_one_look_alone_sees_is_no_label() -> None:
    assert RULE.labels([look((CHAIR, 0.95, HERE)), look(), look()], NO_CLASS) == []


def test_a_thing_that_the_classifier_does_not_know_again_loses_confidence() -> None:
    looks = [look((DOG, 0.9, HERE))] * 3
    assert RULE.labels(looks, NO_CLASS)[0].confidence == 54.0
    assert RULE.labels(looks, classified(dog=0.5))[0].confidence == 94.0


def test_a_thing_doubted_by_the_classifier_is_no_label() -> None:
    assert RULE.labels([look((DOG, 0.8, HERE))] * 3, NO_CLASS) == []


def test_what_only_the_classifier_sees_is_a_label_without_a_box() -> None:
    (label,) = RULE.labels([look()], classified(mountain=0.55))
    assert (label.name, label.confidence, label.boxes) == ("mountain", 55.0, ())
    assert RULE.labels([look()], classified(mountain=0.45)) == []


def test_a_single_class_is_named_beside_its_group() -> None:
    labels = RULE.labels([look()], classified(mountain=0.8))
    assert {(label.name, label.confidence) for label in labels} == {("mountain", 80.0), ("alp", 80.0)}


def test_several_things_of_one_kind_have_a_box_each() -> None:
    looks = [look((CHAIR, 0.9, HERE), (CHAIR, 0.8, ELSEWHERE))] * 3
    assert [round(box.left, 2) for box in boxes_of(CHAIR, looks)] == [0.1, 0.6]


def test_boxes_of_the_same_thing_become_one() -> None:
    moved = (0.12, 0.21, 0.51, 0.6)
    looks = [
        look((CHAIR, 0.9, HERE), (CHAIR, 0.8, moved)),
        look((CHAIR, 0.7, moved)),
        look((CHAIR, 0.8, HERE)),
    ]
    (box,) = boxes_of(CHAIR, looks)
    assert box.left == pytest.approx(0.1)


def test_a_second_box_that_one_look_alone_sees_is_left_out() -> None:
    looks = [
        look((CHAIR, 0.9, HERE), (CHAIR, 0.9, ELSEWHERE)),
        look((CHAIR, 0.9, HERE)),
        look((CHAIR, 0.9, HERE)),
    ]
    assert len(boxes_of(CHAIR, looks)) == 1


def test_boxes_are_cut_to_the_picture() -> None:
    (box,) = boxes_of(CHAIR, [look((CHAIR, 0.9, (-0.2, 0.5, 0.4, 1.3)))])
    assert (box.left, box.top, box.width, box.height) == (0.0, 0.5, 0.4, 0.5)


def test_labels_stand_best_first_and_are_fifty_at_most() -> None:
    everything = Look(np.full((1, 80), 0.99, np.float32), np.array([HERE], np.float32))
    labels = RULE.labels([everything] * 3, NO_CLASS)
    assert len(labels) == 50
    assert [label.confidence for label in labels] == sorted((x.confidence for x in labels), reverse=True)


def test_a_box_of_the_mirrored_picture_is_turned_back() -> None:
    mirrored = np.array([(0.7, 0.2, 0.9, 0.6)], np.float32)
    assert unmirrored(mirrored)[0].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.6])


@pytest.mark.parametrize(
    ("size", "box"),
    [
        ((400, 200), (0.25, 0.375, 0.75, 0.625)),
        ((200, 400), (0.375, 0.25, 0.625, 0.75)),
    ],
    ids=["wide", "tall"],
)
def test_a_box_of_the_square_around_a_picture_is_moved_into_the_picture(
    size: tuple[int, int], box: tuple[float, float, float, float]
) -> None:
    assert unboxed(np.array([box], np.float32), size)[0].tolist() == pytest.approx([0.25, 0.25, 0.75, 0.75])
