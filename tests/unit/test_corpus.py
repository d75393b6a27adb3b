"""A thousand odd and hostile pictures: each is developed or refused, and the decoders live on.

`BIGIMAGE_CORPUS` names the folder that holds `images/expected.csv`, what another decoder made of each file.
"""

from __future__ import annotations

import csv
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from photos.errors import Invalid
from photos.imaging.pool import Decoders
from photos.models import Developed
from tests import pictures
from tests.memory import Growth
from tests.pictures import difference, shown

CORPUS = os.environ.get("BIGIMAGE_CORPUS", "")
pytestmark = pytest.mark.skipif(not CORPUS, reason="BIGIMAGE_CORPUS does not name a folder of odd pictures")

IMAGES = Path(CORPUS) / "images"
OUR_FORMATS = frozenset({"JPEG", "MPO", "PNG", "GIF", "WEBP", "TIFF", "AVIF", "HEIF"})
MOST_BYTES = 10**9
SLOWEST_SECONDS = 5.0


@dataclass(frozen=True)
class Sweep:
    """What became of every file, and the most memory that it took at once, here and in the decoders."""

    outcomes: dict[str, Developed | Invalid]
    peak_bytes: int


def expected() -> list[dict[str, str]]:
    with (IMAGES / "expected.csv").open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


@pytest.fixture(scope="module")
def decoders() -> Iterator[Decoders]:
    with Decoders(2) as pool:
        yield pool


@pytest.fixture(scope="module")
def sweep(decoders: Decoders) -> Sweep:
    def one(row: dict[str, str]) -> tuple[str, Developed | Invalid]:
        try:
            return row["path"], decoders.develop(IMAGES / row["path"])
        except Invalid as refusal:
            return row["path"], refusal

    over, peaks = threading.Event(), [0]
    growth = Growth()  # decoders start with their first file

    def watch() -> None:
        while not over.wait(0.05):
            peaks.append(growth.size_bytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        with ThreadPoolExecutor(2) as threads:
            outcomes = dict(threads.map(one, expected()))
    finally:
        over.set()
        watcher.join()
    return Sweep(outcomes, max(peaks))


def test_every_file_has_an_outcome(sweep: Sweep) -> None:
    rows = expected()
    assert len(rows) >= 1000
    assert set(sweep.outcomes) == {row["path"] for row in rows}


def test_what_is_a_picture_is_developed_and_the_rest_refused(sweep: Sweep) -> None:
    different = []
    for row in expected():
        is_wanted = row["outcome"] == "decoded" and row["format"] in OUR_FORMATS
        if isinstance(sweep.outcomes[row["path"]], Developed) != is_wanted:
            different.append((row["path"], sweep.outcomes[row["path"]]))
    assert different == []


def test_every_refusal_is_a_plain_sentence(sweep: Sweep) -> None:
    reasons = {outcome.reason for outcome in sweep.outcomes.values() if isinstance(outcome, Invalid)}
    assert reasons
    for reason in reasons:
        assert reason[0].isupper()
        assert reason.endswith(".")
        assert "Error" not in reason


def test_no_file_takes_the_decoders_time_or_life(sweep: Sweep) -> None:
    codes = {outcome.code for outcome in sweep.outcomes.values() if isinstance(outcome, Invalid)}
    assert not codes & {"took_too_long", "decoder_failed"}


def test_memory_of_the_whole_tree_stays_below_a_gigabyte(sweep: Sweep) -> None:
    assert 0 < sweep.peak_bytes <= MOST_BYTES


def test_sizes_and_frames_are_what_the_file_says(sweep: Sweep) -> None:
    for row in expected():
        outcome = sweep.outcomes[row["path"]]
        if not isinstance(outcome, Developed):
            continue
        stated = {(int(row["width"]), int(row["height"])), (int(row["height"]), int(row["width"]))}
        assert (outcome.width, outcome.height) in stated, row["path"]
        if row["frames"] and row["format"] != "MPO":
            assert outcome.frames == int(row["frames"]), row["path"]


def test_both_decoders_still_work_afterwards(sweep: Sweep, decoders: Decoders, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(pictures.jpeg(64, 48))
    with ThreadPoolExecutor(2) as threads:
        assert all(developed.width == 64 for developed in threads.map(decoders.develop, [path] * 8))


@pytest.mark.parametrize("shape", ["Landscape", "Portrait"])
@pytest.mark.parametrize("orientation", range(9))
def test_real_photos_of_every_orientation_are_upright(sweep: Sweep, shape: str, orientation: int) -> None:
    (path,) = (row["path"] for row in expected() if row["path"].endswith(f"/{shape}_{orientation}.jpg"))
    developed = sweep.outcomes[path]
    assert isinstance(developed, Developed)
    with Image.open(IMAGES / path) as stored:
        turned = ImageOps.exif_transpose(stored).convert("RGB")
    assert (developed.width, developed.height) == turned.size
    seen = shown(developed)
    assert difference(seen, turned.resize(seen.size, Image.Resampling.LANCZOS)) < 8


def test_no_position_is_left_in_a_rendition(sweep: Sweep) -> None:
    developed = sweep.outcomes["pillow/exif_gps.jpg"]
    assert isinstance(developed, Developed)
    for rendition in developed.renditions:
        assert b"Exif" not in rendition.body
        assert b"GPS" not in rendition.body
