"""The guarded children: what they refuse, what they survive, and what they cannot reach."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import pytest

from photos.errors import BackendError, Invalid
from photos.imaging.limits import MIB, Limits
from photos.imaging.pool import Decoders
from photos.models import Developed
from tests import pictures
from tests.processor import processor_seconds
from tests.proof import Sweep

Develop = Callable[[bytes], Developed]
PROOF_RUNS = int(os.environ.get("BIGIMAGE_PROOF_N", "20"))


def children() -> set[int]:
    """Processes that this one has started and that are no zombies."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        found.update(int(pid) for pid in (task / "children").read_text().split())
    return {pid for pid in found if state(pid) not in "ZX"}


def state(pid: int) -> str:
    """One letter for what a process does; X when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return "X"


def is_confined(pid: int) -> bool:
    """Whether a child has given up its rights, and so is ready or about to be."""
    try:
        return "NoNewPrivs:\t1" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(pictures.jpeg(64, 48))
    return path


@pytest.fixture
def slow_photo(tmp_path: Path) -> Path:
    """Keeps a child busy for about a second."""
    path = tmp_path / "slow.png"
    path.write_bytes(pictures.png_claiming(14_000, 14_000, rows=14_000))
    return path


@pytest.fixture
def fresh() -> Iterator[Callable[..., Decoders]]:
    """Makes pools of their own, for tests that harm them."""
    pools: list[Decoders] = []

    def make(count: int = 1, limits: Limits | None = None, **options: int) -> Decoders:
        pools.append(Decoders(count, limits, **options))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def only_child(pool: Decoders, photo: Path, before: set[int]) -> int:
    """The pid of the child that `pool` starts for `photo`."""
    pool.develop(photo)
    (pid,) = children() - before
    return pid


def refusal(develop: Develop, body: bytes) -> Invalid:
    with pytest.raises(Invalid) as caught:
        develop(body)
    reason = caught.value.reason
    assert reason[0].isupper()
    assert reason.endswith(".")
    assert "Error" not in reason
    return caught.value


BOMBS = {
    "a line of 100,000,000 pixels": (pictures.png_claiming(1, 100_000_000), "side_too_long"),
    "50,000 x 50,000": (pictures.png_claiming(50_000, 50_000), "side_too_long"),
    "25,000 x 25,000": (pictures.png_claiming(25_000, 25_000), "too_many_pixels"),
    "10,000 frames": (pictures.gif_of_frames(10_000), "too_many_frames"),
}


@pytest.mark.parametrize(("body", "code"), BOMBS.values(), ids=BOMBS)
def test_bombs_are_refused_at_once(develop: Develop, body: bytes, code: str) -> None:
    started = processor_seconds()
    assert refusal(develop, body).code == code
    assert processor_seconds() - started < 1


@pytest.mark.parametrize("format_name", ["PNG", "WEBP", "TIFF"])
def test_too_many_frames_are_refused_in_every_format(
    fresh: Callable[..., Decoders], tmp_path: Path, format_name: str
) -> None:
    path = tmp_path / "film"
    path.write_bytes(pictures.animated(format_name, 12, width=8, height=8))
    with pytest.raises(Invalid, match="12 pictures; we take up to 10") as caught:
        fresh(limits=Limits(frames=10)).develop(path)
    assert caught.value.code == "too_many_frames"


def test_empty_and_oversized_files_never_reach_a_child(
    fresh: Callable[..., Decoders], develop: Develop, tmp_path: Path
) -> None:
    assert refusal(develop, b"").code == "empty"
    before = children()
    path = tmp_path / "large"
    path.write_bytes(pictures.jpeg(64, 48) + bytes(2 * MIB))
    with pytest.raises(Invalid, match="larger than 1 MB"):
        fresh(limits=Limits(size_bytes=MIB)).develop(path)
    assert children() == before


TRUNCATED = {
    "jpeg": pictures.jpeg,
    "progressive jpeg": lambda width, height: pictures.jpeg(width, height, progressive=True),
    "png": pictures.png,
    "gif": pictures.gif,
    "webp": pictures.webp,
    "tiff": pictures.tiff,
    "deflated tiff": lambda width, height: pictures.tiff(width, height, compression="tiff_deflate"),
    "avif": pictures.avif,
    "heic": pictures.heic,
}


@pytest.mark.parametrize("make", TRUNCATED.values(), ids=TRUNCATED)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.95])
def test_a_picture_that_was_cut_off_is_refused(
    develop: Develop, make: Callable[[int, int], bytes], share: float
) -> None:
    assert refusal(develop, pictures.truncated(make(640, 480), share)).code == "damaged"


def test_a_jpeg_whose_second_half_is_zeros_is_refused(develop: Develop) -> None:
    body = pictures.jpeg(640, 480)
    half = len(body) // 2
    assert refusal(develop, body[:half] + bytes(half)).code == "damaged"


def test_a_picture_with_something_behind_it_is_still_a_picture(develop: Develop) -> None:
    archive = BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("a.txt", "hidden words")
    developed = develop(pictures.jpeg(64, 48) + archive.getvalue())
    assert all(b"hidden" not in item.body and b"PK\x03" not in item.body for item in developed.renditions)


@pytest.mark.parametrize("make", TRUNCATED.values(), ids=TRUNCATED)
def test_flipped_bytes_develop_or_are_refused_and_the_next_photo_is_fine(
    develop: Develop, make: Callable[[int, int], bytes]
) -> None:
    assert width_after_shaking(develop, make(96, 72), runs=15) == 96


@pytest.mark.proof
@pytest.mark.parametrize("make", TRUNCATED.values(), ids=TRUNCATED)
def test_many_flipped_bytes_never_stop_a_decoder(
    develop: Develop, sweep: Sweep, make: Callable[[int, int], bytes]
) -> None:
    sweep.cases = PROOF_RUNS
    assert width_after_shaking(develop, make(200, 150), runs=PROOF_RUNS) == 200


def width_after_shaking(develop: Develop, body: bytes, *, runs: int) -> int:
    """Change bytes of a good file `runs` times; each develops or is refused. Answers the good one's width."""
    chance = random.Random(7)
    for _ in range(runs):
        broken = bytearray(body)
        for _ in range(chance.choice((1, 4, 16))):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        try:
            develop(bytes(broken))
        except Invalid as error:
            assert error.reason.endswith(".")
    return develop(body).width


def test_a_picture_that_needs_too_much_memory_is_refused_and_the_next_is_fine(
    fresh: Callable[..., Decoders], slow_photo: Path, photo: Path
) -> None:
    pool = fresh(limits=Limits(memory_bytes=64 * MIB))
    with pytest.raises(Invalid, match="more memory") as caught:
        pool.develop(slow_photo)
    assert caught.value.code == "too_much_memory"
    assert pool.develop(photo).width == 64


def test_a_picture_that_takes_too_long_is_refused_by_its_cpu_time(
    fresh: Callable[..., Decoders], tmp_path: Path, photo: Path
) -> None:
    path = tmp_path / "endless.gif"
    path.write_bytes(pictures.gif_of_frames(2_000_000))
    pool = fresh(limits=Limits(seconds=0.5, frames=10**9))
    with pytest.raises(Invalid, match="too long") as caught:
        pool.develop(path)
    assert caught.value.code == "took_too_long"
    assert pool.develop(photo).width == 64


def test_a_child_that_hangs_is_replaced(fresh: Callable[..., Decoders], photo: Path) -> None:
    pool, before = fresh(limits=Limits(seconds=0.4)), children()
    child = only_child(pool, photo, before)
    os.kill(child, signal.SIGSTOP)
    with pytest.raises(Invalid, match="too long"):
        pool.develop(photo)
    assert state(child) == "X"
    assert pool.develop(photo).width == 64


def test_a_child_that_was_killed_while_idle_costs_nothing(
    fresh: Callable[..., Decoders], photo: Path
) -> None:
    pool, before = fresh(), children()
    os.kill(only_child(pool, photo, before), signal.SIGKILL)
    assert pool.develop(photo).width == 64


def test_a_child_killed_at_work_is_replaced_and_the_photo_developed(
    fresh: Callable[..., Decoders], photo: Path, slow_photo: Path
) -> None:
    pool, before = fresh(), children()
    child = only_child(pool, photo, before)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(pool.develop, slow_photo)
        time.sleep(0.15)
        os.kill(child, signal.SIGSEGV)
        assert answer.result().width == 14_000


def test_a_picture_that_kills_every_child_is_refused_and_nothing_else(
    fresh: Callable[..., Decoders], photo: Path, slow_photo: Path
) -> None:
    pool, before = fresh(), children()
    over = threading.Event()

    def hunt() -> None:
        while not over.is_set():
            ready = {pid for pid in children() - before if is_confined(pid)}
            time.sleep(0.1)
            for pid in ready:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSEGV)

    hunter = threading.Thread(target=hunt)
    hunter.start()
    try:
        with pytest.raises(Invalid, match="decoder fails"):
            pool.develop(slow_photo)
    finally:
        over.set()
        hunter.join()
    assert pool.develop(photo).width == 64


def test_many_threads_share_few_children(fresh: Callable[..., Decoders], photo: Path, tmp_path: Path) -> None:
    pool, before = fresh(2), children()
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(pictures.truncated(pictures.jpeg(64, 48)))

    def one(number: int) -> str:
        try:
            return pool.develop(broken if number % 3 == 0 else photo).media_type
        except Invalid as error:
            return error.code

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(one, range(60)))
    assert outcomes.count("damaged") == 20
    assert outcomes.count("image/jpeg") == 40
    assert len(children() - before) <= 2


def test_a_child_is_replaced_after_its_share_of_photos(fresh: Callable[..., Decoders], photo: Path) -> None:
    pool, before = fresh(jobs_per_child=2), children()
    first = only_child(pool, photo, before)
    pool.develop(photo)
    assert state(first) == "X"
    assert pool.develop(photo).width == 64


def test_closing_ends_the_children_and_tells_those_who_wait(
    fresh: Callable[..., Decoders], photo: Path, slow_photo: Path
) -> None:
    pool, before = fresh(), children()
    child = only_child(pool, photo, before)
    with ThreadPoolExecutor(1) as threads:
        answer = threads.submit(pool.develop, slow_photo)
        time.sleep(0.15)
        pool.close()
        with pytest.raises(BackendError):
            answer.result()
    assert state(child) == "X"
    with pytest.raises(BackendError):
        pool.develop(photo)
    pool.close()


def test_a_child_follows_its_parent_into_death(photo: Path) -> None:
    script = (
        "import pathlib, sys; from photos.imaging.pool import Decoders; pool = Decoders(1);"
        "pool.develop(pathlib.Path(sys.argv[1]));"
        "print(*pathlib.Path('/proc/self/task').glob('*/children'), flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(photo)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path.cwd()) as parent:
        assert parent.stdout is not None
        parent.stdout.readline()
        (child,) = (
            int(word) for word in Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
        )
        parent.kill()
    deadline = time.monotonic() + 5
    while state(child) not in "ZX":
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may look into a process that hides its memory")
def test_a_child_inherits_neither_secrets_nor_files(
    fresh: Callable[..., Decoders], photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "not-for-children")
    with photo.open("rb") as kept:
        os.set_inheritable(kept.fileno(), True)
        before = children()
        child = only_child(fresh(), photo, before)
        opened = {str(path.readlink()) for path in Path(f"/proc/{child}/fd").iterdir()}
    assert b"not-for-children" not in Path(f"/proc/{child}/environ").read_bytes()
    assert str(photo) not in opened
    assert all(target == "/dev/null" or target.startswith("socket:") for target in opened)


def test_a_confined_process_reaches_neither_files_nor_network() -> None:
    script = """
import os, socket, sys
from photos.imaging import confinement
walls = confinement.confine(64 * 2**20)
def fails(action):
    try:
        action()
    except (OSError, MemoryError):
        return True
    return False
import json.tool  # modules stay importable
blocked = {
    "read": fails(lambda: open("/etc/hostname").read()),
    "write": fails(lambda: open("/tmp/out", "w").write("x")),
    "connect": fails(lambda: socket.create_connection(("127.0.0.1", 9), 1)),
    "program": fails(lambda: os.execv("/bin/true", ["true"])),
    "memory": fails(lambda: bytearray(128 * 2**20)),
}
print(*walls); print(*sorted(name for name, is_blocked in blocked.items() if is_blocked))
"""
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    walls, blocked = (set(line.split()) for line in answer.stdout.splitlines())
    assert {"connect", "memory"} <= blocked
    if "files" in walls:
        assert {"read", "write", "program"} <= blocked


def test_the_way_in_loads_no_decoder() -> None:
    script = (
        "import sys; import photos.imaging.pool, photos.imaging.limits, photos.imaging.sniff;"
        "print([name for name in ('PIL', 'numpy', 'pillow_heif') if name in sys.modules])"
    )
    answer = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=30
    )
    assert answer.stdout.strip() == "[]"


def test_a_missing_file_is_no_refusal(decoders: Decoders, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        decoders.develop(tmp_path / "gone.jpg")
