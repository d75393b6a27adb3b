"""A recogniser child, `liar VERB FOLDER IDLE`: answers what the folder's file holds, and ends."""

from __future__ import annotations

import sys
from pathlib import Path

from photos.backends.recognition.protocol import REQUEST


def main() -> int:
    """Read one request and answer it."""
    sys.stdin.buffer.read(*REQUEST.unpack(sys.stdin.buffer.read(REQUEST.size)))
    sys.stdout.buffer.write((Path(sys.argv[2]) / "answer").read_bytes())
    sys.stdout.buffer.flush()
    return 1


if __name__ == "__main__":
    sys.exit(main())
