"""Pictures made to harm, through the real decoder children: an answer soon, and the next photo as ever."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from photos.errors import Invalid
from photos.imaging.pool import Decoders
from photos.models import Developed
from tests import pictures
from tests.attacks.bombs import BOMBS
from tests.memory import Growth
from tests.processor import processor_seconds
from tests.proof import Sweep

MOST_SECONDS = 5.0
"""Of processor time."""
MOST_BYTES = 10**9
FORMATS = {
    "jpeg": pictures.jpeg,
    "png": pictures.png,
    "gif": pictures.gif,
    "webp": pictures.webp,
    "tiff": pictures.tiff,
    "avif": pictures.avif,
    "heic": pictures.heic,
}
SHARES = range(1, 100) if os.environ.get("BIGIMAGE_PROOF_N") else range(5, 100, 19)
"""Percents of a file after which it is cut off."""


@pytest.fixture(scope="module")
def growth() -> Growth:
    """From before the decoder starts."""
    return Growth()


@pytest.fixture(scope="module")
def decoders(growth: Growth) -> Iterator[Decoders]:
    with Decoders(1) as pool:
        yield pool


@pytest.fixture
def photo(tmp_path: Path, decoders: Decoders) -> Path:
    """A good photo that the decoder has seen."""
    path = tmp_path / "good.jpg"
    path.write_bytes(pictures.jpeg(640, 480))
    decoders.develop(path)
    return path


def outcome(decoders: Decoders, path: Path) -> Developed | str:
    """What becomes of a file; the reason if it is refused, which has to be a plain sentence."""
    try:
        return decoders.develop(path)
    except Invalid as refusal:
        assert refusal.code not in {"took_too_long", "decoder_failed"}, refusal
        assert refusal.reason[0].isupper()
        assert refusal.reason.endswith(".")
        assert "Error" not in refusal.reason
        return refusal.reason


def seconds_of(decoders: Decoders, path: Path) -> float:
    """The work that three good photos are."""
    begin = processor_seconds()
    for _ in range(3):
        assert decoders.develop(path).width == 640
    return processor_seconds() - begin


@pytest.mark.parametrize("make", BOMBS.values(), ids=BOMBS)
def test_row_059_060_a_bomb_has_an_answer_soon_and_harms_no_other(
    decoders: Decoders, growth: Growth, photo: Path, tmp_path: Path, make: object
) -> None:
    assert callable(make)
    bomb = tmp_path / "bomb"
    bomb.write_bytes(make())
    usual = seconds_of(decoders, photo)
    begin = processor_seconds()
    outcome(decoders, bomb)
    assert processor_seconds() - begin < MOST_SECONDS
    assert 0 < growth.size_bytes() < MOST_BYTES
    assert seconds_of(decoders, photo) < 5 * usual + 0.5


@pytest.mark.parametrize("make", FORMATS.values(), ids=FORMATS)
def test_row_060_a_file_cut_anywhere_is_refused_or_whole(
    decoders: Decoders, photo: Path, tmp_path: Path, make: object
) -> None:
    assert callable(make)
    body = make(320, 240)
    for share in SHARES:
        cut = tmp_path / "cut"
        cut.write_bytes(body[: len(body) * share // 100])
        begin = processor_seconds()
        found = outcome(decoders, cut)
        assert processor_seconds() - begin < MOST_SECONDS
        assert isinstance(found, str) or (found.width, found.height) == (320, 240), share
    assert decoders.develop(photo).width == 640


@pytest.mark.proof
def test_row_059_bombs_side_by_side_leave_room_for_a_photo(photo: Path, tmp_path: Path, sweep: Sweep) -> None:
    """Two decoders, as shipped, and every bomb at once; good photos in between. Below BIGIMAGE_PROOF_N=20
    fewer bombs, in equal distances."""
    files = []
    stride = max(1, 20 // int(os.environ.get("BIGIMAGE_PROOF_N", "20")))
    for number, make in enumerate([*BOMBS.values()][::stride]):
        path = tmp_path / f"bomb-{number}"
        path.write_bytes(make())
        files += [path, photo]
    with Decoders(2) as pool, ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda path: outcome(pool, path), files))
    sweep.cases = len(files)
    assert all(isinstance(each, Developed) for each in found[1::2])
