"""Content-Disposition for file names that people chose (RFC 6266, RFC 8187)."""

from __future__ import annotations

import unicodedata
from urllib.parse import quote

_ATTR_CHARS = "!#$&+-.^_`|~"
"""`attr-char` of RFC 8187, beside letters and digits: what needs no percent sign."""

_LONGEST_NAME = 150
"""Characters. Together with the percent signs the header stays under 2 KB."""


def content_disposition(download_name: str) -> str:
    """`inline` for an empty name, else an attachment under that name.

    Control, format (bidi overrides among them) and surrogate characters are removed, slashes replaced,
    so that the header is one line and the name is what it looks like."""
    if not download_name:
        return "inline"
    name = _clean(download_name)
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    fallback = "".join("_" if character in '"\\%;' else character for character in plain).strip() or "photo"
    header = f'attachment; filename="{fallback}"'
    if fallback == name:
        return header
    return f"{header}; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"


def _clean(name: str) -> str:
    kept = "".join(
        character for character in name if unicodedata.category(character) not in ("Cc", "Cf", "Cs")
    )
    one_segment = kept.replace("/", "_").replace("\\", "_").strip(" .")
    if len(one_segment) <= _LONGEST_NAME:
        return one_segment or "photo"
    stem, dot, ending = one_segment.rpartition(".")
    if not dot or len(ending) > 10:
        return one_segment[:_LONGEST_NAME]
    return f"{stem[: _LONGEST_NAME - len(ending) - 1]}.{ending}"
