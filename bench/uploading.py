"""Everything between the last byte received and the photo processed, beside libvips' renditions alone."""

from __future__ import annotations

import cProfile
import os
import pstats
import statistics
from functools import partial
from pathlib import Path

from bench.camera import photographs
from bench.library import Library, opened
from bench.measure import Effort, Figure, Findings, Slice, children_of, cpu_seconds, first_in_line, of_rounds
from bench.peers import vips_pyramid, vips_version
from photos.imaging import opening
from photos.imaging.development import develop
from photos.imaging.limits import Limits
from photos.models import Developed
from photos.services.processing import Darkroom

SLICES = {
    "receive and flush the parts": {("folder.py", "write_part")},
    "join the parts": {("folder.py", "complete_multipart")},
    "SHA-256, as it arrived": {("folder.py", "digest")},
    "SHA-256, before developing": {("processing.py", "_sha256")},
    "read EXIF, XMP, IPTC": {("facts.py", "read_facts")},
    "decode": {("renditions.py", "load_small")},
    "scale and turn": {("renditions.py", "make_views")},
    "encode three JPEGs": {("renditions.py", "encode")},
    "placeholder, colours, light": {
        ("impressions.py", name) for name in ("small_copy", "thumbhash", "dominant_colours", "light")
    },
    "perceptual hash": {("pdq.py", "hash_variants")},
    "store the renditions": {("folder.py", "put")},
    "name the place": {("places.py", "nearest")},
    "index": {("sqlite.py", "put")},
    "database": {
        *(
            ("base.py", name)
            for name in ("execute", "scalar", "exec_driver_sql", "commit", "rollback", "close")
        ),
    },
}
"""What the chart shows -> the functions whose time it is; none of them calls another."""


def measure(effort: Effort) -> Findings:
    """The row about a whole upload, and the chart."""
    bodies = photographs(effort.choose(4, 8))
    with first_in_line(), opened(effort.folder / "library") as library:
        _warm_up(library)
        figure = _beside_libvips(library, bodies, effort.choose(4, 8))
    with opened(effort.folder / "profiled") as library:
        slices = _profile(library, bodies)
    return Findings(figures=[figure], slices=slices, peers=[vips_version()])


def _warm_up(library: Library) -> None:
    for body in photographs(1):
        library.complete(library.receive(body + b"warm"))
        library.work()


def _beside_libvips(library: Library, bodies: list[bytes], rounds: int) -> Figure:
    found = []
    decoders = children_of(os.getpid())
    for turn in range(rounds):
        # the same picture in another file: what follows the end of a JPEG is not read
        files = [body + b"%d" % turn for body in bodies]
        waiting = [library.receive(file) for file in files]
        before = cpu_seconds(*decoders)
        for upload in waiting:
            library.complete(upload)
        assert library.work() == len(files)
        ours = cpu_seconds(*decoders) - before
        before = cpu_seconds()
        for file in files:
            vips_pyramid(file)
        found.append(ours / (cpu_seconds() - before))
    return of_rounds(
        "last byte received to row committed and processed",
        found,
        "x libvips' renditions",
        f"CPU time of web part, runner and decoder for {len(bodies)} photos of 12 megapixels: join, verify, "
        "row, job, develop, store, index; labels apart",
        bar=1.3,
    )


class _InProcess:
    """Develops without a child, so that one profiler sees everything."""

    def develop(self, path: Path, *, turn: int = 0) -> Developed:
        with path.open("rb") as file:
            return develop(file, "image/jpeg", Limits(), turn=turn)

    def close(self) -> None:
        """Nothing to end."""


def _profile(library: Library, bodies: list[bytes]) -> list[Slice]:
    opening.prepare()
    darkroom: Darkroom = _InProcess()
    library.backends.__dict__["darkroom"] = darkroom
    _warm_up(library)
    profiles = [_profiled(partial(_whole, library, body)) for body in bodies]
    slices = [
        Slice(name, 1000 * statistics.median(_seconds(profile, places) for profile in profiles))
        for name, places in SLICES.items()
    ]
    total = 1000 * statistics.median(profile.total_tt for profile in profiles)  # type: ignore[attr-defined]
    rest = Slice("everything else", max(0.0, total - sum(each.milliseconds for each in slices)))
    return sorted([*slices, rest], key=lambda each: -each.milliseconds)


def _whole(library: Library, body: bytes) -> None:
    library.complete(library.receive(body))
    library.work()


def _profiled(work: partial[None]) -> pstats.Stats:
    profiler = cProfile.Profile()
    profiler.runcall(work)
    return pstats.Stats(profiler)


def _seconds(profile: pstats.Stats, places: set[tuple[str, str]]) -> float:
    """Time within these functions and what they call."""
    stats = profile.stats  # type: ignore[attr-defined]
    return float(
        sum(
            cumulative
            for (file, _, name), (_, _, _, cumulative, _) in stats.items()
            if (Path(file).name, name) in places
        )
    )
