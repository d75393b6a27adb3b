"""The order of what is found: tiers of relevance, and one number for clock and key.

`photos.query.evaluate` says which of them a photo has; search engines sort by them.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import datetime

from photos.query.tree import Field, Kinship

SURE_CONFIDENCE = 70.0
"""From here on a label counts as seen; below it is a suggestion."""

SURE_LABEL, DESCRIBED, CIRCUMSTANCE, WRITTEN, SUGGESTED_LABEL, OTHER_FORM, MISSPELT, SYNONYM = range(8)
"""The tiers: sure labels; description, tags, name, albums; place, camera, lens; text in the picture;
suggested labels; then what was found by other words, wherever they stand."""

LAST_EXACT, LAST_TIER = SUGGESTED_LABEL, SYNONYM

KINSHIP_TIERS = {Kinship.FORM: OTHER_FORM, Kinship.TYPO: MISSPELT, Kinship.SYNONYM: SYNONYM}

FIELD_TIERS = {
    Field.DESCRIPTION: DESCRIBED,
    Field.TAG: DESCRIBED,
    Field.NAME: DESCRIBED,
    Field.ALBUM: DESCRIBED,
    Field.PLACE: CIRCUMSTANCE,
    Field.CAMERA: CIRCUMSTANCE,
    Field.LENS: CIRCUMSTANCE,
    Field.TEXT: WRITTEN,
}
"""Every field but labels, whose tier follows from their confidence (`label_tier`)."""

LIKE_STEPS = (6, 24, 60, 120)
"""By relevance, photos alike come in steps: the first 6 of them, then as far as the 24th, and so on."""

KEY_BITS = 29
"""Of an order number, for the key; what is above them are seconds, at most `SECONDS_LIMIT` either way."""
SECONDS_LIMIT = 2**34 - 1
_EPOCH = datetime(1970, 1, 1)


def order_number(taken_local: datetime, key: int) -> int:
    """One whole number that orders photos by wall clock (to the second), then key.

    It fits into 64 bits with a sign: keys below 2**29 and clocks from 1426 to 2514 are told apart,
    clocks beyond count as the first or last second of that time.
    """
    seconds = second_number(taken_local)
    return max(-SECONDS_LIMIT, min(SECONDS_LIMIT, seconds)) << KEY_BITS | key


def second_number(taken_local: datetime) -> int:
    """Whole seconds of a wall clock since the start of 1970."""
    since = taken_local - _EPOCH
    return since.days * 86_400 + since.seconds


def label_tier(confidence: float) -> int:
    """The tier of a label seen with this confidence (0-100)."""
    return SURE_LABEL if confidence >= SURE_CONFIDENCE else SUGGESTED_LABEL


def like_tier(place: int) -> int:
    """The tier of a photo by its place (from 0) among those that are alike."""
    return bisect_right(LIKE_STEPS, place)
