"""Targets that take files: first bytes, EXIF, XMP and IPTC as cameras, programs and enemies write them."""

from __future__ import annotations

import io
import math
import os
import struct
import warnings
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from functools import cache
from pathlib import Path
from xml.etree.ElementTree import ParseError

import msgspec
from defusedxml import DefusedXmlException
from PIL import Image

from photos.errors import Invalid
from photos.imaging import facts, xmp
from photos.imaging.moments import EARLIEST_YEAR, MOST_OFFSET_MINUTES
from photos.imaging.sniff import HEAD_BYTES, MEDIA_TYPES, sniff
from photos.models import FileFacts
from tests import pictures
from tests.fuzz.target import Target
from tests.fuzz.words import CONTROLS

TAKEN = datetime(2024, 6, 1, 12, 30)
LONGEST_SEED = 60_000
"""A JPEG segment holds less than 64 KiB."""


def check_sniff(content: bytes) -> None:
    """One of the types we take, or a reason in words; the same for a longer file with this head."""
    try:
        media_type = sniff(content)
    except Invalid as refusal:
        assert refusal.reason and refusal.code in {"empty", "unsupported"}
    else:
        assert media_type in MEDIA_TYPES
        if len(content) >= HEAD_BYTES:
            assert sniff(content[:HEAD_BYTES]) == media_type


def check_exif(content: bytes) -> None:
    """Facts that make sense, out of any EXIF block of a JPEG and of a PNG."""
    for body in (_with_exif(content), _png_with_exif(content)):
        _check_facts(body)


def check_xmp(content: bytes) -> None:
    """A packet is read or refused by the XML parser; facts are made of it in either case."""
    with suppress(ParseError, DefusedXmlException, UnicodeDecodeError, LookupError, ValueError):
        packet = xmp.parse(content)
        packet.position()
    _check_facts(_with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + content))


def check_iptc(content: bytes) -> None:
    """Facts that make sense, out of any Photoshop block."""
    _check_facts(_with_segment(0xED, b"Photoshop 3.0\0" + content))


def check_gps(content: bytes) -> None:
    """Whatever the position block holds, the date beside it is kept."""
    found = _check_facts(_with_exif(_with_gps_block(content)))
    assert found is None or found.taken_local == TAKEN, found


def check_picture(content: bytes) -> None:
    """Facts that make sense, out of a whole file, as far as Pillow opens it."""
    _check_facts(content)


def _check_facts(body: bytes) -> FileFacts | None:
    """Read as the decoder child does; None if Pillow does not take the file for a picture."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(io.BytesIO(body))
        except Exception:
            return None
        with picture:
            found = facts.read_facts(picture)
    check_facts(found)
    return found


def check_facts(found: FileFacts) -> None:
    """What `FileFacts` promises, whatever stood in the file."""
    camera, position = found.camera, found.position
    texts = (found.description, camera.make, camera.model, camera.lens, *found.keywords)
    for text in texts:
        assert not CONTROLS.search(text), text
        text.encode()
    for line in (camera.make, camera.model, camera.lens, *found.keywords):
        assert "\n" not in line
    assert len(found.description) <= facts.MOST_DESCRIPTION and len(camera.lens) <= facts.MOST_LENS
    assert max(len(camera.make), len(camera.model)) <= facts.MOST_CAMERA
    assert len(found.keywords) <= facts.MOST_KEYWORDS and all(found.keywords)
    assert 1 <= found.orientation <= 8 and found.rating in {None, 1, 2, 3, 4, 5}
    assert found.taken_local is None or found.taken_local.year >= EARLIEST_YEAR
    assert found.taken_local is None or found.taken_local.tzinfo is None
    assert found.offset_minutes is None or abs(found.offset_minutes) <= MOST_OFFSET_MINUTES
    assert position is None or (abs(position.latitude) <= 90 and abs(position.longitude) <= 180)
    numbers = (camera.f_number, camera.exposure_seconds, camera.focal_length_mm, camera.iso)
    assert all(number is None or (math.isfinite(number) and number > 0) for number in numbers)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=FileFacts) == found


@cache
def _small_jpeg() -> bytes:
    return pictures.jpeg(16, 12)


def _with_segment(marker: int, content: bytes) -> bytes:
    body, content = _small_jpeg(), content[:65_533]
    return body[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + body[2:]


def _with_exif(block: bytes) -> bytes:
    return _with_segment(0xE1, b"Exif\0\0" + block)


@cache
def _png_halves() -> tuple[bytes, bytes]:
    body = pictures.png(8, 6)
    return body[:33], body[33:]


def _png_with_exif(block: bytes) -> bytes:
    start, rest = _png_halves()
    return start + pictures._png_chunk(b"eXIf", block) + rest


def _with_gps_block(gps: bytes) -> bytes:
    """Little-endian EXIF: a good date in the inner block, and `gps` as the directory of positions."""
    date = b"2024:06:01 12:30:00\0"
    outer = (
        struct.pack("<H", 2) + struct.pack("<HHII", 0x8769, 4, 1, 38) + struct.pack("<HHII", 0x8825, 4, 1, 76)
    )
    inner = struct.pack("<H", 1) + struct.pack("<HHII", 0x9003, 2, len(date), 56) + struct.pack("<I", 0)
    return b"II*\0" + struct.pack("<I", 8) + outer + struct.pack("<I", 0) + inner + date + gps


def _gps_seeds() -> list[bytes]:
    """Directories of positions: latitude, longitude, date and time, with their values behind them."""
    start = 76
    values = struct.pack("<18I", 48, 1, 8, 1, 13, 1, 11, 1, 34, 1, 3000, 100, 10, 1, 30, 1, 5, 1)
    count = 6
    at = start + 2 + 12 * count + 4
    entries = [
        (1, 2, 2, b"N\0\0\0"),
        (2, 5, 3, struct.pack("<I", at)),
        (3, 2, 2, b"E\0\0\0"),
        (4, 5, 3, struct.pack("<I", at + 24)),
        (7, 5, 3, struct.pack("<I", at + 48)),
        (29, 2, 11, struct.pack("<I", at + 72)),
    ]
    directory = struct.pack("<H", count) + b"".join(
        struct.pack("<HHI", *entry[:3]) + entry[3] for entry in entries
    )
    block = directory + struct.pack("<I", 0) + values + b"2024:06:01\0"
    zeros = block.replace(
        struct.pack("<6I", 10, 1, 30, 1, 5, 1), struct.pack("<6I", 10, 0, 0, 0, 2**32 - 1, 1)
    )
    return [block, zeros]


def _exif_seeds() -> list[bytes]:
    full = pictures.exif(
        taken="2024:06:01 12:30:00",
        offset="+02:00",
        subsec="123",
        make="Maker",
        model="Model",
        lens="50mm",
        gps=(48.137, 11.575),
        altitude=520.0,
        gps_utc=("2024:06:01", (10, 30, 0)),
        orientation=6,
        description="A day at the sea",
        rating=4,
        f_number=2.8,
        exposure_seconds=0.01,
        iso=200,
        focal_length_mm=50.0,
    )
    blocks = [full, pictures.exif(taken="2024:06:01 12:30:00"), pictures.exif(orientation=3)]
    big_endian = Image.Exif()
    big_endian.endian = ">"
    big_endian[0x010E], big_endian[0x9C9E] = "words", "a;b".encode("utf-16-le")
    blocks.append(big_endian.tobytes())
    return [block.removeprefix(b"Exif\0\0") for block in blocks] + _corpus_blocks(b"Exif\0\0")


def _xmp_seeds() -> list[bytes]:
    attributes = {"xmp:Rating": "5", "exif:GPSLatitude": "48,8.22N", "exif:GPSLongitude": "11,34.5E"}
    words = '<dc:description><rdf:Alt><rdf:li xml:lang="x-default">Day</rdf:li></rdf:Alt></dc:description>'
    dates = {"photoshop:DateCreated": "2024-06-01T12:30:00.5+02:00", "xmp:CreateDate": "2024-06-01"}
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "'
        + b"b" * 50
        + b'"><!ENTITY c "&b;&b;&b;">]><a>&c;</a>'
    )
    packets = [
        pictures.xmp(attributes, pictures.xmp_keywords("sea", "sun")),
        pictures.xmp(dates, words),
        bomb,
    ]
    return [*packets, *_corpus_blocks(b"http://ns.adobe.com/xap/1.0/\0")]


def _iptc_seeds() -> list[bytes]:
    body = pictures.with_iptc(
        _small_jpeg(), keywords=("sea", "sun"), caption="A day", date="20240601", time="123000+0200"
    )
    block = body[body.index(b"Photoshop 3.0\0") + 14 :]
    return [block[: block.index(b"\xff")], *_corpus_blocks(b"Photoshop 3.0\0")]


def _head_seeds() -> list[bytes]:
    heads = [body[:HEAD_BYTES] for body in _picture_seeds()]
    texts = (
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"\xef\xbb\xbf <!doctype html>",
        b"<?xml version='1.0'?>",
    )
    boxes = (
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1",
        b"\0\0\0\x14ftypisom\0\0\0\0mp41",
    )
    dng = b"II*\0\x08\0\0\0\x02\0" + struct.pack("<HHII", 254, 4, 1, 1) + struct.pack("<HHII", 330, 4, 1, 8)
    return [*heads, *texts, *boxes, dng, b"RIFF\0\0\0\0AVI ", b"PK\x03\x04", b"%PDF-1.7"]


@cache
def _picture_seeds() -> Sequence[bytes]:
    """One small file of each format, with metadata where it can have some, and small ones of the corpus."""
    block, packet = (
        pictures.exif(taken="2024:06:01 12:30:00", orientation=6),
        pictures.xmp({"xmp:Rating": "3"}),
    )
    made = [
        pictures.jpeg(16, 12, exif=block, xmp=packet),
        pictures.png(16, 12, exif=block),
        pictures.webp(16, 12, exif=block, xmp=packet),
        pictures.tiff(16, 12),
        pictures.gif(16, 12),
        pictures.avif(16, 12, exif=block, xmp=packet),
        pictures.heic(64, 64, exif=block),
        pictures.animated("TIFF", 2, width=8, height=8),
    ]
    return [*made, *(body for body in _corpus() if len(body) < 4000)]


@cache
def _corpus() -> Sequence[bytes]:
    """Odd pictures of the folder that BIGIMAGE_CORPUS names, as long as one segment at most."""
    root = os.environ.get("BIGIMAGE_CORPUS", "")
    if not root:
        return []
    paths = sorted(path for path in (Path(root) / "images").rglob("*") if path.is_file())
    return [path.read_bytes() for path in paths if path.stat().st_size <= LONGEST_SEED]


def _corpus_blocks(mark: bytes) -> list[bytes]:
    """What follows `mark` in files of the corpus, to the end of the segment."""
    blocks = []
    for body in _corpus():
        at = body.find(mark)
        if body[:2] == b"\xff\xd8" and at >= 4:
            length = int.from_bytes(body[at - 2 : at], "big")
            blocks.append(body[at + len(mark) : at - 2 + length])
    return [block for block in blocks if block]


_TAGS = tuple(
    struct.pack("<H", tag) for tag in (0x010E, 0x0112, 0x8769, 0x8825, 0x9003, 0x9286, 0x829D, 0x9C9E, 0x02BC)
)
_KINDS = tuple(
    struct.pack("<HI", kind, count) for kind in (0, 1, 2, 5, 7, 10, 12, 13) for count in (0, 1, 3, 65535)
)
_XML = (
    b"<rdf:li>",
    b"</rdf:li>",
    b"&#0;",
    b"&#xD800;",
    b"&lt;",
    b"<![CDATA[",
    b"xml:lang='x-default'",
    b"NaN",
    b"1e999",
    b"90,0.0N",
    b"\xed\xa0\x80",
    b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>",
    b"encoding='utf-16'",
    b"2024-02-30T25:61",
)

TARGETS = (
    Target(
        "sniff",
        check_sniff,
        _head_seeds,
        (b"ftyp", b"heic", b"mif1", b"avif", b"II*\0", b"MM\0*", b"CR", b"RIFF"),
    ),
    Target("exif", check_exif, _exif_seeds, (*_TAGS, *_KINDS), share=0.25),
    Target("xmp", check_xmp, _xmp_seeds, _XML, share=0.5),
    Target(
        "iptc",
        check_iptc,
        _iptc_seeds,
        (b"8BIM\x04\x04", b"\x1c\x02\x19", b"\x1c\x02\x37", b"\x1c\x01\x5a"),
        share=0.5,
    ),
    Target("gps", check_gps, _gps_seeds, _KINDS, share=0.5),
    Target(
        "picture", check_picture, _picture_seeds, (*_TAGS, b"eXIf", b"iTXt", b"Exif\0\0", b"mdat"), share=0.25
    ),
)
