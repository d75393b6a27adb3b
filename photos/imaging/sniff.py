"""What a file is, told by its first bytes and never by its name."""

from __future__ import annotations

import re
import struct

from photos.errors import Invalid

HEAD_BYTES = 4096
"""How much of a file `sniff` wants to see."""

ACCEPTED = "JPEG, PNG, GIF, WebP, TIFF, AVIF and HEIC"
MEDIA_TYPES = frozenset(
    {"image/jpeg", "image/png", "image/gif", "image/webp", "image/tiff", "image/avif", "image/heic"}
)

_EXPORT = "Export it as JPEG and upload that."
_PHOTO_EXPORT = f"a photo format we do not take. {_EXPORT}"
_MOVIE = "a video. Only photos can be kept here."
_DOCUMENT = "not a photo. Export the page as JPEG and upload that."
_RAW = "a camera RAW file. Export it as JPEG in your photo software and upload that."
_DRAWING = "a drawing made of instructions, not a photo. Export it as PNG and upload that."
_ARCHIVE = "an archive, not a photo. Unpack it and upload the photos in it."
_PAGE = "text, not a photo."

_PREFIXES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
_TIFF_PREFIXES = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_OTHER_PREFIXES: tuple[tuple[bytes, str, str], ...] = (
    (b"%PDF", "a PDF", _DOCUMENT),
    (b"%!PS", "a PostScript file", _DOCUMENT),
    (b"\xc5\xd0\xd3\xc6", "a PostScript file", _DOCUMENT),
    (b"8BPS", "a Photoshop file", _PHOTO_EXPORT),
    (b"BM", "a BMP picture", _PHOTO_EXPORT),
    (b"\0\0\x01\0", "an icon file", _PHOTO_EXPORT),
    (b"\0\0\x02\0", "a cursor file", _PHOTO_EXPORT),
    (b"\xff\x4f\xff\x51", "a JPEG 2000 picture", _PHOTO_EXPORT),
    (b"\0\0\0\x0cjP  ", "a JPEG 2000 picture", _PHOTO_EXPORT),
    (b"\xff\x0a", "a JPEG XL picture", _PHOTO_EXPORT),
    (b"\0\0\0\x0cJXL ", "a JPEG XL picture", _PHOTO_EXPORT),
    (b"DDS ", "a DDS texture", _PHOTO_EXPORT),
    (b"qoif", "a QOI picture", _PHOTO_EXPORT),
    (b"v/1\x01", "an OpenEXR picture", _PHOTO_EXPORT),
    (b"#?RADIANCE", "a Radiance picture", _PHOTO_EXPORT),
    (b"SIMPLE  =", "a FITS picture", _PHOTO_EXPORT),
    (b"II\xbc\x01", "a JPEG XR picture", _PHOTO_EXPORT),
    (b"gimp xcf", "a GIMP file", _PHOTO_EXPORT),
    (b"FUJIFILMCCD-RAW", "a Fujifilm RAF file", _RAW),
    (b"IIRO", "an Olympus ORF file", _RAW),
    (b"IIRS", "an Olympus ORF file", _RAW),
    (b"MMOR", "an Olympus ORF file", _RAW),
    (b"IIU\0", "a Panasonic RW2 file", _RAW),
    (b"FOVb", "a Sigma X3F file", _RAW),
    (b"\0MRM", "a Minolta MRW file", _RAW),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM file", _MOVIE),
    (b"FLV\x01", "a Flash video", _MOVIE),
    (b"\0\0\x01\xba", "an MPEG file", _MOVIE),
    (b"\0\0\x01\xb3", "an MPEG file", _MOVIE),
    (b"0&\xb2u\x8ef\xcf\x11", "a Windows Media file", _MOVIE),
    (b"PK\x03\x04", "a ZIP file", _ARCHIVE),
    (b"Rar!\x1a\x07", "an RAR file", _ARCHIVE),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip file", _ARCHIVE),
    (b"\x1f\x8b", "a gzip file", _ARCHIVE),
    (b"id gimp", "a drawing script", _DRAWING),
    (b"push graphic-context", "a drawing script", _DRAWING),
)
_FAMILIES_OF_BRANDS: tuple[tuple[frozenset[bytes], str], ...] = (
    (frozenset({b"avif", b"avis"}), "image/avif"),
    (
        frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}),
        "image/heic",
    ),
)
NEW_SUBFILE_TYPE, REDUCED_COPY = 254, 1
SUB_DIRECTORIES, DNG_VERSION = 330, 50706

_STILL_BRANDS = frozenset({b"mif1", b"mif2", b"msf1"})
_XML_ROOT = re.compile(rb"<(?:[a-z]+:)?(svg|html)\b|<!doctype\s+(svg|html)\b", re.IGNORECASE)


def sniff(head: bytes) -> str:
    """The media type of an accepted picture that begins with `head` (`HEAD_BYTES`, or the whole file).

    Raises Invalid that says what the file is instead and what its owner can do.
    """
    if not head:
        raise Invalid("This file is empty. Send it again from where it is whole.", code="empty")
    for prefix, media_type in _PREFIXES:
        if head.startswith(prefix):
            return media_type
    if head.startswith(b"RIFF") and len(head) >= 12:
        return _sniff_riff(head[8:12])
    if head.startswith(_TIFF_PREFIXES):
        return _sniff_tiff(head)
    if head[4:8] == b"ftyp":
        return _sniff_brands(head)
    for prefix, name, advice in _OTHER_PREFIXES:
        if head.startswith(prefix):
            raise _other(name, advice)
    raise _sniff_text(head)


def _sniff_riff(kind: bytes) -> str:
    if kind == b"WEBP":
        return "image/webp"
    if kind == b"AVI ":
        raise _other("an AVI file", _MOVIE)
    raise _unknown()


def _sniff_tiff(head: bytes) -> str:
    # Most RAW formats are TIFF inside, and what a TIFF reader finds there is a postage stamp of the photo.
    tags = _first_directory(head)
    if DNG_VERSION in tags:
        raise _other("a DNG file", _RAW)
    if (tags.get(NEW_SUBFILE_TYPE) == REDUCED_COPY and SUB_DIRECTORIES in tags) or head[8:10] == b"CR":
        raise _other("a RAW file", _RAW)
    return "image/tiff"


def _first_directory(head: bytes) -> dict[int, int]:
    """Tags of a classic TIFF's first directory, as far as `head` reaches, with their value field."""
    order = "<" if head[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", head.ljust(8, b"\0"), 4)
    if head[2:4] not in {b"*\0", b"\0*"} or start + 2 > len(head):
        return {}
    (count,) = struct.unpack_from(order + "H", head, start)
    entries = range(start + 2, min(start + 2 + 12 * count, len(head) - 11), 12)
    unpacked = (struct.unpack_from(order + "HHII", head, at) for at in entries)
    # A 16-bit value sits in the first half of its field, which is the high half when big-endian.
    return {tag: value >> 16 if order == ">" and kind == 3 else value for tag, kind, _, value in unpacked}


def _sniff_brands(head: bytes) -> str:
    length = int.from_bytes(head[:4], "big")
    box = head[8 : min(length, len(head))] if length >= 16 else head[8:12]
    brands = [box[at : at + 4] for at in range(0, len(box), 4) if at != 4]
    for family, media_type in _FAMILIES_OF_BRANDS:
        if brands and brands[0] in family:
            return media_type
    if brands and brands[0] in _STILL_BRANDS:
        for family, media_type in _FAMILIES_OF_BRANDS:
            if family.intersection(brands):
                return media_type
        raise _unknown()
    if brands and brands[0] == b"crx ":
        raise _other("a Canon CR3 file", _RAW)
    raise _other("an MP4 or QuickTime file", _MOVIE)


def _sniff_text(head: bytes) -> Invalid:
    start = head.lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").replace(b"\0", b"")
    root = _XML_ROOT.search(start)
    if start.startswith(b"<") and root:
        if b"svg" in root.group(0).lower():
            return _other("an SVG", _DRAWING)
        return _other("a web page", _DOCUMENT)
    if start.startswith(b"<?xml"):
        return _other("an XML file", _PAGE)
    return _unknown()


def _other(name: str, advice: str) -> Invalid:
    return Invalid(f"This is {name}, {advice}", code="unsupported")


def _unknown() -> Invalid:
    return Invalid(f"This is not a picture we can read. We take {ACCEPTED}.", code="unsupported")
