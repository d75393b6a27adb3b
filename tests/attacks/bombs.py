"""Pictures made to harm: small files that claim, hide or repeat a great deal. All made here, byte by byte."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import cache

from tests import pictures

MIB = 1024 * 1024
Entry = tuple[int, int, int, int]
"""Tag, type, count and value of a TIFF directory."""


def png(*chunks: tuple[bytes, bytes], width: int = 32, height: int = 24) -> bytes:
    """A grey PNG with more chunks between its header and its pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(bytes((width + 1) * height), 9)
    parts = ((b"IHDR", header), *chunks, (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in parts
    )


@cache
def squeezed_zeros(size: int) -> bytes:
    """`size` zero bytes in a thousandth of the room."""
    squeeze = zlib.compressobj(9)
    block = bytes(MIB)
    return b"".join(squeeze.compress(block) for _ in range(size // MIB)) + squeeze.flush()


def tiff(entries: list[Entry], *, next_ifd: int = 0, tail: bytes = b"") -> bytes:
    """A little-endian TIFF with one directory at byte 8; entries are tag, type, count, value."""
    body = struct.pack("<H", len(entries))
    body += b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return b"II*\0" + struct.pack("<I", 8) + body + struct.pack("<I", next_ifd) + tail


def picture_entries(width: int, height: int, *, strips: int = 1, at: int = 200) -> list[Entry]:
    """What a grey TIFF needs."""
    return [
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 1, 8),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, strips, at),
        (277, 3, 1, 1),
        (278, 4, 1, height),
        (279, 4, strips, width * height),
    ]


def tiff_pages(count: int) -> bytes:
    """A chain of directories that all show the same small strip."""
    size = 2 + 9 * 12 + 4
    pixels = 8 + count * size
    body = b""
    for number in range(count):
        entries = picture_entries(4, 4, at=pixels)
        following = 8 + (number + 1) * size if number + 1 < count else 0
        body += struct.pack("<H", 9) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
        body += struct.pack("<I", following)
    return b"II*\0" + struct.pack("<I", 8) + body + bytes(16)


def jpeg_with_exif(block: bytes) -> bytes:
    """A good JPEG with these bytes as its EXIF block."""
    body = pictures.jpeg(64, 48)
    content = b"Exif\0\0" + block
    return body[:2] + b"\xff\xe1" + struct.pack(">H", len(content) + 2) + content + body[2:]


def exif_loop() -> bytes:
    """Directories that lead back to themselves: IFD0 to itself, to Exif, to GPS, to IFD0."""
    entries = [(0x8769, 4, 1, 8), (0x8825, 4, 1, 8), (0xA005, 4, 1, 8), (0x014A, 4, 1, 8)]
    return jpeg_with_exif(tiff(entries, next_ifd=8))


def exif_of(entries: list[Entry]) -> bytes:
    """A good JPEG whose EXIF has these entries."""
    return jpeg_with_exif(tiff(entries, tail=bytes(64)))


def many_exif_entries() -> bytes:
    """As many entries as fit into a segment, each as long as the block."""
    return jpeg_with_exif(tiff([(0x010E, 2, 60_000, 8)] * 5000))


def box(kind: bytes, content: bytes, *, size: int | None = None) -> bytes:
    """An ISO media box, perhaps with a lie for its size."""
    return struct.pack(">I", len(content) + 8 if size is None else size) + kind + content


def large_box(kind: bytes, content: bytes, size: int) -> bytes:
    """A box with a 64-bit size."""
    return struct.pack(">I4sQ", 1, kind, size & (2**64 - 1)) + content


BRAND = box(b"ftyp", b"heic\0\0\0\0heicmif1")


def heic_with(old: bytes, new: Callable[[bytes], bytes]) -> bytes:
    """A good HEIC with the box after the first `old` changed."""
    body = bytearray(pictures.heic(64, 48))
    at = body.index(old) - 4
    size = int.from_bytes(body[at : at + 4], "big")
    return bytes(body[:at]) + new(bytes(body[at : at + size])) + bytes(body[at + size :])


def heic_size(width: int, height: int) -> bytes:
    """A good HEIC that claims another size."""
    return heic_with(b"ispe", lambda old: old[:12] + struct.pack(">II", width, height) + old[20:])


def heic_grid() -> bytes:
    """A HEIC that is a grid of 256 x 256 tiles of 65,535 pixels each, none of which is there."""
    infos = box(b"infe", struct.pack(">IHH4s", 0x02000000, 1, 0, b"grid") + b"\0")
    items = box(b"iinf", struct.pack(">IH", 0, 1) + infos)
    tiles = struct.pack(">HH", 1, 0xFFFF) + b"\0\x02" * 0xFFFF
    references = box(b"iref", struct.pack(">I", 0) + box(b"dimg", tiles))
    extent = struct.pack(">HHHIHH", 1, 0, 1, 0, 8, 0)
    places = box(b"iloc", struct.pack(">IBBH", 0x01000000, 0x44, 0, 1) + extent)
    grid = box(b"idat", struct.pack(">BBBBII", 0, 1, 255, 255, 2**32 - 1, 2**32 - 1))
    handler = box(b"hdlr", struct.pack(">II4s12x", 0, 0, b"pict") + b"\0")
    first = box(b"pitm", struct.pack(">IH", 0, 1))
    size = box(b"ispe", struct.pack(">III", 0, 2**32 - 1, 2**32 - 1))
    properties = box(b"iprp", box(b"ipco", size) + box(b"ipma", struct.pack(">IIHBB", 0, 1, 1, 1, 1)))
    content = struct.pack(">I", 0) + handler + first + places + items + references + properties + grid
    return BRAND + box(b"meta", content)


def nested_boxes(depth: int) -> bytes:
    """Boxes inside boxes inside boxes."""
    body = b""
    for _ in range(depth):
        body = box(b"moov", body)
    return BRAND + box(b"meta", struct.pack(">I", 0) + body)


def gif_claiming(width: int, height: int) -> bytes:
    """A GIF whose screen is small and whose one frame is not."""
    frame = b"\x2c" + struct.pack("<HHHHB", 0, 0, width, height, 0) + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame + b";"


def jpeg_claiming(width: int, height: int) -> bytes:
    """A good JPEG whose header claims another size."""
    body = bytearray(pictures.jpeg(64, 48))
    at = body.index(b"\xff\xc0")
    body[at + 5 : at + 9] = struct.pack(">HH", height, width)
    return bytes(body)


def webp_claiming(width: int, height: int) -> bytes:
    """An extended WebP whose canvas is larger than its picture."""
    body = pictures.webp(64, 48)
    canvas = struct.pack("<I", 0) + (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = b"VP8X" + struct.pack("<I", 10) + canvas + body[12:]
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def many_scans() -> bytes:
    """A progressive JPEG whose last scan comes two thousand times."""
    body = pictures.jpeg(640, 480, progressive=True)
    last = body.rindex(b"\xff\xda")
    return body[:-2] + body[last:-2] * 2000 + body[-2:]


def icc_in_jpeg(count: int) -> bytes:
    """A JPEG with `count` profile segments that are no profile."""
    body = pictures.jpeg(64, 48)
    content = b"ICC_PROFILE\0\x01\xff" + bytes(60_000)
    segment = b"\xff\xe2" + struct.pack(">H", len(content) + 2) + content
    return body[:2] + segment * count + body[2:]


def apng(frames: int) -> bytes:
    """A PNG that promises frames and keeps the promise with nothing."""
    control = struct.pack(">IIIIIHHBB", 0, 1, 1, 0, 0, 1, 1, 0, 0)
    return png((b"acTL", struct.pack(">II", frames, 0)), *([(b"fcTL", control)] * min(frames, 3000)))


EXIF_TYPES = {"bytes": 1, "text": 2, "shorts": 3, "longs": 4, "fractions": 5, "floats": 12, "unknown": 99}

BOMBS: dict[str, Callable[[], bytes]] = {
    "pixels, png": lambda: pictures.png_claiming(29_999, 29_999),
    "pixels, jpeg": lambda: jpeg_claiming(65_535, 65_535),
    "pixels, gif": lambda: gif_claiming(65_535, 65_535),
    "pixels, webp": lambda: webp_claiming(16_384, 16_384),
    "pixels, tiff": lambda: tiff(picture_entries(29_999, 29_999)),
    "pixels, heic": lambda: heic_size(29_999, 29_999),
    "side, png": lambda: pictures.png_claiming(1, 2**31 - 1),
    "side, tiff": lambda: tiff(picture_entries(2**32 - 1, 1)),
    "side, heic": lambda: heic_size(2**32 - 1, 1),
    "no side": lambda: pictures.png_claiming(0, 0),
    "no side, heic": lambda: heic_size(0, 0),
    "frames, gif": lambda: pictures.gif_of_frames(200_000),
    "frames, tiff": lambda: tiff_pages(3000),
    "frames, apng": lambda: apng(2_000_000),
    "scans, jpeg": many_scans,
    "text chunk of 300 MB": lambda: png((b"zTXt", b"a\0\0" + squeezed_zeros(300 * MIB))),
    "profile of 300 MB": lambda: png((b"iCCP", b"a\0\0" + squeezed_zeros(300 * MIB))),
    "international text of 300 MB": lambda: png((b"iTXt", b"a\0\1\0\0\0" + squeezed_zeros(300 * MIB))),
    "many text chunks": lambda: png(*[(b"tEXt", b"a\0b")] * 60_000),
    "EXIF in PNG of 60 MB": lambda: png((b"eXIf", b"II*\0\x08\0\0\0" + bytes(60 * MIB))),
    "profiles, jpeg": lambda: icc_in_jpeg(255),
    "EXIF loop": exif_loop,
    "EXIF entries": many_exif_entries,
    "TIFF loop": lambda: tiff(picture_entries(4, 4), next_ifd=8, tail=bytes(300)),
    "TIFF in TIFF": lambda: tiff(
        [*picture_entries(4, 4), (330, 4, 3, 8), (34665, 4, 1, 8), (34853, 4, 1, 8)], tail=bytes(300)
    ),
    "TIFF with 65,535 entries": lambda: tiff(picture_entries(4, 4) * 7281),
    "TIFF with four thousand million strips": lambda: tiff(
        picture_entries(4, 4, strips=2**32 - 1), tail=bytes(300)
    ),
    "TIFF far beyond its end": lambda: b"II*\0" + struct.pack("<I", 2**32 - 2) + bytes(100),
    "HEIC grid": heic_grid,
    "HEIC box of no size": lambda: BRAND + box(b"meta", bytes(100), size=0),
    "HEIC box of one byte": lambda: BRAND + box(b"meta", bytes(100), size=1),
    "HEIC box of seven bytes": lambda: BRAND + box(b"meta", bytes(100), size=7),
    "HEIC box of 4 GB": lambda: BRAND + box(b"meta", bytes(100), size=2**32 - 1),
    "HEIC box of 2^63": lambda: BRAND + large_box(b"meta", bytes(100), 2**63),
    "HEIC box of 2^64-1": lambda: BRAND + large_box(b"meta", bytes(100), 2**64 - 1),
    "HEIC boxes, nested": lambda: nested_boxes(5000),
    "HEIC, many empty boxes": lambda: BRAND + box(b"free", b"") * 100_000,
    "zeros behind every signature": lambda: b"\xff\xd8\xff" + bytes(MIB),
    "PNG of zeros": lambda: b"\x89PNG\r\n\x1a\n" + bytes(MIB),
    "GIF of zeros": lambda: b"GIF89a" + bytes(MIB),
    "WebP of zeros": lambda: b"RIFF\xff\xff\xff\xffWEBPVP8 " + bytes(MIB),
} | {
    f"EXIF of four thousand million {name}": (lambda kind=kind: exif_of([(0x010E, kind, 2**32 - 1, 8)]))
    for name, kind in EXIF_TYPES.items()
}
"""Name -> the file. Each is ready or refused within seconds; none ends a decoder."""
