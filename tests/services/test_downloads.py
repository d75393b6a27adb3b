"""Zip files of many photos: whole, with safe and unique names, in parts, and visibly broken where cut."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from photos.errors import Invalid, NotFound, StorageError
from photos.models import User
from photos.services import downloads
from photos.services.changes import Chosen
from photos.services.downloads import Part, safe_name
from photos.services.library import Edit, edit, purge, trash
from tests import pictures
from tests.services.conftest import Library


def create(library: Library, ids: list[str], *, by: User | None = None) -> str:
    parts = library.backends
    return downloads.create(
        Chosen(ids=ids), owner=by or library.owner, database=parts.database, search=parts.search
    )


def parts_of(library: Library, download_id: str, *, by: User | None = None) -> list[Part]:
    return downloads.parts_of(download_id, owner=by or library.owner, database=library.backends.database)


def pack(library: Library, download_id: str, number: int = 0) -> downloads.Packed:
    here = library.backends
    part = parts_of(library, download_id)[number]
    return downloads.pack(
        download_id, part, owner=library.owner, database=here.database, storage=here.storage
    )


def opened(library: Library, download_id: str, number: int = 0) -> zipfile.ZipFile:
    packed = pack(library, download_id, number)
    body = b"".join(packed.chunks)
    assert len(body) == packed.size_bytes
    return zipfile.ZipFile(io.BytesIO(body))


def test_originals_come_as_they_are_with_what_is_known_of_them(library: Library, tmp_path: Path) -> None:
    bodies = [pictures.jpeg(64 + number, 48) for number in range(3)]
    ids = [
        library.upload(body, name).id
        for body, name in zip(bodies, ("été.jpg", "same.jpg", "SAME.jpg"), strict=True)
    ]
    edit(
        ids[0],
        Edit(description="=A quiet bay", tags=["sea"], rating=4),
        owner=library.owner,
        database=library.backends.database,
        search=library.backends.search,
        jobs=library.backends.jobs,
    )
    packed = pack(library, create(library, ids))
    file = tmp_path / "photos.zip"
    file.write_bytes(b"".join(packed.chunks))
    subprocess.run(["python3", "-m", "zipfile", "-t", str(file)], check=True, capture_output=True)
    with zipfile.ZipFile(file) as archive:
        names = ["été.jpg", "same.jpg", "SAME (2).jpg"]
        assert archive.namelist() == ["photos.json", "photos.csv", *names]
        assert {each.compress_type for each in archive.infolist()} == {zipfile.ZIP_STORED}
        assert [archive.read(name) for name in names] == bodies
        listed = json.loads(archive.read("photos.json"))
        assert [row["file"] for row in listed["photos"]] == names
        first = listed["photos"][0]
        assert (first["tags"], first["rating"], first["description"]) == (["sea"], 4, "=A quiet bay")
        rows = list(csv.DictReader(io.StringIO(archive.read("photos.csv").decode("utf-8-sig"))))
        assert rows[0]["description"] == "'=A quiet bay"
        assert rows[2]["id"] == ids[2]


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("../../etc/passwd", "_.._etc_passwd"),
        ("C:\\boot.ini", "C__boot.ini"),
        ("con.jpg", "_con.jpg"),
        ("...", "_"),
        ("a\x00b.jpg", "a_b.jpg"),
        ("x" * 400 + ".jpeg", "x" * 150 + ".jpeg"),
    ],
)
def test_names_are_safe_on_every_system(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_large_list_comes_in_parts_that_stand_alone(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies = [pictures.jpeg(80 + number, 60) for number in range(5)]
    ids = [library.upload(body, f"{number}.jpg").id for number, body in enumerate(bodies)]
    monkeypatch.setattr(downloads, "PART_BYTES", len(bodies[0]) * 2 + 1000)
    download_id = create(library, ids)
    parts = parts_of(library, download_id)
    assert len(parts) == 3
    assert sum(part.count for part in parts) == 5
    found = []
    for number in range(len(parts)):
        with opened(library, download_id, number) as archive:
            found += [name for name in archive.namelist() if name.endswith(".jpg")]
    assert found == [f"{number}.jpg" for number in range(5)]


def test_a_photo_deleted_meanwhile_is_told_in_the_listing(library: Library) -> None:
    ids = [library.upload(pictures.jpeg(70 + number, 60), f"{number}.jpg").id for number in range(2)]
    download_id = create(library, ids)
    here = library.backends
    trash(ids[0], owner=library.owner, database=here.database, search=here.search)
    purge(ids[0], owner=library.owner, database=here.database, search=here.search)
    with opened(library, download_id) as archive:
        assert json.loads(archive.read("photos.json"))["missing"] == [ids[0]]
        assert "1.jpg" in archive.namelist()


def test_an_original_that_cannot_be_read_breaks_the_file_off(library: Library) -> None:
    ids = [library.upload(pictures.jpeg(70 + number, 60), f"{number}.jpg").id for number in range(2)]
    packed = pack(library, create(library, ids))
    library.backends.storage.delete(library.photo(ids[1]).storage_key)
    sent = 0
    with pytest.raises((NotFound, StorageError)):
        for chunk in packed.chunks:
            sent += len(chunk)
    assert 0 < sent < packed.size_bytes


def test_a_list_is_its_owners(library: Library, stranger: User) -> None:
    photo = library.upload(pictures.jpeg(64, 48), "a.jpg")
    download_id = create(library, [photo.id])
    with pytest.raises(NotFound):
        parts_of(library, download_id, by=stranger)
    with pytest.raises(Invalid):
        create(library, [photo.id], by=stranger)
