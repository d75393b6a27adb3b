"""Start of a web process beside `import flask`, and what it has loaded before anything is asked of it.

Modules are compiled once and then read, as in a process that was started before; how a process ends is not
counted.
"""

from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys

from bench.library import opened
from bench.measure import Effort, Findings, first_in_line, of_rounds, single

APPLICATION = "from application import application"
HEAVY = ("boto3", "botocore", "cv2", "numpy", "onnxruntime", "PIL", "scipy")
COUNT_HEAVY = f"{APPLICATION}; import sys; print(*sorted(set(sys.modules) & set({HEAVY!r})))"


def measure(effort: Effort) -> Findings:
    """The rows about start-up."""
    with opened(effort.folder / "library") as library:
        environ = {
            **os.environ,
            "BIGIMAGE_DATA": str(library.backends.settings.data),
            "PYTHONPYCACHEPREFIX": str(effort.folder / "compiled"),
            "PYTHONDONTWRITEBYTECODE": "",
        }
    ratios = []
    with first_in_line():
        for turn in range(effort.choose(5, 10)):
            bare = _cpu_seconds("pass", environ)
            flask = _cpu_seconds("import flask", environ) - bare
            ours = _cpu_seconds(APPLICATION, environ) - bare
            if turn:
                ratios.append(ours / flask)
    loaded = subprocess.run(
        [sys.executable, "-c", COUNT_HEAVY], env=environ, capture_output=True, text=True, check=True
    ).stdout.split()
    return Findings(
        figures=[
            of_rounds(
                "start of a web process",
                ratios,
                "x import flask",
                "CPU time of a fresh process up to a finished application, beyond the bare interpreter",
                bar=3.0,
            ),
            single(
                "heavy modules loaded at start",
                float(len(loaded)),
                "",
                f"of {', '.join(HEAVY)} in sys.modules; found: {', '.join(loaded) or 'none'}",
                bar=0.0,
                noise=0.0,
            ),
        ],
        peers=[f"Flask {importlib.metadata.version('flask')}"],
    )


def _cpu_seconds(code: str, environ: dict[str, str]) -> float:
    """CPU time of a new interpreter until this is done."""
    code += "; import time; print(time.process_time())"
    return float(subprocess.check_output([sys.executable, "-c", code], env=environ, text=True))
