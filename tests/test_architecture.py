"""The arrows of the house: who may import whom, read from the source by `ast`.

If this stops you, the code is usually in the wrong file. A new module gets its room from the folder it
lies in; a new third-party package needs a line in `PLACES`.
"""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

ROOMS = {
    "photos": "ground",
    "photos.errors": "ground",
    "photos.models": "ground",
    "photos.ids": "ground",
    "photos.logs": "ground",
    "photos.metrics": "ground",
    "photos.traces": "ground",
    "photos.secret_names": "ground",
    "photos.setting_kinds": "ground",
    "photos.config": "config",
    "photos.imaging": "core",
    "photos.perceptual": "core",
    "photos.passwords": "core",
    "photos.places": "core",
    "photos.query": "core",
    "photos.tweetmodel": "core",
    "photos.backends": "adapter",
    "photos.backends.aws": "sdk",
    # What pages need of a role beside its Protocol: how a sign-in proves itself, how a job does, what
    # `/media` serves.
    "photos.backends.identity.pkce": "role",
    "photos.backends.jobs.letter": "role",
    "photos.backends.storage.media": "role",
    "photos.backends.storage.disposition": "role",
    "photos.db": "db",
    "photos.services": "services",
    "photos.wiring": "wiring",
    "photos.tasks": "tasks",
    "photos.client": "client",
    "photos.web": "web",
    "photos.cli": "cli",
    "photos.app": "app",
    "photos.runner": "entry",
    "photos.serve": "entry",
}
"""Module or package -> room. The longest name that fits counts; `photos.backends.<role>` itself is a role."""

MAY_IMPORT = {
    "ground": {"ground"},
    "config": {"ground"},
    "core": {"ground", "core"},
    "role": {"ground", "core", "role"},
    "sdk": {"ground", "sdk"},
    "adapter": {"ground", "core", "role", "sdk", "adapter"},
    "db": {"ground", "core", "db"},
    "services": {"ground", "config", "core", "role", "db", "services"},
    "wiring": {"ground", "config", "core", "role", "sdk", "adapter", "db"},
    "tasks": {"ground", "services", "wiring"},
    "client": {"ground"},
    "web": {"ground", "config", "core", "role", "db", "services", "tasks", "wiring", "web"},
    "cli": {"ground", "config", "core", "db", "services", "tasks", "wiring", "client", "web", "cli"},
    "app": {"ground", "config", "role", "db", "services", "tasks", "wiring", "web", "cli"},
    "entry": {"ground", "config", "db", "services", "tasks", "wiring"},
}

DB_NEIGHBOURS = (
    "photos.backends.identity.local",
    "photos.backends.jobs.local",
    "photos.backends.search.sqlite",
)
"""Local twins whose tables live in the one database."""

FLASK_ROOMS = ("photos.web", "photos.cli", "photos.app")
PICTURES = ("photos.imaging", "photos.perceptual", "photos.backends.recognition")

PLACES: dict[str, tuple[str, ...]] = {
    "PIL": PICTURES,
    "alembic": ("photos.db",),
    "argon2": ("photos.passwords",),
    "boto3": ("photos.backends.aws",),
    "botocore": (
        *("photos.backends.aws", "photos.backends.jobs.sqs"),
        *("photos.backends.secrets.aws", "photos.backends.storage.s3"),
        "photos.backends.storage.s3_errors",
    ),
    "cv2": ("photos.backends.recognition",),
    "click": ("photos.cli", "photos.client"),
    "defusedxml": ("photos.imaging",),
    "_typeshed": ("photos.imaging",),
    "dotenv": ("photos.config",),
    "flask": FLASK_ROOMS,
    "flask_login": FLASK_ROOMS,
    "gunicorn": ("photos.serve",),
    "itsdangerous": FLASK_ROOMS,
    "jinja2": FLASK_ROOMS,
    "markupsafe": FLASK_ROOMS,
    "msgspec": ("photos",),
    "mysql": ("photos.db",),
    "numpy": (*PICTURES, "photos.places"),
    "opentelemetry": ("photos.traces",),
    "onnx": ("photos.backends.recognition.models",),
    "onnxruntime": ("photos.backends.recognition",),
    "pillow_heif": ("photos.imaging",),
    "rapidocr": ("photos.backends.recognition",),
    "requests": ("photos.client",),
    "reverse_geocode": ("photos.places",),
    "sqlalchemy": ("photos.db", *DB_NEIGHBOURS),
    "werkzeug": FLASK_ROOMS,
    "zipstream": ("photos.services.downloads",),
    "zxcvbn": ("photos.passwords",),
}
"""Third-party package -> where it may be imported."""

WORDS_FOR_SERVICES = {
    "sqlalchemy": {"Connection"},
    "sqlalchemy.exc": {"IntegrityError"},
}
"""A service passes a transaction on and may lose a race; it writes no SQL."""

ENVIRONMENT_READERS = (
    "photos.config",
    "photos.serve",
    "photos.backends.recognition",
    "photos.imaging",
    "photos.client",
    "photos.cli",
)
"""Settings come from `config`; the others hand the environment on to processes they start, or are clients."""

ENVIRONMENT_WORDS = {"os.environ", "os.environb", "os.getenv"}

SCRIPT_IMPORT = re.compile(r"""^(?!\s*//).*\b(?:from|import)\s*\(?\s*["'](\.[^"']+)["']""", re.MULTILINE)
"""What a script of pages imports, also later; not what a comment speaks of."""

AT_START = frozenset(
    {
        *("flask", "flask_login", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "click", "blinker"),
        *("sqlalchemy", "cython_runtime", "typing_extensions", "msgspec", "photos"),
    }
)
"""Packages a web process may load before anybody asks for anything; each costs every start its time."""
NOT_AT_START = (
    *("sqlalchemy.orm", "sqlalchemy.dialects.mysql", "alembic", "unittest"),
    *("photos.places", "photos.perceptual", "photos.imaging.pool", "photos.db.migrate", "photos.runner"),
)
"""Parts of our own and of the packages above that only other processes, or another engine, need."""


@dataclass(frozen=True)
class Import:
    """One name that a module imports; `target` is the module it comes from."""

    source: str
    target: str
    names: frozenset[str]
    line: int

    def __str__(self) -> str:
        return f"{self.source}:{self.line} imports {self.target}"


def read_house(root: Path) -> tuple[set[str], list[Import]]:
    """All modules under `root/photos` and everything they import, wherever in the file it stands."""
    paths = {_module_name(path, root): path for path in sorted((root / "photos").rglob("*.py"))}
    arrows = [arrow for module, path in paths.items() for arrow in _imports_of(module, path, set(paths))]
    return set(paths), arrows


def _module_name(path: Path, root: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports_of(module: str, path: Path, modules: set[str]) -> list[Import]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
        if isinstance(node, ast.Import):
            found += [Import(module, alias.name, frozenset(), node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found += _from_imports(module, path, node, modules)
    return found


def _from_imports(module: str, path: Path, node: ast.ImportFrom, modules: set[str]) -> list[Import]:
    base = node.module or ""
    if node.level:
        package = module if path.name == "__init__.py" else module.rpartition(".")[0]
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parents, *([base] if base else [])])
    names = {alias.name for alias in node.names}
    submodules = {name for name in names if f"{base}.{name}" in modules}
    found = [Import(module, f"{base}.{name}", frozenset(), node.lineno) for name in sorted(submodules)]
    if names - submodules:
        found.append(Import(module, base, frozenset(names - submodules), node.lineno))
    return found


def _is_within(module: str, places: tuple[str, ...]) -> bool:
    return any(module == place or module.startswith((f"{place}.", f"{place}_")) for place in places)


def room_of(module: str) -> str | None:
    """The room a module belongs to; None for one that no room was thought of."""
    parts = module.split(".")
    if parts[:2] == ["photos", "backends"] and len(parts) <= 3 and ROOMS.get(module) != "sdk":
        return "role"
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in ROOMS and (length > 1 or len(parts) == 1):
            return ROOMS[prefix]
    return None


def _role_of(module: str) -> str:
    return ".".join(module.split(".")[:3])


def wrong_arrows(root: Path) -> list[str]:
    """Every import that points upwards, sideways between adapters, or past the role to its adapter."""
    modules, arrows = read_house(root)
    problems = [f"{module} has no room: see ROOMS" for module in sorted(modules) if room_of(module) is None]
    for arrow in arrows:
        if not _is_within(arrow.target, ("photos",)):
            continue
        source, target = room_of(arrow.source), room_of(arrow.target)
        if source is None or target is None:
            continue
        if target == "db" and _is_within(arrow.source, DB_NEIGHBOURS):
            continue
        if target not in MAY_IMPORT[source]:
            problems.append(f"{arrow}: {source} may not know {target}")
        elif source == target == "adapter" and _role_of(arrow.source) != _role_of(arrow.target):
            problems.append(f"{arrow}: an adapter of another role")
    return problems


def misplaced_packages(root: Path) -> list[str]:
    """Every third-party package that is imported outside its place."""
    problems = []
    for arrow in read_house(root)[1]:
        package = arrow.target.partition(".")[0]
        if package in sys.stdlib_module_names or package in {"photos", "__future__"}:
            continue
        if package not in PLACES:
            problems.append(f"{arrow}: {package} has no place: see PLACES")
        elif not _is_within(arrow.source, PLACES[package]) and not _is_word_for_services(arrow):
            problems.append(f"{arrow}: {package} belongs into {', '.join(PLACES[package])}")
    return problems


def _is_word_for_services(arrow: Import) -> bool:
    words = WORDS_FOR_SERVICES.get(arrow.target, set())
    return room_of(arrow.source) == "services" and bool(arrow.names) and arrow.names <= words


def circle(root: Path) -> list[str]:
    """The modules of one circle of imports, in order; empty if there is none."""
    modules, arrows = read_house(root)
    graph: dict[str, set[str]] = {module: set() for module in modules}
    for arrow in arrows:
        if arrow.target in modules and arrow.target != arrow.source:
            graph[arrow.source].add(arrow.target)
    return first_circle(graph)


def script_circle(folder: Path) -> list[str]:
    """The same for the scripts of pages. What a page names in `data-module` is nobody's import."""
    graph = {
        str(path.relative_to(folder)): {
            os.path.normpath(path.relative_to(folder).parent / name)
            for name in SCRIPT_IMPORT.findall(path.read_text(encoding="utf-8"))
        }
        for path in folder.rglob("*.js")
    }
    return first_circle(graph)


def first_circle(graph: dict[str, set[str]]) -> list[str]:
    """One circle of a graph, in order; empty if there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def environment_readers(root: Path) -> list[str]:
    """Every place outside ENVIRONMENT_READERS that looks at the process environment."""
    problems = []
    for path in sorted((root / "photos").rglob("*.py")):
        module = _module_name(path, root)
        if _is_within(module, ENVIRONMENT_READERS):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ENVIRONMENT_WORDS:
                problems.append(f"{module}:{node.lineno} reads the environment")
    return problems


def test_arrows_point_down() -> None:
    problems = wrong_arrows(ROOT)
    assert not problems, "\n".join(problems)


def test_there_is_no_circle() -> None:
    problems = circle(ROOT)
    assert not problems, "\n".join(problems)


def test_there_is_no_circle_of_scripts() -> None:
    found = script_circle(ROOT / "static" / "js")
    assert not found, " -> ".join(found)


def test_every_package_is_imported_only_in_its_place() -> None:
    problems = misplaced_packages(ROOT)
    assert not problems, "\n".join(problems)


def test_only_config_reads_the_environment() -> None:
    problems = environment_readers(ROOT)
    assert not problems, "\n".join(problems)


def test_the_web_process_starts_with_few_packages(tmp_path: Path) -> None:
    script = "import sys, application; print(*sys.modules)"
    environ = {**os.environ, "BIGIMAGE_DATA": str(tmp_path / "data"), "PYTHONPATH": str(ROOT)}
    started = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
    )
    assert started.returncode == 0, started.stderr
    loaded = set(started.stdout.split())
    packages = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    # what a virtual environment or a compiled module puts there by itself begins with an underscore
    others = {name for name in packages - AT_START if not name.startswith("_")} - {"application"}
    assert not others, sorted(others)
    assert not loaded & set(NOT_AT_START)


def _plant(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in path.relative_to(root).parents[:-1]:
            (root / folder / "__init__.py").touch()
    return root


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("photos/services/uploads.py", "from photos.web import deps"),
        (
            "photos/services/uploads.py",
            "def f() -> None:\n    from photos.backends.storage.s3 import S3Storage",
        ),
        ("photos/services/uploads.py", "import photos.wiring"),
        ("photos/db/photos.py", "from photos.services import library"),
        ("photos/db/photos.py", "from ..backends.jobs import Jobs"),
        ("photos/models/photo.py", "from photos.db import engine"),
        ("photos/query/tree.py", "from photos.backends.search import Search"),
        ("photos/backends/storage/__init__.py", "from photos.backends.storage.folder import FolderStorage"),
        ("photos/backends/storage/folder.py", "from photos.db.engine import Database"),
        ("photos/backends/storage/folder.py", "from photos.backends.jobs.local import LocalJobs"),
        ("photos/web/photo.py", "from photos.backends.storage import folder"),
        ("photos/somewhere.py", ""),
    ],
)
def test_an_arrow_upwards_is_caught(module: str, text: str, tmp_path: Path) -> None:
    adapters = {
        "photos/backends/storage/folder.py": "",
        "photos/backends/jobs/local.py": "from photos.db import engine",
        "photos/db/engine.py": "import sqlalchemy",
        "photos/services/library.py": "from photos.db import engine",
        "photos/web/deps.py": "",
    }
    assert wrong_arrows(_plant(tmp_path, adapters)) == []
    assert len(wrong_arrows(_plant(tmp_path, {module: text}))) == 1


@pytest.mark.parametrize(
    ("module", "text"),
    [
        ("photos/services/uploads.py", "import boto3"),
        ("photos/services/uploads.py", "from flask import request"),
        ("photos/services/uploads.py", "from sqlalchemy import select"),
        ("photos/services/uploads.py", "import sqlalchemy"),
        ("photos/backends/storage/folder.py", "import botocore.exceptions"),
        ("photos/backends/jobs/sqs.py", "import sqlalchemy as sa"),
        ("photos/wiring.py", "from flask import current_app"),
        ("photos/web/photo.py", "def f() -> None:\n    from PIL import Image"),
        ("photos/imaging/develop.py", "import onnxruntime"),
        ("photos/web/photo.py", "import leftpad"),
    ],
)
def test_a_package_outside_its_place_is_caught(module: str, text: str, tmp_path: Path) -> None:
    house = {
        "photos/services/library.py": "from sqlalchemy import Connection",
        "photos/backends/aws/__init__.py": "import boto3",
        "photos/imaging/pool.py": "import numpy as np",
        "photos/app.py": "from flask import Flask",
    }
    assert misplaced_packages(_plant(tmp_path, house)) == []
    assert len(misplaced_packages(_plant(tmp_path, {module: text}))) == 1


def test_a_circle_is_caught_even_inside_functions(tmp_path: Path) -> None:
    straight = {"photos/db/a.py": "from photos.db import b", "photos/db/b.py": ""}
    assert circle(_plant(tmp_path, straight)) == []
    bent = {"photos/db/b.py": "def f() -> None:\n    from .a import thing"}
    assert set(circle(_plant(tmp_path, bent))) == {"photos.db.a", "photos.db.b"}


def test_a_circle_of_scripts_is_caught(tmp_path: Path) -> None:
    _plant(tmp_path, {"a.js": 'import { b } from "./in/b.js";', "in/b.js": ""})
    assert script_circle(tmp_path) == []
    _plant(tmp_path, {"in/b.js": 'const { a } = await import("../a.js");'})
    assert set(script_circle(tmp_path)) == {"a.js", "in/b.js"}


def test_reading_the_environment_is_caught(tmp_path: Path) -> None:
    reader = {"photos/services/uploads.py": "import os\nprint(os.environ['HOME'])"}
    assert environment_readers(_plant(tmp_path, {"photos/config.py": "import os; os.environ"})) == []
    assert len(environment_readers(_plant(tmp_path, reader))) == 1
