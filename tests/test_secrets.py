"""No credential in the repository: a scan over every file that git tracks."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tracked import ROOT, tracked_files

SHAPES = {
    "AWS access key": r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",
    "private key": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----",
    "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{50,})",
    "Slack token": r"\bxox[abeprs]-[0-9A-Za-z-]{10,}",
    "Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "Stripe key": r"\b[rs]k_live_[0-9A-Za-z]{16,}",
    "npm token": r"\bnpm_[A-Za-z0-9]{36}\b",
    "PyPI token": r"\bpypi-AgE[A-Za-z0-9_-]{20,}",
    "X bearer token": r"\bA{20}[A-Za-z0-9%]{40,}",
    "signed web token": r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}",
    "password in a URL": r"\b[a-z][a-z0-9+]*://[^\s/:@\"'{}<>$]+:(?!(?i:password)@)[^\s/:@\"'{}<>$*]{3,}@",
}
ASSIGNED = re.compile(
    r"(?i)(?:secret|token|passw(?:or)?d|api_?key|access_?key)[\w.\"'\]-]*\s*[:=]\s*[\"']?([A-Za-z0-9+/=_-]{20,})[\"']?"
)
RANDOM_BITS = 3.6
"""Bits for each character above which a long value looks drawn by chance; English words stay below 3.5."""
MADE_UP = "made up"
"""A line of a test that needs a key says with these words that it opens nothing."""


def secrets_in(text: str) -> Iterator[tuple[int, str]]:
    """Line number and kind of everything that looks like a credential."""
    for number, line in enumerate(text.splitlines(), 1):
        if MADE_UP in line:
            continue
        for kind, shape in SHAPES.items():
            if re.search(shape, line):
                yield number, kind
        assigned = ASSIGNED.search(line)
        if assigned and _looks_random(assigned.group(1)):
            yield number, "assigned secret"


def _looks_random(value: str) -> bool:
    has_digit, has_letter = re.search(r"\d", value), re.search(r"[A-Za-z]", value)
    shares = [count / len(value) for count in Counter(value).values()]
    return bool(has_digit and has_letter) and -sum(share * math.log2(share) for share in shares) > RANDOM_BITS


def findings(paths: list[Path]) -> list[str]:
    """`file:line kind` for every find; the value itself is not repeated."""
    return [
        f"{path}:{line} {kind}"
        for path in paths
        for line, kind in secrets_in(path.read_text(encoding="utf-8", errors="ignore"))
    ]


def test_no_tracked_file_holds_a_secret() -> None:
    found = findings([ROOT / name for name in tracked_files()])
    assert not found, "\n".join(found)


def test_no_tracked_file_is_a_place_for_secrets() -> None:
    names = [Path(name).name for name in tracked_files()]
    assert [name for name in names if name == ".env" or name.endswith((".pem", ".p12", ".key"))] == []


# Put together here, so that the scan does not find them in this file.
PLANTED = {
    "AWS access key": "id = '" + "AKIA" + "QX7ZJ4M2N5P8R6T3'",
    "private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "GitHub token": "ghp" + "_" + "a1B2c3D4" * 4 + "e5F6",
    "Slack token": "xoxb" + "-123456789012-abcdef",
    "Google key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "Stripe key": "sk" + "_live_4eC39HqLyjWDarjtT1zdp7dc",
    "npm token": "npm" + "_" + "a1B2c3D4" * 4 + "e5F6",
    "PyPI token": "pypi" + "-AgEIcHlwaS5vcmcCJDU3YjM4",
    "X bearer token": "A" * 22 + "BcDeFgHiJkLmNoPqRsTuVwXyZ0123456789%2Babcdefgh",
    "signed web token": "eyJ" + "hbGciOiJI.eyJ" + "zdWIiOiIx.SflKxwRJSM",
    "password in a URL": "mysql://photos" + ":hunter2@db.example.org/photos",
    "assigned secret": "AWS_SECRET_ACC" + "ESS_KEY=wJalrXUtnFEMI7K3MDENGbPxRfiCYz9q2",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found_and_not_repeated(kind: str, tmp_path: Path) -> None:
    planted = tmp_path / "settings.py"
    planted.write_text(f"# harmless\n{PLANTED[kind]}\n", encoding="utf-8")
    assert findings([planted]) == [f"{planted}:2 {kind}"]


@pytest.mark.parametrize(
    "line",
    [
        'DATABASE_URL = "mysql+mysqlconnector://root:@127.0.0.1:20000/test"',
        "https://USER:{password}@example.org",
        "mysql+mysqlconnector://photos:PASSWORD@db.example.org/photos",
        "password = secrets.token_urlsafe(48)",
        'token_name = "the-name-of-a-token-that-people-choose"',
        "secret" + f"_key = 'x1Y2z3A4b5C6d7E8f9G0h1I2j3K4'  # {MADE_UP}",
        "    --hash=sha256:83490def1f723413db5096591f7609ac52544805be93849170088ed04f5a2e0b",
    ],
)
def test_what_only_resembles_a_secret_passes(line: str) -> None:
    assert list(secrets_in(line)) == []
