"""Counts the passes of a JPEG without decoding it (ITU-T T.81, annex B).

What follows the picture does not count: phones append films, whose bytes may look like anything.
"""

from __future__ import annotations

import re
from typing import BinaryIO

START_OF_SCAN = 0xDA
END_OF_IMAGE = 0xD9
FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
PROGRESSIVE = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
LONE = frozenset({0x01, 0xD8})
"""Markers without a segment."""

MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")
"""In coded pixels 0xFF is followed by 0x00 or a restart marker."""

BLOCK_BYTES = 1 << 16


def count_scans(file: BinaryIO, *, most: int) -> int:
    """Scans until the end of the image, counted no further than `most` + 1; the position stays.

    A picture whose first scan holds everything has one: decoders read no second.
    """
    position = file.tell()
    file.seek(2)
    scans, components, is_progressive = 0, b"", False
    while scans <= most and (marker := _next_marker(file)) not in (None, END_OF_IMAGE):
        if marker in LONE:
            continue
        start = file.tell()
        size = int.from_bytes(file.read(2), "big")
        if marker in FRAMES:
            is_progressive, components = marker in PROGRESSIVE, file.read(6)[-1:]
        elif marker == START_OF_SCAN:
            scans += 1
            if scans == 1 and components and file.read(1) == components and not is_progressive:
                break
        file.seek(start + max(size, 2))
    file.seek(position)
    return scans


def _next_marker(file: BinaryIO) -> int | None:
    """The next marker, with the position behind it; None at the end of the file."""
    while block := file.read(BLOCK_BYTES):
        if found := MARKER.search(block):
            file.seek(found.end() - len(block), 1)
            return found[1][0]
        if len(block) > 1 and block.endswith(b"\xff"):
            file.seek(-1, 1)  # the marker may lie across two blocks
    return None
