"""A recogniser child that a picture has taken over: labels that fit our table, or an error for later."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from photos.backends.recognition import process
from photos.backends.recognition.onnx import OnnxRecognition
from photos.backends.recognition.protocol import ANSWER, DONE, FAILED, REFUSED
from photos.errors import Invalid, RecognitionError
from photos.models import RecognisedLabels, RecognisedText
from tests.fuzz.effort import SEED, efforts
from tests.fuzz.mutation import inputs
from tests.fuzz.target import Target
from tests.proof import Sweep


def answers() -> list[bytes]:
    """Answers of a recogniser child, good and bad."""
    labels = {"labels": [["cat", 97.5, [[0.1, 0.1, 0.5, 0.5]]]]}
    bodies = [
        (DONE, labels),
        (DONE, {"lines": [["EXIT", 99.0, [0, 0, 1, 1]]]}),
        (REFUSED, {"reason": "x", "code": "y"}),
        (FAILED, {"reason": "x"}),
        (DONE, {}),
        (DONE, []),
        (DONE, None),
        (DONE, {"labels": [["cat"]]}),
        (DONE, {"labels": [[1, "x", 5]]}),
        (REFUSED, {}),
        (FAILED, 7),
        (b"?", labels),
        (DONE, {"labels": [["cat", float("nan"), [[1, 2, 3]]]]}),
    ]
    texts = [(status, json.dumps(body).encode()) for status, body in bodies]
    texts += [(DONE, b"\xff\xfe"), (DONE, b"{"), (DONE, b"[" * 5000)]
    return [
        *(ANSWER.pack(status, len(text)) + text for status, text in texts),
        ANSWER.pack(DONE, 2**32 - 1),
        b"",
    ]


def check(answer: RecognisedLabels | RecognisedText) -> None:
    for label in answer.labels if isinstance(answer, RecognisedLabels) else ():
        assert 0 < len(label.name) <= 100 and 0 <= label.confidence <= 100
        assert all(0 <= edge <= 1 for box in label.boxes for edge in (box.left, box.top, box.width))
    for line in answer.lines if isinstance(answer, RecognisedText) else ():
        line.text.encode()
        assert 0 <= line.confidence <= 100


@efforts(6, per_n=5)
def test_a_lying_child_is_believed_in_nothing_odd(
    count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sweep: Sweep
) -> None:
    sweep.cases = count
    monkeypatch.setattr(process, "_CHILD", "tests.fuzz.liar")
    recognition = OnnxRecognition(tmp_path)
    # The models are not there; the child that is asked here needs none.
    recognition.provider = recognition.text_provider = "liar/1"
    target = Target("answers", lambda _: None, answers, (b"NaN", b"null", b"1e999", b"[]", b"d\0\0\0\x02{}"))
    for number, content in enumerate(inputs(target, count=count, seed=SEED)):
        (tmp_path / "answer").write_bytes(content)
        ask = recognition.text if number % 4 == 1 else recognition.labels
        try:
            check(ask(b"any picture"))
        except (Invalid, RecognitionError) as error:
            assert str(error)
        recognition.close()
