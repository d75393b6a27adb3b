"""What may be a key: text that means the same in a bucket and in a folder, and never leaves the folder."""

from __future__ import annotations

from photos.errors import Invalid

_LONGEST_KEY_BYTES = 1024
"""The limit of S3."""


def check_key(key: str) -> str:
    """The key itself. Raises Invalid for one that no adapter may touch.

    Refused are empty, `.` and `..` segments (so also a slash at either end), control characters, text
    that is not Unicode, and more than 1,024 bytes of UTF-8."""
    try:
        size_bytes = len(key.encode())
    except UnicodeEncodeError as error:
        raise _refused() from error
    is_readable = all(character >= " " and character != "\x7f" for character in key)
    is_beneath = all(segment not in ("", ".", "..") for segment in key.split("/"))
    if not is_readable or not is_beneath or size_bytes > _LONGEST_KEY_BYTES:
        raise _refused()
    return key


def _refused() -> Invalid:
    return Invalid("This is not a valid storage key.", code="key")
