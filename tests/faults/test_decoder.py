"""A decoder whose file cannot be read now. That says nothing about the picture: "later", never "damaged"."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests import pictures
from tests.faults.conftest import ROOT

FORMATS = {
    "jpeg": pictures.jpeg,
    "png": pictures.png,
    "gif": pictures.gif,
    "webp": pictures.webp,
    "tiff": pictures.tiff,
    "avif": pictures.avif,
    "heic": pictures.heic,
}


@pytest.mark.parametrize("name", FORMATS)
def test_f30_whichever_read_fails_no_picture_is_called_damaged(
    shim_library: Path, tmp_path: Path, name: str
) -> None:
    path = tmp_path / "photo"
    path.write_bytes(FORMATS[name](64, 48))
    played = subprocess.run(
        [sys.executable, "-m", "tests.faults.test_decoder", str(path)],
        cwd=ROOT,
        env={**os.environ, "LD_PRELOAD": str(shim_library)},
        capture_output=True,
        text=True,
        check=True,
    )
    *failed, last = json.loads(played.stdout)
    assert failed
    assert set(failed) == {"Unread [Errno 5] Input/output error"}
    assert last == "Done"


def _play(path: Path) -> list[str]:
    """What a decoder answers when its first read fails, its second, and so on, until none does."""
    from photos.imaging import child, opening
    from photos.imaging.limits import Limits
    from photos.imaging.sniff import sniff
    from photos.imaging.wire import Done, Unread
    from tests.faults.shim import FAULTS, READ, Fault, Shim

    opening.prepare()
    shim, media_type, answers = Shim(), sniff(path.read_bytes()), list[str]()
    while True:
        file = os.open(path, os.O_RDONLY)
        shim.arm(path.parent, Fault(READ, FAULTS["EIO"].action), len(answers) + 1)
        answer = child._answer(file, media_type, 0, Limits())
        has_fired = shim.has_fired
        shim.disarm()
        words = type(answer).__name__ + (f" {answer.detail}" if isinstance(answer, Unread) else "")
        answers.append(words)
        if not has_fired:
            assert isinstance(answer, Done)
            return answers


if __name__ == "__main__":
    print(json.dumps(_play(Path(sys.argv[1]))))
