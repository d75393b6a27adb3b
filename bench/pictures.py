"""Three renditions of a 12-megapixel JPEG, the perceptual hash beside them, their memory, two cores."""

from __future__ import annotations

import io
import os
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageFile
from PIL import __version__ as pillow_version

from bench.camera import photographs
from bench.measure import (
    MIB,
    Effort,
    Figure,
    Findings,
    children_of,
    first_in_line,
    forget_peak,
    of_rounds,
    ratios,
    resident_bytes,
    rotated,
)
from bench.peers import vips_pyramid, vips_version
from photos.imaging import opening, renditions
from photos.imaging.facts import read_facts
from photos.imaging.pool import Decoders
from photos.perceptual import pdq
from tests.pictures import jpeg


def measure(effort: Effort) -> Findings:
    """The rows about pictures."""
    opening.prepare()
    bodies = photographs(effort.choose(3, 6))
    paths = [effort.folder / f"{number}.jpg" for number in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_bytes(body)
    small = effort.folder / "small.jpg"
    small.write_bytes(jpeg(64, 48))
    return Findings(
        figures=[
            *_cpu(bodies, effort.choose(3, 7)),
            _memory(paths, small),
            _two_cores(paths, photos=8, rounds=effort.choose(5, 12)),
        ],
        peers=[vips_version(), f"Pillow {pillow_version}"],
    )


def our_renditions(body: bytes) -> renditions.Views:
    """What a decoder does for the three renditions, and nothing else."""
    with Image.open(io.BytesIO(body)) as picture:
        assert isinstance(picture, ImageFile.ImageFile)
        orientation = read_facts(picture).orientation
        full = picture.size
        views = renditions.make_views(renditions.load_small(picture), full, orientation, b"")
    for kind, view in (("large", views.large), ("medium", views.medium), ("square", views.square)):
        renditions.encode(kind, view)
    return views


def _hash_all(views: list[Image.Image], *, times: int) -> None:
    for view in views * times:
        pdq.hash_variants(np.asarray(view.convert("L")))


def _cpu(bodies: list[bytes], rounds: int) -> list[Figure]:
    mediums = [our_renditions(body).medium for body in bodies]
    taken = rotated(
        {
            "ours": lambda: [our_renditions(body) for body in bodies],
            "vips": lambda: [vips_pyramid(body) for body in bodies],
            # one hash is too short for the clock
            "hash": lambda: _hash_all(mediums, times=10),
        },
        rounds,
    )
    shares = [10 * share for share in ratios(taken, "hash", "ours")]
    return [
        of_rounds(
            "three renditions of a 12-megapixel JPEG",
            ratios(taken, "ours", "vips"),
            "x libvips",
            f"CPU time, {len(bodies)} files; libvips thumbnail 1600 -> 512 -> 256, one thread",
            bar=1.1,
        ),
        of_rounds(
            "perceptual hash beside them",
            shares,
            "% of them",
            "CPU time of luminance and PDQ of the 512-pixel rendition and its turns; no second decode",
            bar=4.0,
        ),
    ]


def _memory(paths: list[Path], small: Path) -> Figure:
    peaks = []
    for path in paths:
        # a child of its own each time: freed memory is kept for the next photo
        with Decoders(1) as decoders:
            decoders.develop(small)
            (child,) = children_of(os.getpid())
            forget_peak(child)
            before = resident_bytes(child)
            decoders.develop(path)
            peaks.append((resident_bytes(child, "VmHWM") - before) / MIB)
    return of_rounds(
        "memory for one such photo",
        peaks,
        "MiB",
        "peak of a decoder above its idle state, with everything it does for a photo",
        bar=40.0,
    )


def _two_cores(paths: list[Path], *, photos: int, rounds: int) -> Figure:
    alone, together = [], []
    with first_in_line(), Decoders(1) as one, Decoders(2) as two:
        for decoders in (one, two):
            _wall(decoders, paths, photos=4, workers=2)
        for _ in range(rounds):
            alone.append(_wall(one, paths, photos=photos, workers=1))
            together.append(_wall(two, paths, photos=photos, workers=2))
    gains = [single / double for single, double in zip(alone, together, strict=True)]
    # Others on the machine only ever add wall time, so the best rounds say what the program can do.
    return Figure(
        name="two decoders beside one",
        value=min(alone) / min(together),
        low=min(gains),
        high=max(gains),
        unit="x photos a second",
        how=f"wall time of {photos} photos at high priority, best of {rounds} rounds each",
        bar=1.7,
        is_least=True,
    )


def _wall(decoders: Decoders, paths: list[Path], *, photos: int, workers: int) -> float:
    started = time.perf_counter()
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(partial(decoders.develop), islice(cycle(paths), photos)))
    return time.perf_counter() - started
