"""Makes the pictures that tests need: every format we take, odd metadata, bombs, and believable photos.

Everything is a function of its arguments, so a failing test fails again.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pillow_heif
from PIL import Image, ImageCms, ImageDraw

from photos.models import Developed

pillow_heif.register_heif_opener()

PHOTOS_IN_PACKAGES = ("astronaut.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "rocket.jpg")
"""Real photographs that come with scikit-image; free to use, see its data/README.txt."""

D50 = (0.9642, 1.0, 0.8249)
"""White of the ICC connection space, XYZ."""

SAMPLE_FORMATS = (("jpg", "JPEG"), ("heic", "HEIF"), ("jpg", "JPEG"), ("png", "PNG"), ("webp", "WEBP"))

QUICKLY = {
    "HEIF": {"enc_params": {"preset": "ultrafast"}},
    "AVIF": {"speed": 10},
    "WEBP": {"method": 0},
    "PNG": {"compress_level": 1},
}
"""What an encoder is asked for unless a test asks for something else: a HEIC takes a tenth of the time."""

UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""How to store an upright picture so that this EXIF orientation shows it upright again."""


def scene(width: int, height: int, *, seed: int = 1) -> Image.Image:
    """An RGB picture with soft areas, hard edges and a little grain; no symmetry, different for each seed."""
    rng = np.random.default_rng(seed)
    blobs = Image.fromarray(rng.integers(0, 256, (6, 8, 3), dtype=np.uint8))
    picture = blobs.resize((width, height), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(picture)
    for _ in range(12):
        left, top = rng.random(2) * (width, height)
        across, down = (0.05 + 0.2 * rng.random(2)) * (width, height)
        colour = tuple(int(level) for level in rng.integers(0, 256, 3))
        shape = draw.rectangle if rng.random() < 0.5 else draw.ellipse
        shape((left, top, left + across, top + down), fill=colour)
    grain = rng.integers(-6, 7, (height, width, 1), dtype=np.int16)
    levels = np.asarray(picture, dtype=np.int16) + grain
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))


def encode(picture: Image.Image, format_name: str, **options: object) -> bytes:
    """The bytes of `picture` in one of Pillow's formats."""
    out = io.BytesIO()
    picture.save(out, format_name, **{**QUICKLY.get(format_name, {}), **options})
    return out.getvalue()


def jpeg(
    width: int = 640, height: int = 480, *, seed: int = 1, quality: int = 90, **options: object
) -> bytes:
    """A JPEG; `exif`, `xmp` and `icc_profile` go to Pillow as they are."""
    return encode(scene(width, height, seed=seed), "JPEG", quality=quality, **options)


def png(width: int = 640, height: int = 480, *, seed: int = 1, **options: object) -> bytes:
    """An RGB PNG."""
    return encode(scene(width, height, seed=seed), "PNG", **options)


def heic(width: int = 640, height: int = 480, *, seed: int = 1, **options: object) -> bytes:
    """A HEIC as phones write it."""
    return encode(scene(width, height, seed=seed), "HEIF", quality=80, **options)


def avif(width: int = 640, height: int = 480, *, seed: int = 1, **options: object) -> bytes:
    """An AVIF."""
    return encode(scene(width, height, seed=seed), "AVIF", quality=80, **options)


def webp(width: int = 640, height: int = 480, *, seed: int = 1, **options: object) -> bytes:
    """A lossy WebP."""
    return encode(scene(width, height, seed=seed), "WEBP", quality=85, **options)


def tiff(width: int = 640, height: int = 480, *, seed: int = 1, **options: object) -> bytes:
    """A TIFF, not compressed unless `compression` says so."""
    return encode(scene(width, height, seed=seed), "TIFF", **options)


def gif(width: int = 640, height: int = 480, *, seed: int = 1) -> bytes:
    """A GIF of one frame."""
    return encode(scene(width, height, seed=seed).quantize(128), "GIF")


def animated(format_name: str, frames: int = 3, *, width: int = 64, height: int = 48) -> bytes:
    """A GIF, PNG, WEBP, TIFF or AVIF of several frames; frame n is `scene(..., seed=n + 1)`."""
    pictures = [scene(width, height, seed=number + 1) for number in range(frames)]
    if format_name == "GIF":
        pictures = [picture.quantize(64) for picture in pictures]
    options: dict[str, bool | int] = {} if format_name == "TIFF" else {"duration": 100}
    return encode(pictures[0], format_name, save_all=True, append_images=pictures[1:], **options)


def exif(
    *,
    taken: str = "",
    offset: str = "",
    subsec: str = "",
    make: str = "",
    model: str = "",
    lens: str = "",
    gps: tuple[float, float] | None = None,
    altitude: float | None = None,
    gps_utc: tuple[str, tuple[int, int, int]] | None = None,
    orientation: object = None,
    description: str = "",
    rating: int | None = None,
    f_number: float | None = None,
    exposure_seconds: float | None = None,
    iso: int | None = None,
    focal_length_mm: float | None = None,
) -> bytes:
    """An EXIF block for `exif=` of any encoder here; only what is given is written.

    `taken` reads `2024:06:01 12:30:00`, `offset` `+02:00`; `gps_utc` is (`2024:06:01`, (10, 30, 0)).
    """
    block = Image.Exif()
    outer = {0x010E: description.encode(), 0x010F: make, 0x0110: model, 0x4746: rating}
    inner: dict[int, object] = {0x9003: taken, 0x9011: offset, 0x9291: subsec, 0xA434: lens}
    inner |= {0x829D: f_number, 0x829A: exposure_seconds, 0x8827: iso, 0x920A: focal_length_mm}
    block.update({tag: value for tag, value in outer.items() if value})
    if orientation is not None:
        block[0x0112] = orientation
    block.get_ifd(0x8769).update({tag: value for tag, value in inner.items() if value})
    block.get_ifd(0x8825).update(_gps_tags(gps, altitude, gps_utc))
    return block.tobytes()


def _gps_tags(
    position: tuple[float, float] | None,
    altitude: float | None,
    utc: tuple[str, tuple[int, int, int]] | None,
) -> dict[int, object]:
    tags: dict[int, object] = {}
    if position is not None:
        latitude, longitude = position
        tags |= {1: "N" if latitude >= 0 else "S", 2: _sexagesimal(latitude)}
        tags |= {3: "E" if longitude >= 0 else "W", 4: _sexagesimal(longitude)}
    if altitude is not None:
        tags |= {5: b"\x01" if altitude < 0 else b"\x00", 6: abs(altitude)}
    if utc is not None:
        tags |= {29: utc[0], 7: tuple(float(part) for part in utc[1])}
    return tags


def _sexagesimal(degrees: float) -> tuple[float, float, float]:
    minutes, seconds = divmod(abs(degrees) * 3600, 60)
    whole, minutes = divmod(minutes, 60)
    return (whole, minutes, round(seconds, 4))


def xmp(attributes: dict[str, str] | None = None, elements: str = "") -> bytes:
    """An XMP packet. `attributes` are properties like `xmp:Rating`; `elements` goes inside."""
    spaces = {
        "dc": "http://purl.org/dc/elements/1.1/",
        "exif": "http://ns.adobe.com/exif/1.0/",
        "photoshop": "http://ns.adobe.com/photoshop/1.0/",
        "tiff": "http://ns.adobe.com/tiff/1.0/",
        "xmp": "http://ns.adobe.com/xap/1.0/",
    }
    declared = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
    written = " ".join(f'{name}="{value}"' for name, value in (attributes or {}).items())
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" {declared} {written}>{elements}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def xmp_keywords(*words: str) -> str:
    """`dc:subject` as an element for `xmp`."""
    items = "".join(f"<rdf:li>{word}</rdf:li>" for word in words)
    return f"<dc:subject><rdf:Bag>{items}</rdf:Bag></dc:subject>"


def with_iptc(
    body: bytes, *, keywords: Sequence[str] = (), caption: str = "", date: str = "", time: str = ""
) -> bytes:
    """The JPEG `body` with an IPTC block in UTF-8. `date` reads `20240601`, `time` `123000+0200`."""
    entries = [(1, 90, b"\x1b%G"), *((2, 25, word.encode()) for word in keywords)]
    entries += [(2, 120, caption.encode()), (2, 55, date.encode()), (2, 60, time.encode())]
    data = b"".join(
        struct.pack(">BBBH", 0x1C, record, number, len(value)) + value
        for record, number, value in entries
        if value
    )
    resource = b"8BIM" + struct.pack(">HHI", 0x0404, 0, len(data)) + data + b"\0" * (len(data) % 2)
    return _with_segment(body, 0xED, b"Photoshop 3.0\0" + resource)


def with_comment(body: bytes, comment: bytes) -> bytes:
    """The JPEG `body` with a comment segment."""
    return _with_segment(body, 0xFE, comment)


def _with_segment(body: bytes, marker: int, content: bytes) -> bytes:
    return body[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + body[2:]


def oriented(orientation: int, picture: Image.Image, format_name: str = "JPEG", **options: object) -> bytes:
    """A file that shows `picture` upright when its EXIF `orientation` is obeyed. 0 and 9 mean nothing."""
    stored = picture.transpose(UNTURN[orientation]) if orientation in UNTURN else picture
    return encode(stored, format_name, exif=exif(orientation=orientation), **options)


def display_p3() -> bytes:
    """An ICC profile of Display P3 (matrix and sRGB curve), as phones embed it."""
    columns = {
        b"rXYZ": (0.51512, 0.24120, -0.00105),
        b"gXYZ": (0.29198, 0.69225, 0.04189),
        b"bXYZ": (0.15710, 0.06657, 0.78407),
    }
    return matrix_profile(b"Display P3", columns, (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045))


def adobe_rgb() -> bytes:
    """An ICC profile with the primaries and gamma of Adobe RGB (1998)."""
    columns = {
        b"rXYZ": (0.60974, 0.31111, 0.01947),
        b"gXYZ": (0.20528, 0.62567, 0.06087),
        b"bXYZ": (0.14919, 0.06322, 0.74457),
    }
    return matrix_profile(b"Adobe RGB (1998)", columns, (563 / 256,))


def matrix_profile(
    name: bytes, columns: dict[bytes, tuple[float, float, float]], curve: tuple[float, ...]
) -> bytes:
    """An ICC v4 display profile. `columns` are D50 colourants; `curve` are the ICC parametric parameters."""
    tags = {tag: b"XYZ \0\0\0\0" + _fixed(xyz) for tag, xyz in columns.items()}
    kind = {1: 0, 5: 3}[len(curve)]
    shape = b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + _fixed(curve)
    tags |= {b"rTRC": shape, b"gTRC": shape, b"bTRC": shape}
    tags |= {b"wtpt": b"XYZ \0\0\0\0" + _fixed(D50), b"desc": _icc_text(name), b"cprt": _icc_text(b"CC0")}
    table, data = b"", b""
    for tag, content in tags.items():
        table += struct.pack(">4sII", tag, 128 + 4 + 12 * len(tags) + len(data), len(content))
        data += content + b"\0" * (-len(content) % 4)
    body = struct.pack(">I", len(tags)) + table + data
    header = struct.pack(">I4sI4s4s4s", 128 + len(body), b"", 0x04000000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp").ljust(44, b"\0") + _fixed(D50)
    return header.ljust(128, b"\0") + body


def _icc_text(words: bytes) -> bytes:
    text = words.decode().encode("utf-16-be")
    return b"mluc\0\0\0\0" + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(text), 28) + text


def _fixed(values: Sequence[float]) -> bytes:
    return b"".join(struct.pack(">i", round(value * 65536)) for value in values)


def srgb_as(picture: Image.Image, profile: bytes) -> Image.Image:
    """The same colours in another RGB space: what a wide-gamut camera would have stored."""
    source, target = ImageCms.createProfile("sRGB"), ImageCms.ImageCmsProfile(io.BytesIO(profile))
    converted = ImageCms.profileToProfile(picture, source, target)
    assert converted is not None
    converted.info = {}
    return converted


def png_claiming(width: int, height: int, *, rows: int = 0) -> bytes:
    """A small grey PNG whose header claims any size; `rows` rows of it are really there."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    squeeze = zlib.compressobj(9)
    pixels = b"".join(squeeze.compress(bytes(width + 1)) for _ in range(rows)) + squeeze.flush()
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        _png_chunk(*chunk) for chunk in ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    )


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def gif_of_frames(frames: int) -> bytes:
    """A GIF of one-pixel frames, about 20 bytes each: a frame bomb."""
    position = b"\x2c" + struct.pack("<HHHHB", 0, 0, 1, 1, 0)
    frame = b"\x21\xf9\x04\0\x01\0\0\0" + position + b"\x02\x02\x44\x01\0"
    return b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + b"\0\0\0\xff\xff\xff" + frame * frames + b";"


def shown(developed: Developed, kind: str = "large") -> Image.Image:
    """A rendition as people see it, in RGB."""
    rendition = next(item for item in developed.renditions if item.kind == kind)
    with Image.open(io.BytesIO(rendition.body)) as picture:
        return picture.convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """Mean difference of two pictures of the same size, in levels of 0-255."""
    levels = (np.asarray(picture.convert("RGB"), dtype=np.float64) for picture in (one, other))
    first, second = levels
    return float(np.abs(first - second).mean())


def truncated(body: bytes, share: float = 0.5) -> bytes:
    """The first `share` of a file."""
    return body[: int(len(body) * share)]


@cache
def packaged_photos() -> tuple[Path, ...]:
    """Real photographs on this machine, empty where scikit-image is missing."""
    spec = find_spec("skimage")
    if spec is None or spec.origin is None:
        return ()
    folder = Path(spec.origin).parent / "data"
    return tuple(path for name in PHOTOS_IN_PACKAGES if (path := folder / name).exists())


def sample_photos(folder: Path, count: int, *, seed: int = 1) -> list[Path]:
    """Write `count` different pictures of mixed formats, sizes, days and places; real photos come first."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    return [_sample(folder, number, rng) for number in range(count)]


def _sample(folder: Path, number: int, rng: np.random.Generator) -> Path:
    real = packaged_photos()
    if number < len(real):
        with Image.open(real[number]) as source:
            picture = source.convert("RGB")
        name, suffix, format_name = real[number].stem, "jpg", "JPEG"
    else:
        side = int(rng.integers(400, 900))
        picture = scene(side, int(side * (0.6 + 0.8 * rng.random())), seed=1000 + number)
        suffix, format_name = SAMPLE_FORMATS[number % len(SAMPLE_FORMATS)]
        name = f"photo-{number:04d}"
    day, hour = divmod(number * 7, 24)
    block = exif(
        taken=f"2024:{1 + day // 28 % 12:02d}:{1 + day % 28:02d} {hour:02d}:15:00",
        offset="+02:00" if number % 3 else "",
        make="Bigimage",
        model=("One", "Two", "Three")[number % 3],
        gps=(48.2 + number % 10 * 0.3, 16.37 - number % 7) if number % 2 else None,
    )
    path = folder / f"{name}.{suffix}"
    path.write_bytes(encode(picture, format_name, exif=block))
    return path
