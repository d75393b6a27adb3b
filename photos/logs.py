"""Logs: one JSON object a line on standard error, each with the id of the request it belongs to.

What must never be read by somebody else's eyes (passwords, tokens, signatures, cookies, keys) is
masked on the way out, wherever it was written into a message: by the words around it, by its shape, and by
itself where this process has read it (`hide`).
"""

from __future__ import annotations

import json
import logging
import re
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime
from types import TracebackType
from urllib.parse import quote

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""Set by the web floor for the length of a request; empty in the runner and on the command line."""
user_hash: ContextVar[str] = ContextVar("user_hash", default="")
"""Who is signed in, for traces: a keyed hash, which says nothing outside; empty for a visitor."""

FACTS = ("method", "path", "status", "duration_ms", "job", "photo_id", "user_id")
"""Names that `extra=` may carry into the line."""
LONGEST = 8000
"""Characters of a message or a traceback; a nickname of 1 MB must not fill the disk."""

_NAMED = re.compile(
    r"""(?ix)
    ((?:password|passwd|secret(?:_?access)?(?:_?key|string)?|token|cookie|authorization|signature|api_?key|code(?:_verifier)?
      |x-amz-[a-z-]{1,40}|sig|state|nonce|csrf_token)
     ["']?\s*[=:]\s*["']?)
    (?:bearer\s+)?[^\s"'&,;)}\]]+
    """
)
_TO_JSON = json.JSONEncoder(ensure_ascii=True, default=str)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")
_OWN_TOKEN = re.compile(r"\bbgi_[\w-]+")
_AWS_KEY = re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")
_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*")
_LINK = re.compile(r"(/provider/link/)[\w-]+")
_MAYBE = re.compile(r"[=:\s]|bgi_|/provider/link/|A[KS]IA|eyJ")
"""What every one of these patterns needs; most paths and words have nothing of it."""
_URL_PASSWORD = re.compile(r"(://[^\s:/@]{0,100}:)[^\s@/]+@")
SHORTEST_HIDDEN = 8
"""Characters; a shorter text is no secret, and would be found in every other word."""
_hidden: set[str] = set()
_any_hidden = re.compile(r"(?!)")


def hide(*texts: str) -> None:
    """Mask these texts from now on, wherever they appear, also as Python, JSON and URLs write them."""
    global _any_hidden
    for text in texts:
        if len(text) >= SHORTEST_HIDDEN:
            _hidden.update((text, repr(text)[1:-1], _TO_JSON.encode(text)[1:-1], quote(text, safe="")))
    longest_first = sorted(_hidden, key=len, reverse=True)
    if longest_first:
        _any_hidden = re.compile("|".join(map(re.escape, longest_first)))


def mask(text: str) -> str:
    """The text without anything that opens a door, cut to a length that a pattern can be run over."""
    text = _any_hidden.sub("***", text[: 2 * LONGEST])
    if not _MAYBE.search(text):
        return text
    text = _URL_PASSWORD.sub(r"\1***@", text)
    text = _BEARER.sub(r"\1***", text)
    text = _OWN_TOKEN.sub("bgi_***", text)
    text = _AWS_KEY.sub("***", text)
    text = _WEB_TOKEN.sub("***", text)
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


def _tell_the_end(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """What Python prints when nobody caught an error, masked like everything else."""
    sys.stderr.write(mask("".join(traceback.format_exception(kind, error, trace))[-LONGEST:]))


def configure(level: str) -> None:
    """Send every logger of this process to standard error as JSON lines. `level` is a word of logging."""
    sys.excepthook = _tell_the_end
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    # nothing that a line shows; asking for it takes a fifth of the time of a record
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    # SDKs print signed URLs and headers when they chatter; others tell of their own plugins
    for name in (
        *("botocore", "boto3", "urllib3", "s3transfer", "PIL"),
        *("alembic.runtime.plugins", "mysql.connector"),
    ):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    # that a lost connection cannot be rolled back either: who lost it tells of the loss
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
