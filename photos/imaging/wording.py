"""Cleans text that comes out of files before it meets a database or a page."""

from __future__ import annotations

import re
import unicodedata

# Controls other than line feed and tab, surrogates, noncharacters, and marks that reorder what follows.
_UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
_BLANKS = re.compile(r"[^\S\n]+")
_EMPTY_LINES = re.compile(r"\n{3,}")


def clean_line(value: str, most: int) -> str:
    """`value` as one line of at most `most` characters, NFC, without control characters."""
    return _cut(" ".join(_printable(value.replace("\r", "\n")).split()), most)


def clean_text(value: str, most: int) -> str:
    """`value` with its line breaks, at most `most` characters, NFC, without other control characters."""
    lines = _BLANKS.sub(" ", _printable(value.replace("\r\n", "\n").replace("\r", "\n")))
    return _cut(_EMPTY_LINES.sub("\n\n", lines).strip(), most)


def decode(raw: bytes) -> str:
    """Bytes of unknown age: UTF-8 if they can be, else Latin-1; what follows a NUL is padding."""
    raw = raw.split(b"\0", 1)[0]
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _printable(value: str) -> str:
    return unicodedata.normalize("NFC", _UNWANTED.sub("", value))


def _cut(value: str, most: int) -> str:
    return value[:most].rstrip()
