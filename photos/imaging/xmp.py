"""The few properties of an XMP packet that we keep (ISO 16684-1; attributes and elements mean the same)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from defusedxml import ElementTree

from photos.models import Position

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
DC = "{http://purl.org/dc/elements/1.1/}"
EXIF = "{http://ns.adobe.com/exif/1.0/}"
PHOTOSHOP = "{http://ns.adobe.com/photoshop/1.0/}"
XMP = "{http://ns.adobe.com/xap/1.0/}"
LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"

DATES = (EXIF + "DateTimeOriginal", PHOTOSHOP + "DateCreated", XMP + "CreateDate")

_COORDINATE = re.compile(r"(\d{1,3}),(\d{1,2}(?:\.\d+)?)(?:,(\d{1,2}(?:\.\d+)?))?([NSEW])")


@dataclass(frozen=True, slots=True)
class Packet:
    """What a packet says, in its own words; empty where it says nothing."""

    dates: tuple[str, ...] = ()
    description: str = ""
    title: str = ""
    keywords: tuple[str, ...] = ()
    rating: float | None = None
    latitude: str = ""
    longitude: str = ""

    def position(self) -> Position | None:
        """Where the photo was taken; None if the packet does not say or says nonsense."""
        latitude, longitude = _degrees(self.latitude, "NS", 90), _degrees(self.longitude, "EW", 180)
        if latitude is None or longitude is None or (latitude == 0 and longitude == 0):
            return None
        return Position(latitude, longitude)


EMPTY = Packet()


def parse(packet: bytes) -> Packet:
    """Read a packet. Raises what the XML parser raises for one that is broken or has entities."""
    if not packet.strip(b"\0 \r\n\t"):
        return EMPTY
    root = ElementTree.fromstring(packet.strip(b"\0 \r\n\t"))
    properties = _properties(root)
    return Packet(
        dates=tuple(text for name in DATES if (text := _text(properties.get(name)))),
        description=_text(properties.get(DC + "description")),
        title=_text(properties.get(DC + "title")),
        keywords=tuple(_items(properties.get(DC + "subject"))),
        rating=_number(_text(properties.get(XMP + "Rating"))),
        latitude=_text(properties.get(EXIF + "GPSLatitude")),
        longitude=_text(properties.get(EXIF + "GPSLongitude")),
    )


def _properties(root: Element) -> dict[str, Element | str]:
    found: dict[str, Element | str] = {}
    for description in root.iter(RDF + "Description"):
        for name, value in description.items():
            found.setdefault(name, value)
        for child in description:
            found.setdefault(child.tag, child)
    return found


def _text(value: Element | str | None) -> str:
    """A plain value, or the default language of an alternative."""
    if value is None or isinstance(value, str):
        return value or ""
    items = list(value.iter(RDF + "li"))
    default = [item for item in items if item.get(LANGUAGE) == "x-default"] or items
    return (default[0].text or "") if default else (value.text or "").strip()


def _items(value: Element | str | None) -> list[str]:
    if value is None or isinstance(value, str):
        return [value] if value else []
    return [item.text or "" for item in value.iter(RDF + "li")]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _degrees(written: str, sides: str, most: int) -> float | None:
    match = _COORDINATE.fullmatch(written.strip())
    if match is None or match.group(4) not in sides:
        return None
    degrees = int(match.group(1)) + float(match.group(2)) / 60 + float(match.group(3) or 0) / 3600
    if degrees > most:
        return None
    return round(-degrees if match.group(4) == sides[1] else degrees, 7)
