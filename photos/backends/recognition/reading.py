"""Text in a picture, computed in this process with rapidocr on onnxruntime. For the child only."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import rapidocr
from rapidocr.utils.output import RapidOCROutput

from photos.backends.recognition.decoding import upright_rgb

WORKING_SIDE = 1600
FINDING_SIDE = 736
"""Lines are found at this size and read at the full one. More finds nothing more from 18 pixels of letter
height on, and costs time and memory."""
LEAST_SIDE = 30
"""Thinner pictures are not read: rapidocr would enlarge a thread of pixels into gigabytes."""
LOWEST = 70
LOWEST_SHORT = 90
"""For one or two characters: edges and ornaments are easily taken for a letter."""
SHORT = 2
MOST_LINES = 200
MOST_CHARACTERS = 500

_MODELS = Path(rapidocr.__file__).parent / "models"
_SETTINGS = {
    "Global.log_level": "critical",
    "EngineConfig.onnxruntime.intra_op_num_threads": 1,
    "EngineConfig.onnxruntime.inter_op_num_threads": 1,
    "Det.limit_type": "max",
    "Det.limit_side_len": FINDING_SIDE,
    # Line by line: six at once are no quicker on one thread and take 100 MB more.
    "Rec.rec_batch_num": 1,
    # Named one by one: a file that is not in the wheel is then an error and not a download.
    "Det.model_path": str(_MODELS / "PP-OCRv6_det_small.onnx"),
    "Rec.model_path": str(_MODELS / "PP-OCRv6_rec_small.onnx"),
    "Cls.model_path": str(_MODELS / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
}


class Reader:
    """Holds the reader's three models."""

    def __init__(self) -> None:
        cv2.setNumThreads(1)
        self._read = rapidocr.RapidOCR(params=dict(_SETTINGS))

    def __call__(self, picture: bytes) -> dict[str, Any]:
        """Answer with `lines`: text, confidence, box as left, top, width, height; in reading order."""
        image = upright_rgb(picture, WORKING_SIDE)
        if min(image.size) < LEAST_SIDE:
            return {"lines": []}
        found = self._read(np.asarray(image)[:, :, ::-1])
        if not isinstance(found, RapidOCROutput) or found.boxes is None:
            return {"lines": []}
        size = np.array(image.size, np.float32)
        lines = []
        for corners, text, score in zip(found.boxes, found.txts or (), found.scores or (), strict=True):
            words, confidence = text.strip(), round(100 * float(score), 1)
            if words and confidence >= (LOWEST_SHORT if len(words) <= SHORT else LOWEST):
                lines.append((words[:MOST_CHARACTERS], confidence, _box(corners / size)))
        return {"lines": lines[:MOST_LINES]}


def _box(corners: np.ndarray[Any, Any]) -> tuple[float, float, float, float]:
    """The upright rectangle around a line that may stand at a slant."""
    left, top = (round(float(edge), 4) for edge in corners.min(axis=0).clip(0, 1))
    right, bottom = (round(float(edge), 4) for edge in corners.max(axis=0).clip(0, 1))
    return left, top, round(right - left, 4), round(bottom - top, 4)
