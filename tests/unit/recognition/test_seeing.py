"""What the real models see in real photographs, and where."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from photos.backends.recognition.concepts import group_columns
from photos.backends.recognition.models import model_files
from photos.backends.recognition.onnx import OnnxRecognition
from photos.models import Box, Label
from tests.recogniser import as_jpeg, models_folder, pasted, photo

SURE = 70
"""Below this the page shows a label with a question mark."""

TENSORFLOW_JS = (
    (1913, 16, 0.8758109211921692, (0.005404800, -0.000063449, 0.995355725, 0.997856259)),
    (1912, 16, 0.8690936565399170, (0.008587628, -0.000551700, 0.989673376, 0.998342931)),
    (1862, 16, 0.8688262701034546, (0.012708485, -0.003068733, 0.977093517, 0.991046071)),
    (1911, 16, 0.8470227122306824, (0.003578275, 0.000210672, 0.995909810, 1.000032424)),
    (1916, 16, 0.8456082940101624, (0.007385313, 0.001159638, 0.992779076, 0.997999191)),
)
"""Anchor, column, score and box of the five surest, as @tensorflow/tfjs 4 (CPU) answers for the package's own
graph and the middle 300 x 300 pixels of scikit-image's chelsea."""


@pytest.fixture(scope="module")
def recognition() -> Iterator[OnnxRecognition]:
    recognition = OnnxRecognition(models_folder())
    yield recognition
    recognition.close()


def seen(recognition: OnnxRecognition, image: Image.Image) -> dict[str, Label]:
    return {label.name: label for label in recognition.labels(as_jpeg(image)).labels}


def overlap(box: Box, other: Box) -> float:
    """Intersection over union."""
    width = min(box.left + box.width, other.left + other.width) - max(box.left, other.left)
    height = min(box.top + box.height, other.top + other.height) - max(box.top, other.top)
    shared = max(width, 0) * max(height, 0)
    return shared / (box.width * box.height + other.width * other.height - shared)


def test_the_detector_agrees_with_tensorflow_js() -> None:
    detector = model_files(models_folder()).detector
    import onnxruntime

    session = onnxruntime.InferenceSession(detector)
    middle = np.asarray(photo("chelsea").crop((75, 0, 375, 300)), np.float32)
    scores, boxes = session.run(
        None, {"Preprocessor/sub": middle[None] * np.float32(2 / 255) - np.float32(1)}
    )
    surest = np.argsort(-scores.ravel())[:5]
    assert [divmod(int(index), 90) for index in surest] == [(row[0], row[1]) for row in TENSORFLOW_JS]
    for index, (anchor, _, score, box) in zip(surest, TENSORFLOW_JS, strict=True):
        assert scores.ravel()[index] == pytest.approx(score, abs=1e-5)
        assert boxes[0, anchor, 0] == pytest.approx(box, abs=1e-5)


def test_the_groups_hold_the_classes_that_they_are_meant_to_hold() -> None:
    names = json.loads(model_files(models_folder()).class_names.read_text(encoding="utf-8"))
    columns = group_columns(names)
    assert (len(names), len(columns["dog"]), len(columns["cat"]), len(columns["bird"])) == (1000, 118, 5, 59)
    assert {names[column] for column in columns["elephant"]} == {"Indian elephant", "African elephant"}
    assert columns["mountain"] == [970, 979, 980]
    # "crane" is a bird and a machine.
    assert 134 in columns["bird"]
    assert not any(517 in members for members in columns.values())


@pytest.mark.parametrize(
    ("name", "thing"),
    [
        ("chelsea", "cat"),
        ("coffee", "cup"),
        ("coffee", "food"),
        ("camera", "person"),
        ("horse", "horse"),
        ("motorcycle_left", "motorcycle"),
    ],
)
def test_the_main_thing_of_a_real_photograph_is_seen_for_sure(
    recognition: OnnxRecognition, name: str, thing: str
) -> None:
    assert seen(recognition, photo(name))[thing].confidence >= SURE


def test_the_astronaut_is_a_person(recognition: OnnxRecognition) -> None:
    assert "person" in seen(recognition, photo("astronaut"))


@pytest.mark.parametrize(
    "name", ["hubble_deep_field", "brick", "grass", "gravel", "moon", "page", "retina", "text"]
)
def test_nothing_is_claimed_about_what_is_not_known(recognition: OnnxRecognition, name: str) -> None:
    assert [label for label in seen(recognition, photo(name)).values() if label.confidence >= SURE] == []


@pytest.mark.parametrize(
    ("size", "place"),
    [((900, 700), (60, 340)), ((1400, 500), (900, 120)), ((500, 1400), (30, 80)), ((451, 900), (0, 500))],
    ids=["almost square", "wide", "tall", "at the edge"],
)
def test_the_box_lies_on_the_cat_wherever_it_is(
    recognition: OnnxRecognition, size: tuple[int, int], place: tuple[int, int]
) -> None:
    cat = photo("chelsea")
    labels = seen(recognition, pasted(cat, size, place))
    there = Box(place[0] / size[0], place[1] / size[1], cat.width / size[0], cat.height / size[1])
    (box,) = labels["cat"].boxes
    assert overlap(box, there) > 0.75


def test_two_cats_have_two_boxes(recognition: OnnxRecognition) -> None:
    cat, size, places = photo("chelsea"), (1000, 800), [(20, 30), (520, 470)]
    boxes = seen(recognition, pasted(cat, size, *places))["cat"].boxes
    assert len(boxes) == 2
    for left, top in places:
        there = Box(left / size[0], top / size[1], cat.width / size[0], cat.height / size[1])
        assert max(overlap(box, there) for box in boxes) > 0.6


def test_the_same_picture_gets_the_same_labels_at_every_size(recognition: OnnxRecognition) -> None:
    coffee = photo("coffee")
    small, large = coffee.resize((512, 341)), coffee.resize((1600, 1066))
    cup_small, cup_large = (seen(recognition, image)["cup"] for image in (small, large))
    assert abs(cup_small.confidence - cup_large.confidence) < 8
    assert overlap(cup_small.boxes[0], cup_large.boxes[0]) > 0.8


def test_text_is_read_line_by_line_with_its_place(recognition: OnnxRecognition) -> None:
    image = photo("coffee").resize((1200, 800))
    font = ImageFont.load_default(size=56)
    draw = ImageDraw.Draw(image)
    for text, place in (("Bakery Lisbon 1987", (120, 60)), ("OPEN 24 HOURS", (500, 640))):
        left, top, right, bottom = draw.textbbox(place, text, font=font)
        draw.rectangle((left - 24, top - 18, right + 24, bottom + 18), fill=(16, 40, 90))
        draw.text(place, text, fill="white", font=font)
    answer = recognition.text(as_jpeg(image))
    assert answer.provider == "rapidocr-ppocrv6/1"
    assert [line.text for line in answer.lines] == ["Bakery Lisbon 1987", "OPEN 24 HOURS"]
    assert all(90 < line.confidence <= 100 for line in answer.lines)
    left, top, right, bottom = draw.textbbox((500, 640), "OPEN 24 HOURS", font=font)
    there = Box(left / 1200, top / 800, (right - left) / 1200, (bottom - top) / 800)
    assert overlap(answer.lines[1].box, there) > 0.6


@pytest.mark.parametrize("name", ["chelsea", "gravel", "rocket", "astronaut"])
def test_no_text_is_claimed_where_there_is_none(recognition: OnnxRecognition, name: str) -> None:
    words = [line.text for line in recognition.text(as_jpeg(photo(name))).lines]
    assert words == []
