"""The child processes: confined, quiet, and never left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from photos.backends.recognition.models import model_files
from photos.backends.recognition.onnx import OnnxRecognition
from photos.errors import Invalid, RecognitionError
from tests.recogniser import as_jpeg, models_folder, photo

ROOT = Path(__file__).parents[3]


def wait_until(happened: Callable[[], bool], *, seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_making_a_recogniser_starts_nothing_and_imports_nothing_heavy() -> None:
    script = (
        "import sys; from pathlib import Path; "
        "from photos.backends.recognition.onnx import OnnxRecognition; "
        "made = OnnxRecognition(Path('~/.cache/bigimage/models')); made.missing(); "
        "print(made.labeller.pid, made.reader.pid, "
        "sorted({'numpy', 'onnxruntime', 'onnx', 'cv2', 'rapidocr', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "None None []"


def test_an_empty_folder_means_no_labels_and_a_sentence_that_says_so(tmp_path: Path) -> None:
    recognition = OnnxRecognition(tmp_path)
    assert recognition.provider == ""
    assert recognition.labels(b"").labels == ()
    assert str(tmp_path) in recognition.missing()
    assert "make run" in recognition.missing()


def test_the_child_has_an_empty_environment_and_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGIMAGE_TEST_SECRET", "not for the child")
    recognition = OnnxRecognition(models_folder())
    try:
        recognition.labels(as_jpeg(photo("coffee")))
        pid = recognition.labeller.pid
        entries = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
        names = {entry.split("=")[0] for entry in entries if entry}
        assert all(name.endswith("_NUM_THREADS") or name.startswith("MALLOC_") for name in names)
        limits = Path(f"/proc/{pid}/limits").read_text()
        (memory,) = [line.split()[3] for line in limits.splitlines() if line.startswith("Max address space")]
        assert int(memory) == 1536 * 2**20
    finally:
        recognition.close()


def test_models_that_cannot_be_loaded_fail_with_the_reason_and_not_for_ever(tmp_path: Path) -> None:
    for source in models_folder().iterdir():
        if source.is_file():
            (tmp_path / source.name).write_bytes(source.read_bytes())
    detector = model_files(tmp_path).detector
    whole = detector.read_bytes()
    detector.write_bytes(bytes(len(whole)))
    recognition = OnnxRecognition(tmp_path)
    picture = as_jpeg(photo("coffee"))
    try:
        with pytest.raises(RecognitionError, match="could not make labels"):
            recognition.labels(picture)
        detector.write_bytes(whole)
        assert recognition.labels(picture).labels
    finally:
        recognition.close()


def test_a_child_without_work_ends_and_comes_back_when_asked() -> None:
    recognition = OnnxRecognition(models_folder(), labels_idle_seconds=0.2)
    try:
        picture = as_jpeg(photo("coffee"))
        before = recognition.labels(picture)
        wait_until(lambda: recognition.labeller.pid is None)
        assert recognition.labels(picture) == before
    finally:
        recognition.close()


def test_closing_ends_both_children() -> None:
    recognition = OnnxRecognition(models_folder())
    picture = as_jpeg(photo("coffee"))
    recognition.labels(picture)
    recognition.text(picture)
    pids = [recognition.labeller.pid, recognition.reader.pid]
    recognition.close()
    assert not any(pid is None or is_alive(pid) for pid in pids)


def test_children_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    picture = tmp_path / "coffee.jpg"
    picture.write_bytes(as_jpeg(photo("coffee")))
    script = (
        "import sys, time; from pathlib import Path; "
        "from photos.backends.recognition.onnx import OnnxRecognition; "
        "made = OnnxRecognition(Path(sys.argv[1])); made.labels(Path(sys.argv[2]).read_bytes()); "
        "print(made.labeller.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", script, str(models_folder()), str(picture)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert is_alive(child)
        parent.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_alive(child))


def test_a_picture_beyond_the_limit_is_refused_before_it_is_sent() -> None:
    with pytest.raises(Invalid):
        OnnxRecognition(models_folder()).labels(b"\xff\xd8" + bytes(64 * 2**20))
