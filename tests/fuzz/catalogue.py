"""Every target that takes bytes, by name."""

from __future__ import annotations

from tests.fuzz import doors, files, papers, words
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target for target in (*words.TARGETS, *files.TARGETS, *doors.TARGETS, *papers.TARGETS)
}
