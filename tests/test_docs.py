"""Documents that must not fall behind the code."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from photos.config import Settings
from tests.tracked import ROOT, tracked_files

DECISIONS = ROOT / "docs/decisions"
LINK = re.compile(r"\]\(([^()\s]+)\)")
PATH = re.compile(r"`((?:\w[\w.-]*/)+[\w.-]*)`")
"""What looks like a file or folder in running text."""
PLACES = ("", "photos/", "static/")
"""Where paths begin: at the root, or in the folder that the page is about."""


def anchors(page: str) -> set[str]:
    """What can follow `#` in a link to a page, made of its headings as its readers on the web see them."""
    headings = re.findall(r"^#+ (.+)$", (ROOT / page).read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def pages() -> list[str]:
    return [name for name in tracked_files() if name.endswith(".md")]


@pytest.mark.parametrize("page", pages())
def test_links_lead_somewhere(page: str) -> None:
    for target in LINK.findall((ROOT / page).read_text()):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), f"{page} leads to {target}"
        if anchor:
            assert anchor in anchors(str(found.resolve().relative_to(ROOT))), f"{page} leads to {target}"


@pytest.mark.parametrize("page", ["docs/architecture.md", "docs/security.md", "CONTRIBUTING.md"])
def test_files_that_a_page_names_are_there(page: str) -> None:
    for path in PATH.findall((ROOT / page).read_text()):
        assert any((ROOT / place / path).exists() for place in PLACES), f"{page} names {path}"


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
