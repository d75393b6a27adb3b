"""One event is one line of JSON that parses, and no secret is in it."""

from __future__ import annotations

import json
import logging
import sys

import pytest

from photos import logs


def line_of(message: str, *arguments: object, **extra: object) -> dict[str, object]:
    record = logging.getLogger("test").makeRecord(
        "test", logging.INFO, __file__, 1, message, arguments, None, extra=extra
    )
    text = logs.JsonFormatter().format(record)
    assert "\n" not in text
    assert "\r" not in text
    assert "\x1b" not in text
    document: dict[str, object] = json.loads(text)
    return document


@pytest.mark.parametrize(
    "message",
    ["a\r\nb", "\x1b[31mred\x1b[0m", "${jndi:ldap://x}", "x" * 1_000_000, "\0", "\ud800", "🦀", '"}\n{"'],
)
def test_one_event_is_one_line(message: str) -> None:
    line = line_of("%s", message)
    assert str(line["message"])[:3] == message[:3]
    assert len(str(line["message"])) <= logs.LONGEST


@pytest.mark.parametrize(
    "message",
    [
        "password=CANARY1",
        "form {'password': 'CANARY1', 'x': 1}",
        '{"token": "CANARY1"}',
        "Authorization: Bearer CANARY1",
        "Cookie: bigimage=CANARY1; theme=dark",
        "GET /media/x?X-Amz-Signature=CANARY1&x=1",
        "GET /media/x?signature=CANARY1",
        "/sign-in/callback?code=CANARY1&state=CANARY1",
        "made bgi_CANARY1",
        "http://localhost/provider/link/CANARY1",
        "mysql+mysqlconnector://user:CANARY1@host/db",  # made up
        "SECRET_KEY=CANARY1",
        "csrf_token=CANARY1",
    ],
)
def test_secrets_are_masked(message: str) -> None:
    assert "CANARY1" not in json.dumps(line_of("%s", message))


def test_ordinary_words_stay() -> None:
    assert line_of("photo %s is ready in %d ms", "abc", 12)["message"] == "photo abc is ready in 12 ms"


def test_secrets_in_tracebacks_are_masked_and_the_request_id_is_there() -> None:
    token = logs.request_id.set("0123456789abcdef")
    try:
        raise ValueError("password=CANARY1")
    except ValueError:
        record = logging.getLogger("t").makeRecord("t", logging.ERROR, __file__, 1, "x", (), sys.exc_info())
        text = logs.JsonFormatter().format(record)
    finally:
        logs.request_id.reset(token)
    assert "CANARY1" not in text
    assert json.loads(text)["request_id"] == "0123456789abcdef"
    assert "ValueError" in json.loads(text)["error"]
