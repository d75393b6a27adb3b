"""What passes over the pipes between the adapter and its child processes.

A request is the length of a picture (4 bytes, big-endian) and the picture. An answer is one byte that
says how it went, the length of a JSON text, and the text.
"""

from __future__ import annotations

import struct

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
