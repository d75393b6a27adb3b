"""What the repository owes its readers: pinned downloads, nothing of one machine, nothing of others' code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.tracked import ROOT, tracked_files

PINNED = [
    "requirements.txt",
    "requirements-recognition.txt",
    "requirements-traces.txt",
    "requirements-bench.txt",
    "requirements-dev.txt",
    "scripts/setup/uv.txt",
    "scripts/setup/node.txt",
]
LARGEST_BYTES = 400_000

# Written apart, so that this file does not hold them itself.
FORBIDDEN = {
    "a registry's host": "|".join(
        re.escape(host)
        for host in (
            "pypi" + ".org",
            "files.python" + "hosted.org",
            "registry.npm" + "js.org",
            "npm" + "js.com",
            "deb." + "debian.org",
            "crates" + ".io",
        )
    ),
    "a path of one machine": r"(?<![\w.])/(?:" + "work" + r"|root|Users)/\w",
    "a neighbour of the repository": r"\.\./" + "shared",
}


def requirement_problems(text: str) -> list[str]:
    """Requirements that are not pinned to one version, or that bring no hash."""
    entries = re.sub(r"\\\n", " ", text).splitlines()
    requirements = [
        entry.strip() for entry in entries if entry.strip() and not entry.lstrip().startswith("#")
    ]
    problems = []
    for entry in requirements:
        name = entry.split()[0]
        if "==" not in name:
            problems.append(f"{name} is not pinned")
        if "--hash=sha256:" not in entry:
            problems.append(f"{name} has no hash")
    return problems


def forbidden_words(text: str) -> list[str]:
    """The kinds of forbidden words in a text."""
    return [kind for kind, shape in FORBIDDEN.items() if re.search(shape, text)]


@pytest.mark.parametrize("name", PINNED)
def test_python_packages_are_pinned_with_hashes(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "==" in text
    assert requirement_problems(text) == []


@pytest.mark.parametrize("text", ["flask>=3\n", "flask==3.1.0\n", "flask\n    # via x\n"])
def test_a_loose_requirement_is_caught(text: str) -> None:
    assert requirement_problems(text)


def test_front_end_packages_are_pinned_and_locked_without_a_host() -> None:
    wanted = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    for name, version in {**wanted["dependencies"], **wanted["devDependencies"]}.items():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version), f"{name} is not pinned"
        assert locked[f"node_modules/{name}"]["version"] == version
    entries = {path: entry for path, entry in locked.items() if path}
    assert [path for path, entry in entries.items() if "integrity" not in entry or "resolved" in entry] == []


def test_no_file_names_a_registry_or_a_machine() -> None:
    found = {
        name: words
        for name in tracked_files()
        if (words := forbidden_words((ROOT / name).read_text(encoding="utf-8", errors="ignore")))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text", ["https://" + "pypi" + ".org/simple", "open('/" + "work/main/x')", "see ../" + "shared/x.md"]
)
def test_a_forbidden_word_is_caught(text: str) -> None:
    assert forbidden_words(text)


def test_nothing_installed_or_built_is_tracked() -> None:
    foreign = (".venv/", "node_modules/", "static/vendor/", "data/")
    assert [name for name in tracked_files() if name.startswith(foreign)] == []


def test_no_tracked_file_is_heavy() -> None:
    assert [name for name in tracked_files() if (ROOT / name).stat().st_size > LARGEST_BYTES] == []


def test_every_setup_step_is_reachable_by_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    setup = (ROOT / "scripts" / "setup" / "__main__.py").read_text(encoding="utf-8")
    used = set(re.findall(r"\$\(SETUP\) (\w+)", makefile))
    assert used == set(re.findall(r'^    "(\w+)": ', setup, re.MULTILINE))


def test_every_command_of_the_readme_exists() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    readme = Path(ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^ *|`)make ([a-z-]+)", readme, re.MULTILINE))
    assert named
    assert named <= targets
