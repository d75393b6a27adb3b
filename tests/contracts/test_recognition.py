"""What every recogniser owes, run on each of them."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from photos.backends.recognition import Recognition
from photos.backends.recognition.off import NoRecognition
from photos.backends.recognition.onnx import OnnxRecognition
from photos.backends.recognition.process import RecogniserProcess
from photos.errors import Invalid, RecognitionError
from photos.models import Box
from tests.pictures import png, scene
from tests.proof import Sweep
from tests.recogniser import as_jpeg, models_folder, photo

CAT = "chelsea"


@pytest.fixture(scope="module")
def onnx_recognition() -> Iterator[OnnxRecognition]:
    recognition = OnnxRecognition(models_folder())
    yield recognition
    recognition.close()


@pytest.fixture(scope="module")
def off_recognition() -> NoRecognition:
    return NoRecognition()


@pytest.fixture(params=["onnx", "off"])
def recognition(request: pytest.FixtureRequest) -> Recognition:
    found: Recognition = request.getfixturevalue(f"{request.param}_recognition")
    return found


@pytest.fixture(params=["onnx"])
def seeing(request: pytest.FixtureRequest) -> OnnxRecognition:
    """Each recogniser that looks at the picture, which the one that is turned off never does."""
    found: OnnxRecognition = request.getfixturevalue(f"{request.param}_recognition")
    return found


def inside(box: Box) -> bool:
    right, bottom = box.left + box.width, box.top + box.height
    return box.left >= 0 and box.top >= 0 and right <= 1.0001 and bottom <= 1.0001


@pytest.mark.parametrize("name", ["chelsea", "coffee", "astronaut", "rocket"])
def test_labels_carry_provider_confidence_and_boxes_inside_the_picture(
    recognition: Recognition, name: str
) -> None:
    answer = recognition.labels(as_jpeg(photo(name)))
    assert answer.provider == recognition.provider
    assert len(answer.labels) <= 50
    confidences = [label.confidence for label in answer.labels]
    assert confidences == sorted(confidences, reverse=True)
    assert all(50 <= confidence <= 100 for confidence in confidences)
    assert len({label.name for label in answer.labels}) == len(answer.labels)
    for label in answer.labels:
        assert label.provider == answer.provider
        assert label.verdict is None
        assert all(inside(box) and box.width > 0 and box.height > 0 for box in label.boxes)


def test_the_vectors_of_two_views_of_one_thing_point_the_same_way(seeing: Recognition) -> None:
    whole = photo(CAT)
    part = whole.crop((60, 20, whole.width - 20, whole.height))
    same, other, again = (seeing.labels(as_jpeg(each)).vector for each in (part, photo("rocket"), whole))
    vector = seeing.labels(as_jpeg(whole)).vector
    assert vector == again, "the same picture gives the same vector"
    assert 0 < len(vector) <= 160, "as much as a row holds"
    assert cosine(vector, same) > 0.7 > 0.3 > cosine(vector, other)


def test_nobody_who_does_not_look_has_a_vector(off_recognition: NoRecognition) -> None:
    assert off_recognition.labels(as_jpeg(photo(CAT))).vector == b""


def cosine(one: bytes, other: bytes) -> float:
    left, right = (memoryview(each).cast("b").tolist() for each in (one, other))
    lengths = [sum(number * number for number in each) ** 0.5 for each in (left, right)]
    return sum(a * b for a, b in zip(left, right, strict=True)) / (lengths[0] * lengths[1])


def test_a_picture_of_nothing_has_no_labels_and_no_text(recognition: Recognition) -> None:
    plain = as_jpeg(scene(640, 480).resize((8, 6)).resize((640, 480)))
    assert recognition.labels(plain).labels == ()
    assert recognition.text(plain).lines == ()


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (2, 3000), (1600, 30), (4000, 3000)])
def test_pictures_of_every_shape_are_answered(recognition: Recognition, size: tuple[int, int]) -> None:
    picture = as_jpeg(photo(CAT).resize(size))
    assert recognition.labels(picture).provider == recognition.provider
    assert bool(recognition.text(picture).provider) == bool(recognition.provider)


def test_a_cat_is_seen(seeing: OnnxRecognition) -> None:
    best = seeing.labels(as_jpeg(photo(CAT))).labels[0]
    assert best.name == "cat"
    assert best.confidence > 90


@pytest.mark.parametrize("verb", ["labels", "text"])
@pytest.mark.parametrize(
    "garbage",
    [b"", b"\0" * 1000, b"not a picture", png(64, 48), as_jpeg(scene(640, 480))[:2000]],
    ids=["empty", "zeros", "words", "another format", "cut short"],
)
def test_what_is_no_jpeg_is_refused_with_a_reason_and_the_next_picture_is_answered(
    seeing: OnnxRecognition, verb: str, garbage: bytes
) -> None:
    look = getattr(seeing, verb)
    with pytest.raises(Invalid) as refusal:
        look(garbage)
    assert refusal.value.reason.endswith(".")
    assert look(as_jpeg(photo(CAT))).provider


@pytest.mark.proof
@pytest.mark.parametrize("verb", ["labels", "text"])
def test_damaged_pictures_are_answered_or_refused_and_never_kill_the_process(
    seeing: OnnxRecognition, sweep: Sweep, verb: str
) -> None:
    look, whole, rng = getattr(seeing, verb), as_jpeg(photo(CAT)), random.Random(7)
    look(whole)
    pid = running_pid(seeing, verb)
    for _ in range(int(os.environ.get("BIGIMAGE_PROOF_N", "50"))):
        sweep.cases += 1
        damaged = bytearray(whole[: rng.randrange(200, len(whole))] if rng.random() < 0.3 else whole)
        for _ in range(rng.randrange(1, 12)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        with contextlib.suppress(Invalid):
            look(bytes(damaged))
    assert running_pid(seeing, verb) == pid


def test_it_is_either_complete_or_says_what_is_missing(recognition: Recognition) -> None:
    assert bool(recognition.provider) != bool(recognition.missing())
    recognition.ping()


def test_it_can_be_closed_twice_and_asked_again(recognition: Recognition) -> None:
    picture = as_jpeg(photo(CAT))
    before = recognition.labels(picture)
    recognition.close()
    recognition.close()
    assert recognition.labels(picture) == before


def test_threads_that_ask_at_the_same_time_get_their_own_answers(recognition: Recognition) -> None:
    names = ["chelsea", "coffee"] * 4
    pictures = [as_jpeg(photo(name)) for name in names]
    alone = [recognition.labels(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(recognition.labels, pictures)) == alone


@pytest.mark.parametrize("verb", ["labels", "text"])
def test_a_process_that_dies_while_it_works_is_replaced(seeing: OnnxRecognition, verb: str) -> None:
    look, picture = getattr(seeing, verb), as_jpeg(photo(CAT))
    before = look(picture)
    pid = running_pid(seeing, verb)
    os.kill(pid, signal.SIGSTOP)
    killer = threading.Timer(0.3, os.kill, (pid, signal.SIGKILL))
    killer.start()
    with pytest.raises(RecognitionError):
        look(picture)
    killer.join()
    assert look(picture) == before
    assert running_pid(seeing, verb) != pid


def test_a_process_that_died_between_two_pictures_is_not_noticed(seeing: OnnxRecognition) -> None:
    look, picture = seeing.labels, as_jpeg(photo(CAT))
    before = look(picture)
    process = child_of(seeing, "labels")
    os.kill(running_pid(seeing, "labels"), signal.SIGKILL)
    deadline = time.monotonic() + 5
    while process.pid is not None:
        assert time.monotonic() < deadline
    assert look(picture) == before


def test_silence_ends_with_the_time_out_and_the_next_picture_is_answered() -> None:
    recognition = OnnxRecognition(models_folder(), labels_timeout_seconds=5)
    try:
        picture = as_jpeg(photo(CAT))
        before = recognition.labels(picture)
        os.kill(running_pid(recognition, "labels"), signal.SIGSTOP)
        with pytest.raises(RecognitionError, match="no answer within 5 s"):
            recognition.labels(picture)
        assert recognition.labels(picture) == before
    finally:
        recognition.close()


def child_of(recognition: OnnxRecognition, verb: str) -> RecogniserProcess:
    return {"labels": recognition.labeller, "text": recognition.reader}[verb]


def running_pid(recognition: OnnxRecognition, verb: str) -> int:
    pid = child_of(recognition, verb).pid
    assert pid is not None
    return pid
