"""Recognition on this machine with onnxruntime, no network and no cloud.

Labels come from an SSDLite detector (COCO) and an EfficientNet-Lite2 classifier (ImageNet), text from
rapidocr. Both run in child processes that start at first use, so that this module costs nothing to
import. Text has a child of its own: it takes long and must not hold up the next photo's labels.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from photos.backends.recognition.models import is_built
from photos.backends.recognition.process import RecogniserProcess
from photos.backends.recognition.protocol import ReadLines, SeenLabels
from photos.errors import RecognitionError
from photos.models import Box, Label, RecognisedLabels, RecognisedText, TextLine

LABELS_PROVIDER = "ssdlite-coco+efficientnet-lite2/2"
TEXT_PROVIDER = "rapidocr-ppocrv6/1"
"""The figure after the slash counts our rule; it changes when the same picture may get another answer."""

LABELS_TIMEOUT_SECONDS = 30
TEXT_TIMEOUT_SECONDS = 90
LABELS_IDLE_SECONDS = 600
TEXT_IDLE_SECONDS = 60
"""After this time without work a child gives its memory back."""

_REQUIRED = ("numpy", "PIL", "onnxruntime", "rapidocr", "cv2")


class OnnxRecognition:
    """Role `recognition` on onnxruntime. `models_folder` is filled by the command of `.models`.

    Where something is missing it answers with nothing, provider empty, and `missing` says what.
    """

    def __init__(
        self,
        models_folder: Path,
        *,
        labels_timeout_seconds: float = LABELS_TIMEOUT_SECONDS,
        text_timeout_seconds: float = TEXT_TIMEOUT_SECONDS,
        labels_idle_seconds: float = LABELS_IDLE_SECONDS,
        text_idle_seconds: float = TEXT_IDLE_SECONDS,
    ) -> None:
        folder = models_folder.expanduser().absolute()
        self._folder = folder
        self.labeller = RecogniserProcess(
            "labels",
            folder,
            timeout_seconds=labels_timeout_seconds,
            idle_seconds=labels_idle_seconds,
            large_block_bytes=2**20,
        )
        # 100 MB less for 10 % more time: nobody waits for text, and both children share one machine.
        self.reader = RecogniserProcess(
            "text",
            folder,
            timeout_seconds=text_timeout_seconds,
            idle_seconds=text_idle_seconds,
            large_block_bytes=8 * 2**20,
        )
        self.provider = "" if self.missing() else LABELS_PROVIDER
        self.text_provider = TEXT_PROVIDER if self.provider else ""

    def labels(self, picture: bytes) -> RecognisedLabels:
        """Things seen in an upright sRGB JPEG, best first, confidence >= 50."""
        if not self.provider:
            return RecognisedLabels("")
        answer = self.labeller.ask(picture, SeenLabels)
        labels = tuple(
            Label(name, confidence, tuple(Box(*box) for box in boxes), LABELS_PROVIDER)
            for name, confidence, boxes in answer.labels
        )
        return RecognisedLabels(LABELS_PROVIDER, labels, answer.vector)

    def text(self, picture: bytes) -> RecognisedText:
        """Lines read in an upright sRGB JPEG, in reading order, confidence >= 70."""
        if not self.provider:
            return RecognisedText("")
        answer = self.reader.ask(picture, ReadLines)
        lines = tuple(TextLine(text, confidence, Box(*box)) for text, confidence, box in answer.lines)
        return RecognisedText(TEXT_PROVIDER, lines)

    def missing(self) -> str:
        """What is not installed and how to install it; empty if all is there."""
        absent = [name for name in _REQUIRED if find_spec(name) is None]
        if absent:
            return (
                f"Photos get no labels and no text yet: the Python packages of requirements-recognition.txt "
                f"are not installed ({', '.join(absent)} missing); “make run” installs them."
            )
        if not is_built(self._folder):
            return (
                f"Photos get no labels and no text yet: the recogniser's models are not in {self._folder}; "
                "“make run” fetches them."
            )
        return ""

    def ping(self) -> None:
        """Raise RecognitionError unless packages and models are there; starts no child."""
        if missing := self.missing():
            raise RecognitionError("answer:", missing)

    def close(self) -> None:
        """End both children."""
        self.labeller.close()
        self.reader.close()
