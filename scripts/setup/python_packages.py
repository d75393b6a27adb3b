"""The virtual environment and the pinned Python packages in it."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from scripts.setup.steps import ROOT, SetupError, ensure, fingerprint, run

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UV = VENV / "bin" / "uv"
UV_PIN = ROOT / "scripts" / "setup" / "uv.txt"

NO_VENV = (
    "Python cannot make a virtual environment here. On Debian and Ubuntu its venv module is a package of "
    "its own:\n    sudo apt-get install python3-venv\nThen run the same command again."
)
NO_PACKAGES = (
    "Python packages could not be fetched. Check that this machine reaches the internet (and its proxy "
    "settings, if it needs any), then run the same command again: it goes on where it stopped."
)


def ensure_environment() -> None:
    """Make `.venv` if it is missing or its Python is gone. Raises SetupError."""
    if PYTHON.exists():
        return
    ensure("Making a virtual environment", VENV / ".made", sys.version, _make_environment)


def _make_environment() -> None:
    try:
        run([sys.executable, "-m", "venv", "--clear", VENV], advice=NO_VENV)
    except SetupError:
        # Debian's half of a venv has a Python but no pip, and would pass for a whole one next time.
        shutil.rmtree(VENV, ignore_errors=True)
        raise


def ensure_packages() -> None:
    """What the program itself needs. Raises SetupError."""
    _ensure_installed("Installing Python packages (about a minute the first time)", "requirements.txt")


def ensure_recognition_packages() -> None:
    """What local recognition needs on top. Photos are processed without it too, so failing is a notice."""
    try:
        _ensure_installed("Installing local recognition (labels and text)", "requirements-recognition.txt")
    except SetupError as error:
        print(f"{error}\n\nPhotos will be processed without labels and text. The next start tries again.")


def ensure_development_packages() -> None:
    """What tests and checks need on top. Raises SetupError."""
    _ensure_installed("Installing test and check tools", "requirements-dev.txt")


def ensure_bench_packages() -> None:
    """The peers that the bench measures against. Raises SetupError."""
    _ensure_installed("Installing the peers of the bench", "requirements-bench.txt")


def _ensure_installed(title: str, name: str) -> None:
    ensure_environment()
    pins = ROOT / name
    mark = fingerprint(pins, UV_PIN, extra=str(PYTHON.resolve()))
    ensure(title, VENV / ".stamps" / name, mark, lambda: install(pins))


def install(pins: Path, *, target: Path | None = None) -> None:
    """Install exactly `pins`, each file checked against its hash, into `.venv` or the folder `target`.

    uv is several times quicker; where it does not work (no wheel for this machine, a network that only
    pip is set up for) pip does the same. Raises SetupError.
    """
    place: list[str | Path] = ["--target", target] if target else []
    options: list[str | Path] = ["--require-hashes", *place, "-r", pins]
    try:
        _ensure_uv()
        run([UV, "pip", "install", "--python", PYTHON, "--compile-bytecode", *options], advice=NO_PACKAGES)
    except SetupError:
        _ensure_pip()
        run([PYTHON, "-m", "pip", "install", "-qq", "--retries", "2", *options], advice=NO_PACKAGES)


def _ensure_uv() -> None:
    if UV.exists():
        return
    _ensure_pip()
    run(
        [PYTHON, "-m", "pip", "install", "-qq", "--retries", "2", "--require-hashes", "-r", UV_PIN],
        advice=NO_PACKAGES,
    )


def _ensure_pip() -> None:
    if not any((VENV / "lib").glob("python*/site-packages/pip/__init__.py")):
        run([PYTHON, "-m", "ensurepip"], advice=NO_VENV)
