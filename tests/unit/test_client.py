"""How long a program waits that was asked to come back later."""

from __future__ import annotations

import pytest
import requests

from photos.client import LONGEST_PAUSE_SECONDS, _retry_after


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("", 0),
        ("0", 0),
        ("37", 37),
        ("86400", LONGEST_PAUSE_SECONDS),
        ("-5", 0),
        ("soon", 0),
        ("٣", 0),
        ("Wed, 21 Oct 2026 07:28:00 GMT", 0),
    ],
)
def test_a_pause_is_as_long_as_asked_within_reason(asked: str, seconds: int) -> None:
    answer = requests.Response()
    answer.headers["Retry-After"] = asked
    assert _retry_after(answer) == seconds
