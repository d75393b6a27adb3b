"""When a photo was taken: the wall clock there, and how far that clock was from UTC if the file tells."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta

from photos.imaging import xmp
from photos.imaging.wording import decode

EXIF_MOMENTS = ((0x9003, 0x9011, 0x9291), (0x9004, 0x9012, 0x9292))
"""Tags of (date and time, offset, fraction of a second): taken, then digitised."""
CHANGED = (0x0132, 0x9010, 0x9290)
"""The same for the last change, which lies outside the EXIF block."""
GPS_TIME, GPS_DATE = 7, 29
IPTC_DATE, IPTC_TIME = (2, 55), (2, 60)

EARLIEST_YEAR = 1826
"""The oldest photograph that is left."""
MOST_OFFSET_MINUTES = 14 * 60
GPS_LAG_MINUTES = 3
"""Receivers may tell the time of their last fix: an offset has to come close to a quarter of an hour."""

_EXIF = re.compile(r"\s*(\d{4})[:\-./ ](\d{1,2})[:\-./ ](\d{1,2})[ T]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?")
_ISO = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?)?", re.IGNORECASE
)
_OFFSET = re.compile(r"\s*([+-])(\d{1,2}):?(\d\d)?")

Moment = tuple[datetime | None, int | None]
UNKNOWN: Moment = (None, None)
Tags = Mapping[int, object]


def taken(
    outer: Tags, inner: Tags, gps: Tags, packet: xmp.Packet, iptc: Mapping[tuple[int, int], object]
) -> Moment:
    """(wall clock, offset in minutes) from the best source there is; each None if the file does not say."""
    candidates = [_exif_moment(inner, inner, tags) for tags in EXIF_MOMENTS]
    candidates += [parse_iso(written) for written in packet.dates]
    candidates += [_iptc_moment(iptc), _exif_moment(outer, inner, CHANGED)]
    clock, offset = next((moment for moment in candidates if moment[0] is not None), UNKNOWN)
    if clock is not None and offset is None:
        offset = _same_moment_offset(clock, candidates)
    if clock is not None and offset is None:
        offset = _offset_by_gps(clock, gps)
    return clock, offset


def parse_iso(written: str) -> Moment:
    """A date of XMP: `2024-06-01`, `2024-06-01T12:30`, with seconds, fraction and offset where written."""
    match = _ISO.match(written.strip())
    if match is None:
        return UNKNOWN
    *numbers, fraction, zone = match.groups()
    return _clock([int(number or 0) for number in numbers], fraction or ""), _offset(zone or "")


def _exif_moment(tags: Tags, offsets: Tags, wanted: tuple[int, int, int]) -> Moment:
    match = _EXIF.match(_text(tags.get(wanted[0])))
    if match is None:
        return UNKNOWN
    numbers = [int(number or 0) for number in match.groups()]
    return _clock(numbers, _text(offsets.get(wanted[2]))), _offset(_text(offsets.get(wanted[1])))


def _iptc_moment(iptc: Mapping[tuple[int, int], object]) -> Moment:
    date, time = _text(iptc.get(IPTC_DATE)), _text(iptc.get(IPTC_TIME))
    if not re.fullmatch(r"\d{8}", date) or not re.match(r"\d{6}", time):
        return UNKNOWN
    numbers = [int(date[:4]), int(date[4:6]), int(date[6:]), int(time[:2]), int(time[2:4]), int(time[4:6])]
    return _clock(numbers, ""), _offset(time[6:])


def _same_moment_offset(clock: datetime, candidates: list[Moment]) -> int | None:
    """The offset that another block writes beside the same wall clock."""
    for other, offset in candidates:
        if other is not None and offset is not None and abs(other - clock) < timedelta(seconds=1):
            return offset
    return None


def _offset_by_gps(clock: datetime, gps: Tags) -> int | None:
    """Wall clock minus the satellites' UTC, if that comes close to a possible offset."""
    date = re.match(r"(\d{4})[:\-](\d\d)[:\-](\d\d)", _text(gps.get(GPS_DATE)))
    parts = gps.get(GPS_TIME)
    if date is None or not isinstance(parts, tuple | list) or len(parts) != 3:
        return None
    try:
        hour, minute, second = (int(float(part)) for part in parts)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError):
        # a fraction over nothing; the wall clock is good all the same
        return None
    utc = _clock([*(int(number) for number in date.groups()), hour, minute, second], "")
    if utc is None:
        return None
    minutes = (clock - utc).total_seconds() / 60
    nearest = round(minutes / 15) * 15
    if abs(minutes - nearest) > GPS_LAG_MINUTES or abs(nearest) > MOST_OFFSET_MINUTES:
        return None
    return nearest


def _clock(numbers: list[int], fraction: str) -> datetime | None:
    digits = re.match(r"\s*(\d{1,6})", fraction)
    microsecond = int(digits.group(1).ljust(6, "0")) if digits else 0
    year, month, day, hour, minute, second = numbers
    # A leap second is a real time that datetime cannot hold.
    try:
        moment = datetime(year, month, day, hour, minute, min(second, 59), microsecond)
    except (ValueError, OverflowError):
        return None
    return moment if moment.year >= EARLIEST_YEAR else None


def _offset(written: str) -> int | None:
    if written.strip().upper() == "Z":
        return 0
    match = _OFFSET.match(written)
    if match is None:
        return None
    sign, hours, minutes = match.groups()
    total = int(hours) * 60 + int(minutes or 0)
    if total > MOST_OFFSET_MINUTES or int(minutes or 0) > 59:
        return None
    return -total if sign == "-" else total


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return decode(value)
    return value if isinstance(value, str) else ""
