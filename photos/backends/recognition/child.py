"""The long-lived child process that looks into pictures: `python -m ...child labels|text FOLDER`.

Decoders and models are the most fragile code we run, on bytes from strangers. Here they can take down
nothing but themselves: an empty environment, a limit on memory, one thread, no core file. The child
speaks over its standard input and output and ends when its parent is gone or has been silent for long.
"""

from __future__ import annotations

import json
import os
import resource
import select
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from photos.backends.recognition.protocol import (
    ANSWER,
    DONE,
    FAILED,
    MOST_PICTURE_BYTES,
    REFUSED,
    REQUEST,
)
from photos.errors import Invalid

MEMORY_BYTES = 1536 * 2**20
"""Of address space, which is more than what is ever resident."""

Verb = Callable[[bytes], dict[str, Any]]


def main() -> int:
    """Serve until the parent closes the pipe or is silent for the given number of seconds."""
    verb, folder, idle_seconds = sys.argv[1:]
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    requests, answers = sys.stdin.buffer, _private_output()
    work: Verb | None = None
    while (picture := _receive(requests, float(idle_seconds))) is not None:
        try:
            work = work or _load(verb, Path(folder))
            status, result = DONE, work(picture)
        except Invalid as error:
            status, result = REFUSED, {"reason": error.reason, "code": error.code}
        except Exception as error:
            # Whatever a decoder or a model throws: the parent hears it, and the next picture is tried.
            status, result = FAILED, {"reason": f"{type(error).__name__}: {error}"[:500]}
        text = json.dumps(result).encode()
        answers.write(ANSWER.pack(status, len(text)) + text)
        answers.flush()
    return 0


def _private_output() -> BinaryIO:
    """Keep the pipe for answers; whatever a library prints goes to standard error."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return answers


def _receive(requests: BinaryIO, idle_seconds: float) -> bytes | None:
    """The next picture; None when there will be none. Between two requests the buffer is empty."""
    if not select.select([requests], [], [], idle_seconds)[0]:
        return None
    head = requests.read(REQUEST.size)
    if len(head) < REQUEST.size:
        return None
    (length,) = REQUEST.unpack(head)
    if length > MOST_PICTURE_BYTES:
        return None
    picture = requests.read(length)
    return picture if len(picture) == length else None


def _load(verb: str, folder: Path) -> Verb:
    if verb == "labels":
        from photos.backends.recognition.looking import Looker

        return Looker(folder)
    from photos.backends.recognition.reading import Reader

    return Reader()


if __name__ == "__main__":
    sys.exit(main())
