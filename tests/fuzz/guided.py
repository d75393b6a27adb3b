"""One target for a while, guided by coverage with atheris, or by chance without it."""

from __future__ import annotations

import hashlib
import sys
import time
from importlib.util import find_spec
from itertools import count
from pathlib import Path

MOST_SECONDS_FOR_ONE = 10
MOST_MEGABYTES = 1500


def fuzz(name: str, seconds: float, folder: Path) -> None:
    """Look for `seconds`. Raises what the target raises; the input then lies in `folder`/found."""
    (folder / "found").mkdir(parents=True, exist_ok=True)
    if find_spec("atheris"):
        _by_coverage(name, seconds, folder)
    else:
        _by_chance(name, seconds, folder)


def _by_coverage(name: str, seconds: float, folder: Path) -> None:
    import atheris

    with atheris.instrument_imports(include=["photos"], enable_loader_override=False):
        from tests.fuzz.catalogue import TARGETS
    target = TARGETS[name]
    corpus = folder / name
    corpus.mkdir(exist_ok=True)
    for seed in target.seeds():
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    words = corpus.with_suffix(".dict")
    written = ("".join(f"\\x{byte:02x}" for byte in word) for word in target.words if 0 < len(word) <= 64)
    words.write_text("".join(f'"{word}"\n' for word in written))
    options = [
        f"-max_total_time={max(1, round(seconds))}",
        f"-timeout={MOST_SECONDS_FOR_ONE}",
        f"-rss_limit_mb={MOST_MEGABYTES}",
        f"-artifact_prefix={folder / 'found'}/{name}-",
        f"-dict={words}",
        "-print_final_stats=1",
        "-max_len=65536",
        "-verbosity=0",
    ]
    atheris.Setup([sys.argv[0], *options, str(corpus)], target.check)
    atheris.Fuzz()


def _by_chance(name: str, seconds: float, folder: Path) -> None:
    from tests.fuzz.catalogue import TARGETS
    from tests.fuzz.mutation import inputs

    target, deadline, cases = TARGETS[name], time.monotonic() + seconds, 0
    first = int(time.time())
    for seed in count(first):
        for content in inputs(target, count=1000, seed=seed):
            if time.monotonic() > deadline:
                print(f"cases: {cases}")
                return
            cases += 1
            try:
                target.check(content)
            except BaseException:
                digest = hashlib.sha256(content).hexdigest()[:16]
                (folder / "found" / f"{name}-{digest}").write_bytes(content)
                raise
