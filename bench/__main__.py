"""`python -m bench [--quick] [--write] [PART ...]`: measure and print one line per figure.

Exit status 1 when a bar is missed by more than its noise. Each part runs in a process of its own, so that
none leaves memory, threads or caches to the next; `--part NAME FOLDER` is such a process.
"""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

import msgspec

from bench import report
from bench.measure import Effort, Findings

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "performance.md"
PARTS = {
    "pictures": "Pictures",
    "uploading": "A whole upload",
    "receiving": "Receiving",
    "pages": "Pages",
    "growing": "Growth",
    "searching": "Search",
    "matching": "The same picture",
    "looking": "In the browser",
    "starting": "Start",
    "scripts": "Scripts",
    "lasting": "The whole program at work",
}
# As decoders have it; and results must not depend on how many cores numpy finds.
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def main() -> int:
    """Measure what the command line asks for."""
    parser = argparse.ArgumentParser(prog="bench", description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all if none is named"
    )
    parser.add_argument("--quick", action="store_true", help="fewer rounds and smaller libraries")
    parser.add_argument("--write", action="store_true", help="write these parts of docs/performance.md")
    parser.add_argument("--part", nargs=2, metavar=("NAME", "FOLDER"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        name, folder = arguments.part
        _measure(name, Effort(Path(folder), arguments.quick))
        return 0
    unknown = set(arguments.parts) - set(PARTS)
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    wanted = [name for name in PARTS if name in (arguments.parts or PARTS)]
    started = time.monotonic()
    findings = {name: _judged(name, is_quick=arguments.quick) for name in wanted}
    missed = [figure for found in findings.values() for figure in found.figures if figure.verdict == "missed"]
    if arguments.write:
        before = PAGE.read_text(encoding="utf-8")
        text = report.page(findings, PARTS, date.today(), before, is_quick=arguments.quick)
        PAGE.write_text(text, encoding="utf-8")
        print(f"Written: {PAGE.relative_to(ROOT)}")
    print(f"{len(missed)} missed, {time.monotonic() - started:.0f} s")
    return 1 if missed else 0


def _judged(name: str, *, is_quick: bool) -> Findings:
    """The findings of a part, printed. What is missed at first gets a second try: the machine is shared."""
    found = _in_own_process(name, is_quick=is_quick)
    if any(figure.verdict == "missed" for figure in found.figures):
        again = {figure.name: figure for figure in _in_own_process(name, is_quick=is_quick).figures}
        second = [again[each.name] if each.verdict == "missed" else each for each in found.figures]
        found = msgspec.structs.replace(found, figures=second)
    for figure in found.figures:
        print(report.line(figure), flush=True)
    return found


def _in_own_process(name: str, *, is_quick: bool) -> Findings:
    with tempfile.TemporaryDirectory(prefix="bigimage-bench-") as folder:
        command = [sys.executable, "-m", "bench", *(["--quick"] if is_quick else []), "--part", name, folder]
        with (Path(folder) / "log").open("w+", encoding="utf-8") as log:
            done = subprocess.run(
                command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=subprocess.PIPE, stderr=log
            )
            if done.returncode:
                log.seek(0)
                raise SystemExit(f"{PARTS[name]} could not be measured:\n{log.read()[-4000:]}")
        return msgspec.json.decode(done.stdout, type=Findings)


def _measure(name: str, effort: Effort) -> None:
    found: Findings = importlib.import_module(f"bench.{name}").measure(effort)
    sys.stdout.buffer.write(msgspec.json.encode(found))


if __name__ == "__main__":
    sys.exit(main())
