"""A decoder whose file cannot be read now. That says nothing about the picture: "later", never "damaged"."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from photos.imaging import child
from photos.imaging.limits import Limits
from photos.imaging.opening import prepare
from photos.imaging.sniff import sniff
from photos.imaging.wire import Done, Unread
from tests import pictures
from tests.faults.conftest import ROOT
from tests.faults.shim import READ, Fault, Shim

FORMATS = {
    "jpeg": pictures.jpeg,
    "png": pictures.png,
    "gif": pictures.gif,
    "webp": pictures.webp,
    "tiff": pictures.tiff,
    "avif": pictures.avif,
    "heic": pictures.heic,
}


@pytest.fixture(scope="module")
def answers(shim_library: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Of each format, what a decoder answers when its first read fails, its second, ... until none does."""
    folder = tmp_path_factory.mktemp("photos")
    for name, make in FORMATS.items():
        (folder / name).write_bytes(make(64, 48))
    played = subprocess.run(
        [sys.executable, "-m", "tests.faults.test_decoder", str(folder)],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(shim_library)},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, list[str]] = json.loads(played.stdout)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_f30_whichever_read_fails_no_picture_is_called_damaged(
    answers: dict[str, list[str]], name: str
) -> None:
    *failed, last = answers[name]
    assert failed
    assert set(failed) == {"Unread [Errno 5] Input/output error"}
    assert last == "Done"


def _play(path: Path) -> list[str]:
    shim, media_type, answers = Shim(), sniff(path.read_bytes()), list[str]()
    while True:
        file = os.open(path, os.O_RDONLY)
        shim.arm(path.parent, Fault(READ, errno.EIO), len(answers) + 1)
        answer = child._answer(file, media_type, 0, Limits())
        has_fired = shim.has_fired
        shim.disarm()
        words = type(answer).__name__ + (f" {answer.detail}" if isinstance(answer, Unread) else "")
        answers.append(words)
        if not has_fired:
            assert isinstance(answer, Done)
            return answers


if __name__ == "__main__":
    prepare()
    print(json.dumps({path.name: _play(path) for path in Path(sys.argv[1]).iterdir()}))
