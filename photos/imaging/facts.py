"""What a file says about its photo: EXIF first, then XMP, then IPTC.

Cameras and programs write these blocks with every mistake there is, so each fact is read by itself, and a
value that makes no sense counts as not written. Tags: CIPA DC-008 (EXIF), ISO 16684-1 (XMP), IPTC IIM 4.2.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Mapping
from typing import TypeVar

from PIL import IptcImagePlugin
from PIL.ImageFile import ImageFile

from photos.imaging import moments, xmp
from photos.imaging.wording import clean_line, clean_text, decode
from photos.models import Camera, FileFacts, Position

DESCRIPTION, MAKE, MODEL, ORIENTATION = 0x010E, 0x010F, 0x0110, 0x0112
RATING, XP_TITLE, XP_COMMENT, XP_KEYWORDS = 0x4746, 0x9C9B, 0x9C9C, 0x9C9E
EXIF_BLOCK, GPS_BLOCK = 0x8769, 0x8825
EXPOSURE, F_NUMBER, ISO, FOCAL_LENGTH = 0x829A, 0x829D, 0x8827, 0x920A
LENS_MAKE, LENS_MODEL, USER_COMMENT = 0xA433, 0xA434, 0x9286
IPTC_KEYWORDS, IPTC_CAPTION = (2, 25), (2, 120)

MOST_DESCRIPTION, MOST_CAMERA, MOST_LENS = 2000, 100, 150
MOST_KEYWORDS, MOST_KEYWORD = 100, 100
MOST_XMP_BYTES = 4 * 1024 * 1024

GENERATED_DESCRIPTIONS = frozenset(
    {"olympus digital camera", "samsung camera pictures", "minolta digital camera"}
)
"""What cameras write into every description; nobody wants to read or find it."""

logger = logging.getLogger(__name__)

Tags = Mapping[int, object]
T = TypeVar("T")


def read_facts(picture: ImageFile) -> FileFacts:
    """Everything in the metadata of an opened picture. Never raises for odd metadata."""
    outer: Tags = _attempt(lambda: dict(picture.getexif()), {})
    inner: Tags = _attempt(lambda: dict(picture.getexif().get_ifd(EXIF_BLOCK)), {})
    gps: Tags = _attempt(lambda: dict(picture.getexif().get_ifd(GPS_BLOCK)), {})
    packet = _attempt(lambda: xmp.parse(_xmp_bytes(picture)), xmp.EMPTY)
    iptc: Mapping[tuple[int, int], object] = _attempt(lambda: IptcImagePlugin.getiptcinfo(picture) or {}, {})
    taken, offset = _attempt(lambda: moments.taken(outer, inner, gps, packet, iptc), moments.UNKNOWN)
    return FileFacts(
        taken_local=taken,
        offset_minutes=offset,
        camera=_camera(outer, inner),
        position=_attempt(lambda: _position(gps), None) or _attempt(packet.position, None),
        description=_attempt(lambda: _description(outer, inner, packet, iptc), ""),
        rating=_attempt(lambda: _rating(outer, packet), None),
        keywords=_attempt(lambda: _keywords(outer, packet, iptc), ()),
        orientation=_attempt(lambda: orientation(outer), 1),
    )


def orientation(outer: Tags) -> int:
    """The EXIF orientation 1-8; anything else, also 0 and 9, means upright."""
    value = outer.get(ORIENTATION)
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _attempt(read: Callable[[], T], otherwise: T) -> T:
    # Pillow's readers let a dozen exception classes out of broken blocks; none of them makes the photo worse.
    try:
        return read()
    except Exception as error:
        logger.debug("metadata not read: %s", type(error).__name__)
        return otherwise


def _xmp_bytes(picture: ImageFile) -> bytes:
    raw = (
        picture.info.get("xmp")
        or picture.info.get("XML:com.adobe.xmp")
        or picture.getexif().get(0x02BC)
        or b""
    )
    packet = raw.encode() if isinstance(raw, str) else bytes(raw)
    return packet if len(packet) <= MOST_XMP_BYTES else b""


def _camera(outer: Tags, inner: Tags) -> Camera:
    make, model = _line(outer.get(MAKE), MOST_CAMERA), _line(outer.get(MODEL), MOST_CAMERA)
    lens_make, lens = _line(inner.get(LENS_MAKE), MOST_LENS), _line(inner.get(LENS_MODEL), MOST_LENS)
    if lens and lens_make and not lens.casefold().startswith(lens_make.split()[0].casefold()):
        lens = clean_line(f"{lens_make} {lens}", MOST_LENS)
    iso = _number(inner.get(ISO), 1, 10_000_000)
    return Camera(
        make=make,
        model=model,
        lens=lens,
        f_number=_number(inner.get(F_NUMBER), 0.1, 1000),
        exposure_seconds=_number(inner.get(EXPOSURE), 1e-7, 1e6),
        iso=None if iso is None else round(iso),
        focal_length_mm=_number(inner.get(FOCAL_LENGTH), 0.1, 100_000),
    )


def _position(gps: Tags) -> Position | None:
    latitude = _degrees(gps.get(2), gps.get(1), "S", 90)
    longitude = _degrees(gps.get(4), gps.get(3), "W", 180)
    # Receivers without a fix write 0, 0, which lies in the sea off Ghana.
    if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
        return None
    altitude = _number(gps.get(6), 0, 100_000)
    if altitude is not None and gps.get(5) in {b"\x01", 1}:
        altitude = -altitude
    return Position(latitude, longitude, altitude)


def _degrees(value: object, side: object, negative_side: str, most: int) -> float | None:
    parts = value if isinstance(value, tuple | list) else (value,)
    numbers = [_number(part, 0, most * 3600) for part in parts[:3]]
    if not numbers or any(number is None for number in numbers):
        return None
    degrees = math.fsum(number / 60**place for place, number in enumerate(numbers) if number is not None)
    if degrees > most:
        return None
    is_negative = _line(side, 8).upper().startswith(negative_side)
    return round(-degrees if is_negative else degrees, 7)


def _description(outer: Tags, inner: Tags, packet: xmp.Packet, iptc: Mapping[tuple[int, int], object]) -> str:
    candidates = (
        packet.description,
        _words(iptc.get(IPTC_CAPTION)),
        _words(outer.get(DESCRIPTION)),
        _utf_16(outer.get(XP_COMMENT)),
        _user_comment(inner.get(USER_COMMENT)),
        packet.title,
        _utf_16(outer.get(XP_TITLE)),
    )
    cleaned = (clean_text(candidate, MOST_DESCRIPTION) for candidate in candidates)
    return next((text for text in cleaned if text and text.casefold() not in GENERATED_DESCRIPTIONS), "")


def _rating(outer: Tags, packet: xmp.Packet) -> int | None:
    rating = packet.rating if packet.rating is not None else _number(outer.get(RATING), -1, 5)
    return round(rating) if rating is not None and 1 <= round(rating) <= 5 else None


def _keywords(outer: Tags, packet: xmp.Packet, iptc: Mapping[tuple[int, int], object]) -> tuple[str, ...]:
    written = iptc.get(IPTC_KEYWORDS, [])
    values = written if isinstance(written, list) else [written]
    found = [
        *packet.keywords,
        *(_words(value) for value in values),
        *_utf_16(outer.get(XP_KEYWORDS)).split(";"),
    ]
    unique: dict[str, str] = {}
    for word in found:
        if cleaned := clean_line(word, MOST_KEYWORD):
            unique.setdefault(cleaned.casefold(), cleaned)
    return tuple(unique.values())[:MOST_KEYWORDS]


def _line(value: object, most: int) -> str:
    return clean_line(_words(value), most)


def _words(value: object) -> str:
    """Text of a tag. Pillow reads EXIF text as Latin-1; most programs of today write UTF-8."""
    if isinstance(value, bytes):
        return decode(value)
    if not isinstance(value, str):
        return ""
    try:
        return decode(value.encode("latin-1"))
    except UnicodeEncodeError:
        return value


def _utf_16(value: object) -> str:
    if isinstance(value, tuple) and all(isinstance(item, int) and 0 <= item < 256 for item in value):
        value = bytes(value)
    return value.decode("utf-16-le", "ignore").split("\0", 1)[0] if isinstance(value, bytes) else ""


def _user_comment(value: object) -> str:
    raw = value.encode("latin-1", "ignore") if isinstance(value, str) else value
    if not isinstance(raw, bytes) or len(raw) <= 8:
        return ""
    kind, text = raw[:8], raw[8:]
    if kind == b"UNICODE\0":
        order = "utf-16-be" if text[:1] == b"\0" else "utf-16-le"
        return text.decode(order, "ignore").split("\0", 1)[0]
    return decode(text) if kind in {b"ASCII\0\0\0", bytes(8)} else ""


def _number(value: object, low: float, high: float) -> float | None:
    """A finite number within the bounds; of several values the first."""
    if isinstance(value, tuple | list) and value:
        value = value[0]
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        return None
    return number if math.isfinite(number) and low <= number <= high else None
