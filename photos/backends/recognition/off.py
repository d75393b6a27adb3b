"""Recognition turned off by its setting: photos are stored, shown and searched without labels and text."""

from __future__ import annotations

from photos.models import RecognisedLabels, RecognisedText


class NoRecognition:
    """Role `recognition` that sees nothing and says so."""

    provider = ""
    text_provider = ""

    def labels(self, picture: bytes) -> RecognisedLabels:
        """Nothing, from nobody."""
        return RecognisedLabels("")

    def text(self, picture: bytes) -> RecognisedText:
        """Nothing, from nobody."""
        return RecognisedText("")

    def missing(self) -> str:
        """How to turn it on, as one sentence."""
        return (
            "Recognition is turned off; set RECOGNITION=local and start with “make run”, which installs it."
        )

    def close(self) -> None:
        """There is nothing to end."""

    def ping(self) -> None:
        """Being off is no fault."""
