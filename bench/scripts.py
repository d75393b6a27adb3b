"""What a browser fetches of scripts before the first page works, and for the first upload, compressed."""

from __future__ import annotations

import gzip
import re
from collections.abc import Iterable
from pathlib import Path

from bench.database import add_photos, sign_in
from bench.library import opened
from bench.measure import Effort, Figure, Findings, single
from bench.pages import page_of
from photos.app import create_app

STATIC = Path(__file__).resolve().parents[1] / "static"
IMPORTED = re.compile(r"""^(?:import|export)\b[^"';(]*?["'](\.{1,2}/[^"']+)["']""", re.MULTILINE)
SCRIPTS = re.compile(r'<script[^>]* src="/static/([^"]+)"')
MODULES = re.compile(r'data-module="([^"]*)"')
LEVEL = 6


def measure(effort: Effort) -> Findings:
    """The row about scripts."""
    with opened(effort.folder / "library") as library:
        add_photos(library.backends.database, library.owner, 61)
        cookie = sign_in(library.backends.database, library.owner)
        html = page_of(create_app(backends=library.backends), "/", cookie)().decode()
    named = {name for names in MODULES.findall(html) for name in names.split()}
    first = _with_imports(
        STATIC / name for name in (*SCRIPTS.findall(html), *(f"js/{name}.js" for name in named))
    )
    queue = _with_imports(
        [STATIC / "js" / "upload" / "queue.js", STATIC / "js" / "upload" / "hash-worker.js"]
    )
    return Findings(
        figures=[
            _figure("scripts of the first page", first),
            _figure("the same with the upload queue and its libraries", first | queue),
        ]
    )


def _with_imports(files: Iterable[Path]) -> set[Path]:
    """These modules and all that they import before they run."""
    found: set[Path] = set()
    waiting = [file.resolve() for file in files]
    while waiting:
        file = waiting.pop()
        if file not in found:
            found.add(file)
            waiting += [
                (file.parent / name).resolve() for name in IMPORTED.findall(file.read_text(encoding="utf-8"))
            ]
    return found


def _figure(name: str, files: set[Path]) -> Figure:
    size = sum(len(gzip.compress(file.read_bytes(), LEVEL)) for file in files) / 1024
    return single(
        name, size, "KB", f"{len(files)} files, each compressed by gzip -{LEVEL}", bar=120.0, noise=0.0
    )
