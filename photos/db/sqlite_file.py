"""Whether SQLite's file is still the one at its path.

An open file outlives its name: a process whose folder was moved, or whose volume is gone, would go on with
rows that nobody else sees, and would write into them.
"""

from __future__ import annotations

from pathlib import Path

from photos.errors import DatabaseError


class DatabaseFile:
    """Remembers the file that it has seen first at `path`.

    A connection to what is no longer there is kept, not closed: SQLite removes a log by its name when the
    last one closes, and that log may belong to another file by then.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: tuple[int, int] | None = None

    def check(self) -> None:
        """Raise DatabaseError if the file was there and is not, or if another one is in its place."""
        found = self._identity()
        if self._known is None:
            self._known = found
        elif found is None:
            raise DatabaseError("find", "its file")
        elif found != self._known:
            raise DatabaseError(
                "go on", "with another file in place of its own; Bigimage has to be started again"
            )

    def forget(self) -> None:
        """Nothing holds it open any more: whatever is there next is the file."""
        self._known = None

    def _identity(self) -> tuple[int, int] | None:
        """Device and number; None where no file is, or where that cannot be told."""
        try:
            facts = self._path.stat()
        except OSError:
            return None
        return facts.st_dev, facts.st_ino
