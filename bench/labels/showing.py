"""Showing pictures to the recogniser as the runner does: developed first, then the large rendition."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from bench.labels.photographs import PHOTOGRAPHS
from bench.labels.placements import placements
from bench.labels.score import Judged
from bench.measure import cpu_seconds, resident_bytes
from photos.backends.recognition.onnx import OnnxRecognition
from photos.imaging.pool import Decoders
from photos.models import Developed

WARM_UP = 5


@dataclass
class Shown:
    """Every picture with its answer, and what the answers cost."""

    photographs: list[Judged] = field(default_factory=list)
    placed: list[Judged] = field(default_factory=list)
    cpu_seconds: float = 0.0
    """Of the recogniser's child for one picture, mean."""
    peak_bytes: int = 0
    missing: list[str] = field(default_factory=list)
    renditions: list[bytes] = field(default_factory=list)


def show(recognition: OnnxRecognition, decoders: Decoders, folder: Path) -> Shown:
    """Show every picture there is. `folder` takes the files on their way to the decoder."""
    shown, costs = Shown(), []

    def answer(body: bytes) -> Judged:
        path = folder / "picture"
        path.write_bytes(body)
        large = _large(decoders.develop(path))
        shown.renditions.append(large)
        pid = recognition.labeller.pid
        before = cpu_seconds(pid) - cpu_seconds() if pid else 0.0
        labels = recognition.labels(large).labels
        if pid:
            costs.append(cpu_seconds(pid) - cpu_seconds() - before)
        return Judged((), (), labels)

    for photograph in PHOTOGRAPHS:
        path = photograph.find()
        if path is None:
            shown.missing.append(f"{photograph.package}: {photograph.path}")
            continue
        seen = answer(_as_png(photograph.open()) if path.suffix == ".mpo" else path.read_bytes())
        shown.photographs.append(Judged(photograph.there, photograph.also, seen.answer))
    for placement in placements():
        seen, thing = answer(placement.body), placement.thing
        shown.placed.append(Judged(thing.there, thing.also, seen.answer, placement.box, placement.share))
    shown.cpu_seconds = sum(costs[WARM_UP:]) / len(costs[WARM_UP:])
    if recognition.labeller.pid:
        shown.peak_bytes = resident_bytes(recognition.labeller.pid, "VmHWM")
    return shown


def _large(developed: Developed) -> bytes:
    return next(each.body for each in developed.renditions if each.kind == "large")


def _as_png(picture: Image.Image) -> bytes:
    body = io.BytesIO()
    picture.save(body, "PNG")
    return body.getvalue()


def cost_of_program(command: Sequence[str], renditions: Sequence[bytes]) -> tuple[float, int]:
    """(CPU seconds a picture, peak bytes) of a program that labels the paths it reads from standard input.

    What it needs to start and for the first pictures is taken off, as it is for our own.
    """
    with tempfile.TemporaryDirectory() as name:
        paths = []
        for number, body in enumerate(renditions):
            path = Path(name) / f"{number}.jpg"
            path.write_bytes(body)
            paths.append(str(path))
        first, _ = _spent(command, paths[:WARM_UP])
        whole, peak = _spent(command, paths)
    return (whole - first) / (len(paths) - WARM_UP), peak


def _spent(command: Sequence[str], paths: Sequence[str]) -> tuple[float, int]:
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as program:
        assert program.stdin is not None
        program.stdin.write("".join(f"{path}\n" for path in paths).encode())
        program.stdin.close()
        _, status, usage = os.wait4(program.pid, 0)
        program.returncode = os.waitstatus_to_exitcode(status)
    if program.returncode:
        raise RuntimeError(f"{command[0]} ended with {program.returncode}")
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
