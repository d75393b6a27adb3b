"""One event is one line of JSON that parses, and no secret is in it."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from photos import logs

ROOT = Path(__file__).parents[2]


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
        "aws_secret_access_key = CANARY1",
        "'SecretAccessKey': 'CANARY1'",
        '{"SecretString": "CANARY1"}',
        "AWS_SESSION_TOKEN=CANARY1",
        "signed by " + "AKIA" + "CANARY1" + "Q" * 9,
        "sent " + "eyJ" + "hbGciOiJSUzI1NiJ9.eyJDQU5BUlkxIjox.CANARY1",
    ],
)
def test_secrets_are_masked(message: str) -> None:
    assert "CANARY1" not in json.dumps(line_of("%s", message))


def test_what_a_process_has_read_is_masked_by_itself() -> None:
    secret = 'no word around it "%/\\ tells CANARY2'
    logs.hide(secret, "short")
    for written in (secret, json.dumps(secret), repr(secret), quote(secret, safe="")):
        assert "CANARY2" not in json.dumps(line_of("%s", f"<{written}>")), written
    assert line_of("a short word")["message"] == "a short word"


def test_an_error_that_nobody_caught_is_masked() -> None:
    script = (
        "from photos import logs; logs.configure('info'); logs.hide('CANARY3-CANARY3');"
        "raise ValueError('CANARY3-CANARY3 password=CANARY4')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    told = ended.stderr.partition("ValueError")[2]
    assert "***" in told and "CANARY" not in told


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


@pytest.mark.parametrize(("level", "told"), [("info", "late"), ("debug", "startedlate")])
def test_a_command_for_people_logs_only_what_goes_wrong_unless_somebody_looks_for_it(
    level: str, told: str
) -> None:
    command = f"""
import logging
from photos import logs, metrics
from photos.cli.plain import PlainCommand
logs.configure({level!r})
metrics.configure("web", is_on=True)
def work():
    metrics.record("CallTime", 1, "Milliseconds", Service="s3")
    logging.getLogger("photos.imaging.pool").info("started")
    logging.getLogger("photos.imaging.pool").warning("late")
PlainCommand("work", callback=work)([], standalone_mode=False)
"""
    run = subprocess.run(
        [sys.executable, "-c", command], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "".join(json.loads(line)["message"] for line in run.stderr.splitlines()) == told
