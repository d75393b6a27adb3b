"""The judge counts right: what it says of the recogniser is only worth what its sums are."""

from __future__ import annotations

import json

import pytest

from bench.labels.photographs import PHOTOGRAPHS
from bench.labels.placements import GROUNDS, SHARES, THINGS, placements
from bench.labels.score import Judged, Tally, interval, overlap, overlaps, score
from photos.backends.recognition.concepts import COCO_NAMES, GROUPS
from photos.backends.recognition.models import model_files
from photos.models import Box, Label
from tests.recogniser import models_folder

LEFT_HALF = Box(0.0, 0.0, 0.5, 1.0)
PICTURES = (
    Judged(("cat",), ("tabby",), (Label("cat", 90.0), Label("tabby", 80.0), Label("dog", 60.0))),
    Judged(("cat",), (), (Label("cat", 65.0, (LEFT_HALF,)),), Box(0.0, 0.0, 1.0, 1.0), 0.25),
    Judged((), (), ()),
)


def test_right_wrong_and_missed_are_counted_at_the_threshold() -> None:
    assert score(PICTURES, 50).total == Tally(right=2, wrong=1, missed=0)
    assert score(PICTURES, 70).total == Tally(right=1, wrong=0, missed=1)
    assert score(PICTURES, 70).by_label["cat"] == Tally(right=1, wrong=0, missed=1)


def test_what_is_true_besides_counts_neither_way() -> None:
    found = score(PICTURES, 50)
    assert found.besides == {"tabby": 1}
    assert (found.by_label["tabby"].precision, found.by_label["tabby"].recall) == (None, None)


def test_the_interval_is_wilsons() -> None:
    # Newcombe 1998, table I: 81 of 263, 0 of 20
    assert interval(81, 263) == pytest.approx((0.2553, 0.3662), abs=1e-4)
    assert interval(0, 20) == pytest.approx((0.0, 0.1611), abs=1e-4)


def test_overlap_is_shared_area_by_common_area() -> None:
    whole = Box(0.0, 0.0, 1.0, 1.0)
    assert overlap(LEFT_HALF, whole) == pytest.approx(0.5)
    assert overlap(LEFT_HALF, Box(0.5, 0.0, 0.5, 1.0)) == 0
    assert overlaps(PICTURES, 0.25) == [pytest.approx(0.5)]


def test_every_expected_label_is_one_that_the_recogniser_can_give() -> None:
    classes = set(json.loads(model_files(models_folder()).class_names.read_text(encoding="utf-8")))
    known = classes | set(COCO_NAMES) | set(GROUPS)
    assert {name for photograph in PHOTOGRAPHS for name in photograph.there} <= known


def test_a_placement_is_the_same_every_time_and_lies_in_the_picture() -> None:
    first, again = next(placements()), next(placements())
    assert first == again
    assert first.box.left + first.box.width <= 1 and first.box.top + first.box.height <= 1
    assert len(THINGS) * len(SHARES) * len(GROUNDS) == 96
