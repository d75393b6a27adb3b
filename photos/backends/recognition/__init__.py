"""Role `recognition`: what can be seen and read in a picture. Never claims what it cannot see."""

from __future__ import annotations

from typing import Protocol

from photos.models import RecognisedLabels, RecognisedText


class Recognition(Protocol):
    """A recogniser. Its verbs raise `RecognitionError` (later) and `Invalid` (this picture never)."""

    provider: str
    """Name and version, as stored beside every label; empty if nothing is installed."""
    text_provider: str
    """Name and version of what reads text, as stored with the photo; empty if nothing is installed."""

    def labels(self, picture: bytes) -> RecognisedLabels:
        """Things seen in an upright sRGB JPEG, best first, at most 50, confidence >= 50.

        With a vector of at most 160 bytes, if this recogniser has any.
        """

    def text(self, picture: bytes) -> RecognisedText:
        """Lines read in an upright sRGB JPEG, in reading order, at most 200."""

    def missing(self) -> str:
        """What is not installed and how to install it, as one sentence; empty if all is there."""

    def close(self) -> None:
        """End child processes."""

    def ping(self) -> None:
        """Raise RecognitionError unless the recogniser can answer."""
