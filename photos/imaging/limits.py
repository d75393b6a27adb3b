"""What one photo may cost."""

from __future__ import annotations

import msgspec

MIB = 1024 * 1024


class Limits(msgspec.Struct, frozen=True):
    """Bounds for one photo. Whatever exceeds one is refused with a sentence that names the bound."""

    size_bytes: int = 512 * MIB
    """Length of the file."""
    pixels: int = 200_000_000
    """Width times height of one frame, as the header states it: the largest phone cameras."""
    side: int = 30_000
    """Longest side in pixels. A line of 100,000,000 x 1 passes a limit on the area alone."""
    frames: int = 1_000
    """Pictures in one file. Only the first is shown, but all have to be walked to count them."""
    scans: int = 100
    """Passes over the pixels of one JPEG. Encoders make about ten; a small file can ask for thousands, and
    each takes as long as a decoding."""
    memory_bytes: int = 400 * MIB
    """Address space on top of what a decoder holds when idle (50 MiB resident). Two decoders stay below
    1 GB; a HEIC of 48 megapixels takes 350 MiB, a JPEG of 12 takes 35."""
    seconds: float = 20.0
    """CPU time. On a busy machine the clock may show `PATIENCE` times as much before we give up."""


PATIENCE = 3.0
