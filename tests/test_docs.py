"""Documents that must not fall behind the code."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

from photos.config import Settings

ROOT = Path(__file__).parent.parent
DECISIONS = ROOT / "docs/decisions"


def test_every_setting_is_documented_and_nothing_else() -> None:
    described = set(
        re.findall(r"^\| `([A-Z0-9_]+)` \|", (ROOT / "docs/settings.md").read_text(), re.MULTILINE)
    )
    assert described == {field.metadata["env"] for field in fields(Settings)}


def test_decisions_are_numbered_once_and_say_context_decision_and_consequences() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    numbers = [page.name[:4] for page in pages]
    assert len(numbers) == len(set(numbers))
    for page in pages:
        text = page.read_text()
        for heading in ("## Context", "## Decision", "## Consequences"):
            assert heading in text, f"{page.name} has no {heading}"


def test_the_index_of_decisions_names_every_page_once_under_a_theme() -> None:
    lines = []
    for page in DECISIONS.glob("[0-9]*.md"):
        number, _, title = page.read_text().splitlines()[0].removeprefix("# ").partition(". ")
        lines.append(f"- [{number}]({page.name}) {title}")
    index = [line for line in (DECISIONS / "README.md").read_text().splitlines() if line.startswith("- ")]
    assert sorted(set(lines) - set(index)) == [], "put these lines under a theme of docs/decisions/README.md"
    assert sorted(index) == sorted(lines)
