"""`python -m tests.fuzz --minutes 60`: look for trouble as long as there is time, and say what was found.

Half of the time goes to the targets that take bytes, guided by coverage where atheris is installed, the
other half to whole lives, children and the API. What was found lies in the cache folder as a file each;
a plain test beside the unit tests is what should become of it.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count

from scripts.setup.steps import CACHE, ROOT

FOLDER = CACHE / "fuzz"
WORKERS = 2
_EXECUTED = re.compile(r"(?:executed_units:|cases:)\s*(\d+)")
_PASSED = re.compile(r"(\d+) passed")


@dataclass(frozen=True)
class Round:
    """One line of the report."""

    name: str
    cases: int
    is_clean: bool
    seconds: float
    words: str


def main(arguments: Sequence[str]) -> int:
    """Exit status 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--target", help="only this one, in this process")
    options = parser.parse_args(arguments)
    if options.target:
        from tests.fuzz.guided import fuzz

        fuzz(options.target, options.minutes * 60, FOLDER)
        return 0
    names = _names()
    share = options.minutes * 30 * WORKERS / len(names)
    with ThreadPoolExecutor(WORKERS) as threads:
        rounds = list(threads.map(lambda name: told(_target_round(name, share)), names))
    deadline = time.monotonic() + options.minutes * 30
    seeds = count(int(time.time()) % 1_000_000)
    while time.monotonic() < deadline:
        rounds.append(told(_story_round(next(seeds))))
    found = [each for each in rounds if not each.is_clean]
    for each in found:
        print(f"\n{each.name}\n{each.words[-4000:]}")
    cases, seconds = sum(each.cases for each in rounds), sum(each.seconds for each in rounds)
    print(f"fuzz: {cases:,} cases, {len(found)} failures, {seconds:,.0f} s of work")
    return 1 if found else 0


def told(done: Round) -> Round:
    """Print the line of a round."""
    verdict = "nothing found" if done.is_clean else "FOUND SOMETHING"
    print(f"fuzz {done.name}: {done.cases:,} cases, {verdict}, {done.seconds:,.0f} s", flush=True)
    return done


def _names() -> list[str]:
    from tests.fuzz.catalogue import TARGETS

    return list(TARGETS)


def _target_round(name: str, seconds: float) -> Round:
    command = [sys.executable, "-m", "tests.fuzz", "--target", name, "--minutes", str(seconds / 60)]
    return _run(name, command, os.environ, _EXECUTED)


def _story_round(seed: int) -> Round:
    """Everything that is no target, with other luck than before."""
    chosen = ["-m", "proof", "-k", "not test_targets"]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n",
        str(WORKERS),
        *chosen,
        "tests/fuzz",
        "tests/web/test_openapi.py",
    ]
    environ = {**os.environ, "FUZZ_SEED": str(seed), "BIGIMAGE_PROOF_N": "20"}
    return _run(f"stories with seed {seed}", command, environ, _PASSED)


def _run(name: str, command: Sequence[str], environ: Mapping[str, str], cases: re.Pattern[str]) -> Round:
    start = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    counted = [int(number) for number in cases.findall(done.stdout)]
    return Round(name, sum(counted[-1:]), done.returncode == 0, time.monotonic() - start, done.stdout)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
