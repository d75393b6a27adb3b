"""What is promised of a file before its bytes come: name, size, hash and kind, and the parts it comes in."""

from __future__ import annotations

from pathlib import PurePosixPath

import msgspec

from photos.config import Settings
from photos.errors import Invalid
from photos.models import Upload

MAX_PARTS = 10_000
"""The limit of S3."""
PHOTO_SUFFIXES = frozenset(
    {
        ".jpg",
        ".jpeg",
        ".jpe",
        ".jfif",
        ".png",
        ".gif",
        ".webp",
        ".tif",
        ".tiff",
        ".avif",
        ".heic",
        ".heif",
        ".hif",
    }
)
PHOTO_KINDS = "JPEG, PNG, GIF, WebP, TIFF, AVIF and HEIC"


class OfferedFile(msgspec.Struct, frozen=True):
    """What a client says of a file before it sends it. `sha256` is 64 lower-case hex digits."""

    name: str
    size_bytes: int
    sha256: str
    media_type: str = ""


def clean_name(name: str) -> str:
    """A file name to show: the last part of a path, no control characters, 1-255 characters.

    Raises Invalid if nothing is left. The name never becomes part of a key.
    """
    printable = "".join(c for c in name if c.isprintable())
    cleaned = PurePosixPath(printable.replace("\\", "/")).name.strip()
    if cleaned in {"", ".", ".."}:
        raise Invalid("The file has no name.", code="name", field="name")
    if len(cleaned) > 255:
        suffix = PurePosixPath(cleaned).suffix[:20]
        cleaned = cleaned[: 255 - len(suffix)] + suffix
    return cleaned


def check_promise(file: OfferedFile, settings: Settings) -> None:
    """Refuse what can be refused without the bytes. Raises Invalid."""
    if len(file.sha256) != 64 or not set(file.sha256) <= set("0123456789abcdef"):
        raise Invalid("sha256 must be 64 lower-case hexadecimal digits.", code="sha256", field="sha256")
    if file.size_bytes <= 0:
        raise Invalid("The file is empty.", code="empty", field="size")
    if file.size_bytes > settings.max_photo_bytes:
        raise Invalid(
            f"It is larger than {size_words(settings.max_photo_bytes)}, the largest file taken here.",
            code="too_large",
            field="size",
        )
    check_kind(file.name, file.media_type)


def check_kind(name: str, media_type: str) -> None:
    """Refuse what name and declared type both say is no photo. Content decides later. Raises Invalid."""
    kind = media_type.partition("/")[0]
    if kind == "image" or PurePosixPath(name.lower()).suffix in PHOTO_SUFFIXES:
        return
    if kind == "video":
        raise Invalid(f"It is a video. Bigimage keeps photos: {PHOTO_KINDS}.", code="not_a_photo")
    if kind in {"audio", "text", "application"} and media_type != "application/octet-stream":
        raise Invalid(f"It is not a photo. Bigimage keeps {PHOTO_KINDS}.", code="not_a_photo")


def part_size_for(size_bytes: int, wanted: int) -> int:
    """Bytes a part: the wanted size, or more where that would need over 10,000 parts (S3's limit)."""
    return max(wanted, -(-size_bytes // MAX_PARTS))


def expected_parts(upload: Upload) -> list[tuple[int, int]]:
    """(number, size) of every part of an upload."""
    count = -(-upload.size_bytes // upload.part_size)
    last = upload.size_bytes - (count - 1) * upload.part_size
    return [(number, upload.part_size if number < count else last) for number in range(1, count + 1)]


def size_words(size_bytes: int) -> str:
    """A size for people: 512 MB."""
    value, unit = float(size_bytes), "bytes"
    for unit in ("bytes", "KB", "MB", "GB", "TB"):
        if value < 1024 or unit == "TB":
            break
        value /= 1024
    return f"{value:.0f} {unit}" if value >= 10 or unit == "bytes" else f"{value:.1f} {unit}"
