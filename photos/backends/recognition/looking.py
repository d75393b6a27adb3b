"""Labels of a picture, computed in this process: Pillow, onnxruntime, the rule. For the child only."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from PIL import Image

from photos.backends.recognition.concepts import COCO_IDS
from photos.backends.recognition.decoding import upright_rgb
from photos.backends.recognition.models import model_files
from photos.backends.recognition.reduction import reduced
from photos.backends.recognition.rule import Floats, LabelRule, Look, margins, unboxed, unmirrored

DETECTOR_SIDE = 300
CLASSIFIER_SIDE = 260
WORKING_SIDE = 832
"""Pictures are shrunk to this first; more shows neither model anything."""
_GREY = (127, 127, 127)
_COLUMNS = [number - 1 for number in COCO_IDS]


class Looker:
    """Holds both models loaded: about 200 MB, half a second to make."""

    def __init__(self, models_folder: Path) -> None:
        files = model_files(models_folder)
        self._detector = _session(files.detector)
        self._classifier = _session(files.classifier)
        self._rule = LabelRule(json.loads(files.class_names.read_text(encoding="utf-8")))

    def __call__(self, picture: bytes) -> dict[str, Any]:
        """Answer with `labels` (name, confidence, boxes as left, top, width, height) and the `vector`."""
        image = upright_rgb(picture, WORKING_SIDE)
        probabilities, features = self._classify(image)
        labels = self._rule.labels(self._looks(image), probabilities)
        return {
            "vector": b64encode(reduced(features)).decode(),
            "labels": [
                (
                    label.name,
                    label.confidence,
                    [(box.left, box.top, box.width, box.height) for box in label.boxes],
                )
                for label in labels
            ],
        }

    def _looks(self, image: Image.Image) -> list[Look]:
        plain = _pixels(image, DETECTOR_SIDE, Image.Resampling.BILINEAR)
        mirrored = self._detect(np.ascontiguousarray(plain[:, ::-1]))
        square = Image.new("RGB", (max(image.size), max(image.size)), _GREY)
        square.paste(image, margins(image.size))
        boxed = self._detect(_pixels(square, DETECTOR_SIDE, Image.Resampling.BILINEAR))
        return [
            self._detect(plain),
            Look(mirrored.scores, unmirrored(mirrored.boxes)),
            Look(boxed.scores, unboxed(boxed.boxes, image.size)),
        ]

    def _detect(self, pixels: Floats) -> Look:
        scores, boxes = self._detector.run(
            ["Postprocessor/Slice", "Postprocessor/ExpandDims_1"],
            {"Preprocessor/sub": pixels[None] * np.float32(2 / 255) - np.float32(1)},
        )
        # The detector answers top, left, bottom, right.
        return Look(scores[0][:, _COLUMNS], boxes.reshape(-1, 4)[:, [1, 0, 3, 2]])

    def _classify(self, image: Image.Image) -> tuple[Floats, Floats]:
        """Probabilities of the classes, and the features behind them, of the middle and the whole."""
        width, height = image.size
        side = min(width, height)
        left, top = (width - side) // 2, (height - side) // 2
        centre = image.crop((left, top, left + side, top + side))
        # One after the other: together they would need twice the memory and no less time.
        looks = [
            self._classifier.run(["probabilities", "features"], {"image": pixels[None]})
            for pixels in (
                _pixels(part, CLASSIFIER_SIDE, Image.Resampling.BICUBIC) for part in (centre, image)
            )
        ]
        probabilities, features = (np.mean([look[part][0] for look in looks], axis=0) for part in (0, 1))
        return probabilities, features


def _session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    # onnxruntime keeps its arena, which is the default: all inputs have one size, so it never grows, while
    # single blocks on the heap leave holes that grew the process from 230 to 640 MB within 800 pictures.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _pixels(image: Image.Image, side: int, filter_: Image.Resampling) -> Floats:
    return np.asarray(image.resize((side, side), filter_), np.float32)
