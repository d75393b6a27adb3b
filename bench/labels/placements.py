"""Pictures made of a known thing at a known place: in three sizes, before other grounds, tilted, turned.

Everything follows from the number of the picture. What is pasted is the marked part of a photograph, so
the box that has to be found is the one it was pasted into.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from bench.labels.photographs import (
    CAMERAMAN,
    CAT,
    COFFEE,
    DAHLIA,
    HOPPER,
    HORSE,
    MOTORCYCLE,
    WARPLANE,
    Photograph,
)
from photos.models import Box

WIDTH, HEIGHT = 1200, 900
SHARES = (0.25, 0.45, 0.7)
"""The thing's longer side as a share of the picture's shorter one."""
TILT_DEGREES = 8
UNTURN = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    6: Image.Transpose.ROTATE_90,
    8: Image.Transpose.ROTATE_270,
}
"""How a camera stores an upright picture under this EXIF orientation."""
ORIENTATION = 0x0112
Ground = Callable[[tuple[int, int], Random], Image.Image]
THINGS = (CAT, COFFEE, MOTORCYCLE, CAMERAMAN, HORSE, DAHLIA, HOPPER, WARPLANE)


@dataclass(frozen=True)
class Placement:
    """One made picture: a JPEG with its orientation in EXIF, and where the thing is when it is upright."""

    thing: Photograph
    share: float
    ground: str
    body: bytes
    box: Box


def placements() -> Iterator[Placement]:
    """Every thing that is installed, in every size, before every ground."""
    for thing in THINGS:
        if thing.find() is None:
            continue
        for share in SHARES:
            for ground in GROUNDS:
                yield _placed(thing, share, ground)


def _placed(thing: Photograph, share: float, ground: str) -> Placement:
    random = Random(f"{thing.path} {share} {ground}")
    upright = random.random() < 0.5
    size = (WIDTH, HEIGHT) if not upright else (HEIGHT, WIDTH)
    picture = GROUNDS[ground](size, random)
    piece, mask = _cut_out(thing, round(share * min(size)))
    if random.random() < 0.5:
        angle = random.choice((-TILT_DEGREES, TILT_DEGREES))
        piece = piece.rotate(angle, Image.Resampling.BICUBIC, expand=True)
        mask = mask.rotate(angle, Image.Resampling.BICUBIC, expand=True)
    left = random.randrange(size[0] - piece.width + 1)
    top = random.randrange(size[1] - piece.height + 1)
    picture.paste(piece, (left, top), mask)
    box = Box(left / size[0], top / size[1], piece.width / size[0], piece.height / size[1])
    return Placement(thing, share, ground, _stored(picture, random.choice((1, *UNTURN))), box)


def _cut_out(thing: Photograph, longest: int) -> tuple[Image.Image, Image.Image]:
    """The marked part in this size, with soft edges; of a silhouette only the thing itself."""
    picture, box = thing.open(), thing.box or Box(0, 0, 1, 1)
    right, bottom = box.left + box.width, box.top + box.height
    width, height = picture.size
    piece = picture.crop((box.left * width, box.top * height, right * width, bottom * height))
    scale = longest / max(piece.size)
    piece = piece.resize((round(piece.width * scale), round(piece.height * scale)), Image.Resampling.LANCZOS)
    if thing is HORSE:
        return piece, piece.convert("L").point(lambda level: 255 if level < 128 else 0)
    mask = Image.new("L", piece.size, 0)
    edge = max(2, longest // 60)
    ImageDraw.Draw(mask).rectangle((edge, edge, piece.width - edge, piece.height - edge), fill=255)
    return piece, mask.filter(ImageFilter.GaussianBlur(edge / 2))


def _stored(picture: Image.Image, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    stored = picture.transpose(UNTURN[orientation]) if orientation in UNTURN else picture
    body = io.BytesIO()
    stored.save(body, "JPEG", quality=90, exif=exif)
    return body.getvalue()


def _plain(size: tuple[int, int], random: Random) -> Image.Image:
    return Image.new("RGB", size, tuple(random.randrange(90, 200) for _ in range(3)))


def _sky(size: tuple[int, int], random: Random) -> Image.Image:
    zenith, horizon = (Image.new("RGB", size, colour) for colour in ((90, 140, 200), (205, 220, 235)))
    sky = Image.composite(horizon, zenith, Image.linear_gradient("L").resize(size))
    clouds = Image.frombytes("L", (24, 18), random.randbytes(24 * 18))
    soft = clouds.resize(size, Image.Resampling.BICUBIC).convert("RGB")
    return Image.blend(sky, soft, 0.15)


def _ground(name: str, tint: tuple[int, int, int]) -> Ground:
    """A texture of scikit-image in a colour, a different part of it for each picture."""

    def paint(size: tuple[int, int], random: Random) -> Image.Image:
        side = round(max(size) * 1.2)
        grey = Photograph("skimage", f"data/{name}").open().convert("L").resize((side, side))
        levels = [[level * each // 160 for level in range(256)] for each in tint]
        left, top = (random.randrange(side - extent + 1) for extent in size)
        coloured = Image.merge("RGB", [grey.point(table) for table in levels])
        return coloured.crop((left, top, left + size[0], top + size[1]))

    return paint


GROUNDS: dict[str, Ground] = {
    "plain": _plain,
    "sky": _sky,
    "gravel": _ground("gravel.png", (150, 140, 120)),
    "grass": _ground("grass.png", (110, 150, 80)),
}
