"""`python -m bench.labels [--beside NAME COMMAND]`: judge the recogniser and write docs/recognition.md."""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.labels import report
from bench.labels.score import score
from bench.labels.showing import cost_of_program, show
from photos.backends.recognition.onnx import OnnxRecognition
from photos.config import read_settings
from photos.imaging.pool import Decoders

PAGE = Path(__file__).parents[2] / "docs" / "recognition.md"
FEWEST = 100
LEAST_PRECISION = 0.9
"""Of what is said without a question mark; less than this means that the threshold is wrong."""


def main(arguments: Sequence[str]) -> int:
    """Exit status: 0 judged, 1 the recogniser or too many pictures are missing, or it is wrong too often."""
    parser = argparse.ArgumentParser(prog="make judge", description=__doc__)
    parser.add_argument(
        "--beside", nargs=2, metavar=("NAME", "COMMAND"), help="a program to compare the cost with"
    )
    options = parser.parse_args(arguments)
    settings = read_settings()
    recognition = OnnxRecognition(settings.models)
    if missing := recognition.missing():
        print(missing, file=sys.stderr)
        return 1
    with Decoders(1) as decoders, tempfile.TemporaryDirectory() as folder:
        try:
            shown = show(recognition, decoders, Path(folder))
        finally:
            recognition.close()
    pictures = [*shown.photographs, *shown.placed]
    if len(pictures) < FEWEST:
        print(
            f"Only {len(pictures)} pictures are installed; not there: {', '.join(shown.missing)}.",
            file=sys.stderr,
        )
        return 1
    beside = None
    if options.beside:
        name, command = options.beside
        beside = (name, *cost_of_program(shlex.split(command), shown.renditions))
    threshold = settings.suggestion_below
    PAGE.write_text(
        report.write(shown, provider=recognition.provider, suggestion_below=threshold, beside=beside),
        encoding="utf-8",
    )
    total = score(pictures, threshold).total
    print(
        f"judge: {len(pictures)} pictures; from {threshold} on {total.right} labels right, "
        f"{total.wrong} wrong, {total.missed} things not named; "
        f"{shown.cpu_seconds:.3f} CPU s a photo; {PAGE.name} written"
    )
    return 0 if (total.precision or 0) >= LEAST_PRECISION else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
