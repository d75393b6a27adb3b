"""E-mail addresses as they are stored and compared: folded (NFKC, case-folded)."""

from __future__ import annotations

import re
import unicodedata

from photos.errors import Invalid

LONGEST_EMAIL = 320


def fold_email(email: str) -> str:
    """The address as it is stored and compared. Raises Invalid for what cannot be one."""
    folded = fold(email)
    if len(folded) > LONGEST_EMAIL or not re.fullmatch(
        r"[^\s@\x00-\x20\x7f<>\"]+@[^\s@\x00-\x20\x7f<>\"]+", folded
    ):
        raise Invalid("This is not an e-mail address.", code="email", field="email")
    if any(unicodedata.category(character) in {"Cc", "Cf", "Cs"} for character in folded):
        raise Invalid("This is not an e-mail address.", code="email", field="email")
    return folded


def fold(email: str) -> str:
    """The one form of all ways to write an address."""
    return unicodedata.normalize("NFKC", email).strip().casefold()
