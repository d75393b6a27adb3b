"""The folder under faults: full, failing, killed, tampered with."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from photos.backends.storage.disposition import content_disposition
from photos.backends.storage.folder import FolderStorage, create_folder
from photos.errors import Conflict, Invalid, NotFound, StorageError, StorageFull
from photos.models import StoredPart
from tests.needs import require

JPEG = "image/jpeg"
KEY = "originals/ab/photo"
PARTS = [b"a" * 3000, b"b" * 3000, b"c" * 100]


def opened(root: Path) -> FolderStorage:
    return FolderStorage(root, signing_key=b"k" * 32, min_part_size=1)


@pytest.fixture
def storage(tmp_path: Path) -> FolderStorage:
    create_folder(tmp_path / "storage")
    return opened(tmp_path / "storage")


def send_parts(storage: FolderStorage) -> tuple[str, list[StoredPart]]:
    multipart_id = storage.start_multipart(KEY, media_type=JPEG)
    parts = [
        storage.write_part(KEY, multipart_id, number, io.BytesIO(body), size_bytes=len(body))
        for number, body in enumerate(PARTS, 1)
    ]
    return multipart_id, parts


def read(storage: FolderStorage, key: str = KEY) -> bytes:
    return b"".join(storage.get(key))


def names_left_behind(root: Path) -> list[str]:
    return sorted(path.name for path in root.rglob("incoming-*"))


# The folder itself


def test_creating_twice_is_creating_once(tmp_path: Path) -> None:
    create_folder(tmp_path / "a" / "storage")
    storage = opened(tmp_path / "a" / "storage")
    storage.put("key", b"stays", media_type=JPEG)
    create_folder(tmp_path / "a" / "storage")
    assert read(storage, "key") == b"stays"


def test_an_empty_folder_is_a_volume_that_is_not_mounted(tmp_path: Path) -> None:
    (tmp_path / "storage").mkdir()
    with pytest.raises(StorageError):
        create_folder(tmp_path / "storage")
    with pytest.raises(StorageError):
        opened(tmp_path / "storage").stat("key")
    with pytest.raises(StorageError):
        opened(tmp_path / "storage").ping()


def test_a_short_signing_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        FolderStorage(tmp_path, signing_key=b"dev")


def test_a_key_cannot_be_a_folder_of_another(storage: FolderStorage) -> None:
    storage.put("a/b", b"", media_type=JPEG)
    for key in ("a", "a/b/c"):
        with pytest.raises(Conflict):
            storage.put(key, b"", media_type=JPEG)
    with pytest.raises(Invalid):
        storage.put("x" * 256, b"", media_type=JPEG)


def test_files_are_for_their_owner_only(storage: FolderStorage, tmp_path: Path) -> None:
    storage.put(KEY, b"private", media_type=JPEG)
    send_parts(storage)
    for path in (tmp_path / "storage").rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_planted_links_are_never_followed(storage: FolderStorage, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_bytes(b"secret")
    objects = tmp_path / "storage" / "objects"
    (objects / "folder").symlink_to(outside)
    (objects / "link").symlink_to(outside / "file")
    for key in ("folder/file", "link"):
        with pytest.raises((NotFound, StorageError)):
            read(storage, key)
        with pytest.raises((NotFound, StorageError)), storage.fetch(key):
            pass
    with pytest.raises((Conflict, StorageError)):
        storage.put("folder/new", b"evil", media_type=JPEG)
    storage.delete("folder/file")
    storage.put("link", b"ours", media_type=JPEG)
    assert sorted(path.name for path in outside.iterdir()) == ["file"]
    assert (outside / "file").read_bytes() == b"secret"
    assert read(storage, "link") == b"ours"
    assert [entry.key for entry in storage.list()] == ["link"]
    multipart_id = "0" * 32
    (outside / "upload.json").write_text('{"key": "key"}')
    (tmp_path / "storage" / "uploads" / multipart_id).symlink_to(outside)
    with pytest.raises((NotFound, StorageError, Conflict)):
        storage.write_part("key", multipart_id, 1, io.BytesIO(b"evil"), size_bytes=4)
    assert sorted(path.name for path in outside.iterdir()) == ["file", "upload.json"]


def test_a_single_part_is_not_copied(storage: FolderStorage, tmp_path: Path) -> None:
    multipart_id = storage.start_multipart(KEY, media_type=JPEG)
    part = storage.write_part(KEY, multipart_id, 1, io.BytesIO(b"body"), size_bytes=4)
    stored = tmp_path / "storage" / "uploads" / multipart_id / "part-00001"
    before = stored.stat().st_ino
    storage.complete_multipart(KEY, multipart_id, [part])
    assert (tmp_path / "storage" / "objects" / KEY).stat().st_ino == before


def test_the_sweep_takes_what_is_old_and_unfinished(storage: FolderStorage, tmp_path: Path) -> None:
    root = tmp_path / "storage"
    multipart_id, parts = send_parts(storage)
    storage.complete_multipart(KEY, multipart_id, parts)
    unfinished, _ = send_parts(storage)
    never_begun = root / "uploads" / ("0" * 32)
    never_begun.mkdir()
    for folder in (root / "incoming", root / "uploads" / unfinished):
        (folder / "incoming-0000").write_bytes(b"half")
    assert storage.sweep(older_than_seconds=60) == 0
    assert storage.sweep(older_than_seconds=-60) == 4
    assert names_left_behind(root) == []
    assert [path.name for path in (root / "uploads").iterdir()] == [unfinished]
    assert storage.sweep(older_than_seconds=-60) == 0
    assert read(storage) == b"".join(PARTS)


def test_a_file_of_one_part_waits_for_the_disk_once_more(
    storage: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage.put(f"{KEY}s neighbour", b"so that its folder is there", media_type=JPEG)
    multipart_id = storage.start_multipart(KEY, media_type=JPEG)
    part = storage.write_part(KEY, multipart_id, 1, io.BytesIO(b"a" * 3000), size_bytes=3000)
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", flushed.append)
    storage.complete_multipart(KEY, multipart_id, [part])
    assert len(flushed) == 1


@pytest.mark.parametrize("name", ["manifest.json", "finished.json"])
def test_a_list_of_parts_that_a_power_cut_has_emptied_is_none(tmp_path: Path, name: str) -> None:
    create_folder(tmp_path / "storage")
    storage = opened(tmp_path / "storage")
    multipart_id = storage.start_multipart(KEY, media_type=JPEG)
    part = storage.write_part(KEY, multipart_id, 1, io.BytesIO(b"a" * 3000), size_bytes=3000)
    (tmp_path / "storage" / "uploads" / multipart_id / name).touch()
    assert storage.complete_multipart(KEY, multipart_id, [part]).size_bytes == 3000


# Faults: the N-th call fails, for every N


EDGE = ("write", "fsync", "rename", "unlink", "ftruncate", "mkdir")


@pytest.fixture
def fail_at(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int, int], Callable[[], int]]]:
    """Let the N-th changing system call fail with an error number; answers how many were made."""

    def arm(failing_call: int, number: int) -> Callable[[], int]:
        made = 0

        def failing(real: Callable[..., object]) -> Callable[..., object]:
            def call(*arguments: object, **options: object) -> object:
                nonlocal made
                made += 1
                if made == failing_call:
                    raise OSError(number, os.strerror(number))
                return real(*arguments, **options)

            return call

        monkeypatch.undo()
        for name in EDGE:
            monkeypatch.setattr(os, name, failing(getattr(os, name)))
        return lambda: made

    yield arm
    monkeypatch.undo()


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, StorageFull), (errno.EIO, StorageError)])
def test_put_stores_all_or_nothing_wherever_it_fails(
    tmp_path: Path,
    fail_at: Callable[[int, int], Callable[[], int]],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    expected: type[Exception],
) -> None:
    failures = 0
    for failing_call in range(1, 100):
        root = tmp_path / str(failing_call)
        create_folder(root)
        storage = opened(root)
        made = fail_at(failing_call, number)
        try:
            storage.put(KEY, b"new", media_type=JPEG)
        except expected:
            failures += 1
        monkeypatch.undo()
        if made() < failing_call:
            break
        assert [entry.size_bytes for entry in storage.list()] in ([], [3])
        storage.put(KEY, b"new", media_type=JPEG)
        storage.sweep(older_than_seconds=-60)
        assert read(storage) == b"new"
        assert names_left_behind(root) == []
    assert failures >= 6


@pytest.mark.parametrize(("number", "expected"), [(errno.ENOSPC, StorageFull), (errno.EIO, StorageError)])
def test_complete_can_go_on_wherever_it_failed(
    tmp_path: Path,
    fail_at: Callable[[int, int], Callable[[], int]],
    monkeypatch: pytest.MonkeyPatch,
    number: int,
    expected: type[Exception],
) -> None:
    failures = 0
    for failing_call in range(1, 100):
        root = tmp_path / str(failing_call)
        create_folder(root)
        storage = opened(root)
        multipart_id, parts = send_parts(storage)
        made = fail_at(failing_call, number)
        try:
            storage.complete_multipart(KEY, multipart_id, parts)
        except expected:
            failures += 1
        monkeypatch.undo()
        if made() < failing_call:
            break
        assert [entry.size_bytes for entry in storage.list()] in ([], [6100])
        storage.complete_multipart(KEY, multipart_id, parts)
        assert read(storage) == b"".join(PARTS)
        assert list(storage.list_multiparts()) == []
    assert failures >= 15


KILLED = textwrap.dedent(
    """
    import io, os, signal, sys
    from pathlib import Path
    from photos.backends.storage.folder import FolderStorage
    from photos.models import StoredPart

    root, flow, killed_at, multipart_id, *tags = sys.argv[1:]
    storage = FolderStorage(Path(root), signing_key=b"k" * 32, min_part_size=1)
    left = int(killed_at)

    def dying(real):
        def call(*arguments, **options):
            global left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*arguments, **options)
        return call

    for name in ("write", "fsync", "rename", "unlink", "ftruncate", "mkdir"):
        setattr(os, name, dying(getattr(os, name)))
    if flow == "put":
        storage.put("originals/ab/photo", b"new", media_type="image/jpeg")
    elif flow == "part":
        storage.write_part("originals/ab/photo", multipart_id, 1, io.BytesIO(b"a" * 3000), size_bytes=3000)
    else:
        parts = [StoredPart(number, 0, tag) for number, tag in enumerate(tags, 1)]
        storage.complete_multipart("originals/ab/photo", multipart_id, parts)
    """
)


def run_killed(root: Path, flow: str, killed_at: int, multipart_id: str, parts: list[StoredPart]) -> bool:
    """Whether the process was killed before it was done."""
    tags = [part.etag for part in parts]
    command = [sys.executable, "-c", KILLED, str(root), flow, str(killed_at), multipart_id, *tags]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in (0, -9), done.stderr
    return done.returncode == -9


@pytest.mark.parametrize("flow", ["put", "part", "complete"])
def test_a_kill_leaves_nothing_half_visible(tmp_path: Path, flow: str) -> None:
    step = 1 if flow != "complete" else 2
    kills = 0
    for killed_at in range(1, 100, step):
        root = tmp_path / str(killed_at)
        create_folder(root)
        storage = opened(root)
        multipart_id, parts = send_parts(storage)
        if not run_killed(root, flow, killed_at, multipart_id, parts):
            break
        kills += 1
        whole = {"put": [3], "part": [], "complete": [6100]}[flow]
        assert [entry.size_bytes for entry in storage.list()] in ([], whole)
        if flow == "part":
            assert [part.size_bytes for part in storage.list_parts(KEY, multipart_id)] == [3000, 3000, 100]
            parts = list(storage.list_parts(KEY, multipart_id))
        stored = storage.complete_multipart(KEY, multipart_id, parts)
        assert stored.size_bytes == 6100
        assert read(storage) == b"".join(PARTS)
        storage.sweep(older_than_seconds=-60)
        assert names_left_behind(root) == []
        assert list((root / "uploads").iterdir()) == []
    assert kills >= 4


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 2 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)], check=False, capture_output=True
    )
    require(mounted.returncode == 0, "mounting a small disk needs root")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_refuses_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    create_folder(small_disk / "storage")
    storage = opened(small_disk / "storage")
    storage.put("first", b"x" * 1_000_000, media_type=JPEG)
    with pytest.raises(StorageFull):
        storage.put("second", b"y" * 1_500_000, media_type=JPEG)
    multipart_id = storage.start_multipart("third", media_type=JPEG)
    with pytest.raises(StorageFull):
        storage.write_part("third", multipart_id, 1, io.BytesIO(b"z" * 1_500_000), size_bytes=1_500_000)
    assert [entry.key for entry in storage.list()] == ["first"]
    assert list(storage.list_parts("third", multipart_id)) == []
    assert names_left_behind(small_disk) == []
    assert read(storage, "first") == b"x" * 1_000_000
    storage.delete("first")
    part = storage.write_part("third", multipart_id, 1, io.BytesIO(b"z" * 1_500_000), size_bytes=1_500_000)
    assert storage.complete_multipart("third", multipart_id, [part]).size_bytes == 1_500_000


# File names


@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("", "inline"),
        ("plain.jpg", 'attachment; filename="plain.jpg"'),
        ("ü.jpg", "attachment; filename=\"u.jpg\"; filename*=UTF-8''%C3%BC.jpg"),
        ("a;b.jpg", "attachment; filename=\"a_b.jpg\"; filename*=UTF-8''a%3Bb.jpg"),
        (
            'a"\r\nSet-Cookie: x=1.jpg',
            "attachment; filename=\"a_Set-Cookie: x=1.jpg\"; filename*=UTF-8''a%22Set-Cookie%3A%20x%3D1.jpg",
        ),
        ("photo\u202egpj.exe", 'attachment; filename="photogpj.exe"'),
        ("../../etc/passwd", 'attachment; filename="_.._etc_passwd"'),
        ("\ud800\0", 'attachment; filename="photo"'),
        ("日本.jpg", "attachment; filename=\".jpg\"; filename*=UTF-8''%E6%97%A5%E6%9C%AC.jpg"),
    ],
)
def test_a_file_name_becomes_one_safe_header(name: str, header: str) -> None:
    assert content_disposition(name) == header


def test_a_long_file_name_keeps_its_ending() -> None:
    header = content_disposition("x" * 400 + ".jpeg")
    assert header == f'attachment; filename="{"x" * 145}.jpeg"'
