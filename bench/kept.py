"""What takes minutes to make is kept between runs, for as long as the code that made it is the same."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

from scripts.setup.steps import CACHE, ROOT, fingerprint

FOLDER = CACHE / "bench"


def copy_kept(name: str, target: Path, *, made_by: Iterable[str], make: Callable[[Path], None]) -> None:
    """Let folder `target` be a copy of what `make` has made once; `made_by` are patterns of its source files.

    `make` gets the path of a folder that is not there yet. Of each name one is kept: that of the newest code.
    """
    sources = sorted({file for pattern in made_by for file in ROOT.glob(pattern)})
    kept = FOLDER / f"{name}-{fingerprint(*sources)[:16]}"
    if not kept.exists():
        for older in FOLDER.glob(f"{name}-*"):
            shutil.rmtree(older)
        FOLDER.mkdir(parents=True, exist_ok=True)
        # it gets its name once it is whole
        draft = FOLDER / f"draft-{kept.name}"
        shutil.rmtree(draft, ignore_errors=True)
        make(draft)
        draft.rename(kept)
    shutil.copytree(kept, target)
