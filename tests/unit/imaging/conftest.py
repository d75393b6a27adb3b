"""Children shared by the tests of this folder, and a short way to send bytes through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photos.imaging.pool import Decoders
from photos.models import Developed


@pytest.fixture(scope="session")
def decoders() -> Iterator[Decoders]:
    """One warm child with the limits of production."""
    with Decoders(1) as pool:
        yield pool


@pytest.fixture
def develop(decoders: Decoders, tmp_path: Path) -> Callable[[bytes], Developed]:
    """Bytes in, developed photo out; raises what `Decoders.develop` raises."""

    def send(body: bytes) -> Developed:
        path = tmp_path / "photo"
        path.write_bytes(body)
        return decoders.develop(path)

    return send
