"""Logs: one JSON object a line on standard error, each with the id of the request it belongs to.

What must never be read by somebody else's eyes (passwords, tokens, signatures, cookies, keys) is
masked on the way out, wherever it was written into a message.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from contextvars import ContextVar
from datetime import UTC, datetime

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Set by the web floor for the length of a request; empty in the runner and on the command line."""

FACTS = ("method", "path", "status", "duration_ms", "job", "photo_id", "user_id")
"""Names that `extra=` may carry into the line."""
LONGEST = 8000
"""Characters of a message or a traceback; a nickname of 1 MB must not fill the disk."""

_NAMED = re.compile(
    r"""(?ix)
    ((?:password|passwd|secret(?:_key)?|token|cookie|authorization|signature|api_?key|code(?:_verifier)?
      |x-amz-[a-z-]{1,40}|sig|state|nonce|csrf_token)
     ["']?\s*[=:]\s*["']?)
    (?:bearer\s+)?[^\s"'&,;)}\]]+
    """
)
_TO_JSON = json.JSONEncoder(ensure_ascii=True, default=str)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")
_OWN_TOKEN = re.compile(r"\bbgi_[\w-]+")
_LINK = re.compile(r"(/provider/link/)[\w-]+")
_MAYBE = re.compile(r"[=:\s]|bgi_|/provider/link/")
"""What every one of these patterns needs; most paths and words have nothing of it."""
_URL_PASSWORD = re.compile(r"(://[^\s:/@]{0,100}:)[^\s@/]+@")


def mask(text: str) -> str:
    """The text without anything that opens a door, cut to a length that a pattern can be run over."""
    text = text[: 2 * LONGEST]
    if not _MAYBE.search(text):
        return text
    text = _URL_PASSWORD.sub(r"\1***@", text)
    text = _BEARER.sub(r"\1***", text)
    text = _OWN_TOKEN.sub("bgi_***", text)
    text = _LINK.sub(r"\1***", text)
    return _NAMED.sub(r"\1***", text)


class JsonFormatter(logging.Formatter):
    """One record, one line that parses; control characters are escaped by JSON itself."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its line feed."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": mask(record.getMessage())[:LONGEST],
        }
        if current := request_id.get():
            line["request_id"] = current
        for name in FACTS:
            if (value := getattr(record, name, None)) is not None:
                line[name] = mask(value)[:LONGEST] if isinstance(value, str) else value
        line |= getattr(record, "measured", {})
        if record.exc_info:
            line["error"] = mask(self.formatException(record.exc_info)[-LONGEST:])
        return _TO_JSON.encode(line)


def configure(level: str) -> None:
    """Send every logger of this process to standard error as JSON lines. `level` is a word of logging."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    # nothing that a line shows; asking for it takes a fifth of the time of a record
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # SDKs print signed URLs and headers when they chatter; others tell of their own plugins
    for name in (
        *("botocore", "boto3", "urllib3", "s3transfer", "PIL"),
        *("alembic.runtime.plugins", "mysql.connector"),
    ):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
