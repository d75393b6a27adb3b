"""What passes over the pipes between the adapter and its child processes.

A request is the length of a picture (4 bytes, big-endian) and the picture. An answer is one byte that
says how it went, the length of a JSON text, and the text. It is decoded into typed structures: a child
that a picture has taken over can lie about that picture and do nothing else.
"""

from __future__ import annotations

import struct
from typing import Annotated

import msgspec

REQUEST = struct.Struct("!I")
ANSWER = struct.Struct("!cI")

DONE = b"d"
"""The text is the result."""
REFUSED = b"r"
"""The picture cannot be read; the text says why, for people."""
FAILED = b"f"
"""The recogniser failed; the text says how, for the log."""

MOST_PICTURE_BYTES = 64 * 2**20
MOST_ANSWER_BYTES = 2**20
VECTOR_BYTES = 128

Share = Annotated[float, msgspec.Meta(ge=0, le=1)]
Confidence = Annotated[float, msgspec.Meta(ge=0, le=100)]
Edges = tuple[Share, Share, Share, Share]
"""Left, top, width, height."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
Text = Annotated[str, msgspec.Meta(max_length=2000)]


class SeenLabels(msgspec.Struct, frozen=True):
    """Name, confidence and boxes of each label; the vector in base64."""

    labels: Annotated[list[tuple[Name, Confidence, list[Edges]]], msgspec.Meta(max_length=50)]
    vector: Annotated[bytes, msgspec.Meta(min_length=VECTOR_BYTES, max_length=VECTOR_BYTES)]


class ReadLines(msgspec.Struct, frozen=True):
    """Text, confidence and box of each line."""

    lines: Annotated[list[tuple[Text, Confidence, Edges]], msgspec.Meta(max_length=200)]


class Failure(msgspec.Struct, frozen=True):
    """Why there is no result."""

    reason: Text
    code: Name = "unknown"
