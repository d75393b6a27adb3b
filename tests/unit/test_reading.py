"""A body is read from the socket in the pieces in which it is asked for: what is read ahead is copied."""

from __future__ import annotations

import runpy
from pathlib import Path

from gunicorn.http.unreader import SocketUnreader

from photos.backends.storage import multipart


def test_gunicorn_reads_as_much_at_once_as_a_part_asks_for() -> None:
    runpy.run_path(str(Path(__file__).parents[2] / "gunicorn.conf.py"))
    assert SocketUnreader.max_body_chunk == multipart._READ_BYTES
