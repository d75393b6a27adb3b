"""Believable photos that nobody took: a library of any size, the same one for the same seed.

Pure: a plan says how many photos each month has, and of each photo everything that is not a picture.
"""

from __future__ import annotations

import hashlib
import random
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from photos.models import Box, Camera, FileFacts, Label, Place, Position, TextLine

FIRST_YEAR, LAST_YEAR = 2006, 2025
HEAVY_MONTH = datetime(2019, 6, 1)
"""The month that holds most: a wedding, a fair, a hard disk that was found again."""
MOST_IN_A_MONTH = 70_000
UNDATED_SHARE, BURST_SHARE, TEXT_SHARE, TAG_SHARE = 0.05, 0.03, 0.03, 0.04
OFFSETS = (120, 60, 0, -300, -480, 540, 330, 345, 570, -210, 765, 840, -720, None)
"""Minutes from UTC: common ones, halves and quarters of an hour, both ends, and a file that does not say."""
OFFSET_WEIGHTS = tuple(accumulate((30, 25, 10, 6, 4, 4, 3, 2, 2, 2, 1, 1, 1, 9)))
NAMES = (
    "person", "tree", "sky", "dog", "car", "cat", "mountain", "lake", "flower", "bicycle", "boat", "food",
    "bird", "house", "horse", "cup", "train", "book", "bench", "chair", "sunset", "beach", "bridge", "snow",
    "forest", "clock", "bottle", "umbrella", "sheep", "cow", "truck", "bus", "motorcycle", "airplane",
    "dining table", "potted plant", "couch", "bed", "laptop", "kite", "surfboard", "sandwich", "cake",
    "tent", "castle", "church", "lighthouse", "waterfall", "valley", "cliff", "volcano", "palace", "market",
    "violin", "guitar", "piano", "drum", "balloon", "candle", "teddy bear", "backpack", "suitcase", "skis",
    "snowboard", "tennis racket", "football", "goldfish", "butterfly", "bee", "squirrel", "fox", "deer",
    "elephant", "zebra", "giraffe", "penguin", "owl", "eagle", "heron", "windmill", "tram",
    "fountain", "statue", "vineyard", "orchard", "mushroom", "pumpkin", "sunglasses", "hat", "scarf",
    "telescope", "microscope", "abacus", "sundial", "gondola", "eclipse",
)  # fmt: skip
NAME_WEIGHTS = tuple(accumulate(1 / rank for rank in range(1, len(NAMES) + 1)))
"""Zipf's law: the tenth name is seen a tenth as often as the first."""
CAMERAS = (
    (Camera("Apple", "iPhone 15", "iPhone 15 back camera", 1.6, 0.008, 64, 6.0), "IMG_{:04}.HEIC"),
    (Camera("samsung", "Galaxy S23", "", 1.8, 0.01, 50, 5.4), "{:%Y%m%d}_{:04}.jpg"),
    (Camera("Canon", "EOS R6", "RF24-105mm F4 L IS USM", 4.0, 0.004, 200, 50.0), "IMG_{:04}.JPG"),
    (Camera("FUJIFILM", "X-T5", "XF35mmF1.4 R", 1.4, 0.002, 400, 35.0), "DSCF{:04}.JPG"),
    (Camera("NIKON CORPORATION", "NIKON D750", "50.0 mm f/1.8", 1.8, 0.005, 100, 50.0), "DSC_{:04}.JPG"),
    (Camera(), "scan-{:05}.jpg"),
)  # fmt: skip
CAMERA_WEIGHTS = tuple(accumulate((34, 22, 16, 14, 8, 6)))
PLACES = (
    (Place("Vienna", "Vienna", "Austria", "AT"), 48.21, 16.37),
    (Place("Lisbon", "Lisbon", "Portugal", "PT"), 38.72, -9.14),
    (Place("Freiburg", "Baden-Württemberg", "Germany", "DE"), 47.99, 7.84),
    (Place("Kathmandu", "Bagmati Province", "Nepal", "NP"), 27.70, 85.32),
    (Place("Reykjavík", "Capital Region", "Iceland", "IS"), 64.13, -21.90),
    (Place("Kyoto", "Kyoto", "Japan", "JP"), 35.01, 135.77),
    (Place("Cusco", "Cusco", "Peru", "PE"), -13.53, -71.97),
    (Place("Nairobi", "Nairobi County", "Kenya", "KE"), -1.29, 36.82),
    (Place("Queenstown", "Otago", "New Zealand", "NZ"), -45.03, 168.66),
    (Place("New York City", "New York", "United States", "US"), 40.71, -74.01),
    (Place("Marrakesh", "Marrakesh-Safi", "Morocco", "MA"), 31.63, -7.99),
    (Place("Tromsø", "Troms", "Norway", "NO"), 69.65, 18.96),
)  # fmt: skip
TEXTS = ("NO PARKING", "Ausfahrt freihalten", "Platform 9", "Café do Porto", "Happy birthday", "EXIT")
TAGS = ("family", "work", "holiday", "garden", "to print", "friends")


@dataclass(frozen=True, slots=True)
class DemoPhoto:
    """Everything about one photo but its picture, which is number `scene`."""

    id: str
    sha256: str
    name: str
    scene: int
    facts: FileFacts
    place: Place | None
    is_favourite: bool
    tags: tuple[str, ...]
    labels: tuple[Label, ...]
    text: tuple[TextLine, ...]
    hash_bits: bytes
    distance: int | None = None
    """Bits from the hash of the photo before, which it looks like; None for a picture of its own."""


def plan(count: int) -> list[tuple[datetime | None, int]]:
    """Months, oldest first, with how many photos each has; None stands for those without a date."""
    undated = round(count * UNDATED_SHARE)
    heavy = min(MOST_IN_A_MONTH, count * 7 // 10 if count >= MOST_IN_A_MONTH else count // 5)
    months = [datetime(year, month, 1) for year in range(FIRST_YEAR, LAST_YEAR + 1) for month in range(1, 13)]
    # more with every year, and in summer
    weights = [(month.year - FIRST_YEAR + 1) * (2 if month.month in (6, 7, 8, 12) else 1) for month in months]
    rest, total = count - undated - heavy, sum(weights)
    ends = [rest * end // total for end in accumulate(weights)]
    counts = [end - start for start, end in zip([0, *ends], ends, strict=False)]
    planned = [
        (month, number + (heavy if month == HEAVY_MONTH else 0))
        for month, number in zip(months, counts, strict=True)
    ]
    return [*((month, number) for month, number in planned if number), (None, undated)]


def invent(count: int, *, seed: str, scenes: int) -> Iterator[DemoPhoto]:
    """`count` photos in the order they were taken, those without a date last; a function of its arguments."""
    chance = random.Random(seed)  # nosec B311 # a library to look at, no secret
    number, recent = 0, None
    for month, photos in plan(count):
        for moment in _moments(month, photos, chance):
            made = _photo(number, moment, seed, scenes, chance)
            if recent and chance.random() < BURST_SHARE:
                made = _again(made, recent, chance)
            number, recent = number + 1, made
            yield made


def _moments(month: datetime | None, count: int, chance: random.Random) -> Sequence[datetime | None]:
    if month is None:
        return [None] * count
    length = (month + timedelta(days=32)).replace(day=1) - month - timedelta(microseconds=1)
    return sorted(month + length * chance.random() for _ in range(count))


def _photo(number: int, moment: datetime | None, seed: str, scenes: int, chance: random.Random) -> DemoPhoto:
    digest = hashlib.sha256(f"{seed} {number}".encode()).digest()
    camera, pattern = chance.choices(CAMERAS, cum_weights=CAMERA_WEIGHTS)[0]
    place, position = _where(chance)
    name = pattern.format(moment or HEAVY_MONTH, number) if "%" in pattern else pattern.format(number)
    return DemoPhoto(
        id=urlsafe_b64encode(digest[:16]).rstrip(b"=").decode(),
        sha256=digest.hex(),
        name=name,
        scene=chance.randrange(scenes),
        facts=FileFacts(
            taken_local=moment,
            offset_minutes=chance.choices(OFFSETS, cum_weights=OFFSET_WEIGHTS)[0] if moment else None,
            camera=camera,
            position=position,
            description="a lighthouse at noon" if chance.random() < 0.001 else "",
            rating=chance.choice((3, 4, 5)) if chance.random() < 0.05 else None,
        ),
        place=place,
        is_favourite=chance.random() < 0.02,
        tags=(chance.choice(TAGS),) if chance.random() < TAG_SHARE else (),
        labels=_labels(chance),
        text=_text(chance),
        hash_bits=chance.randbytes(32),
    )


def _again(made: DemoPhoto, recent: DemoPhoto, chance: random.Random) -> DemoPhoto:
    """The picture before once more: half of them copies of it, the others the next frame of a burst."""
    taken, later = recent.facts.taken_local, made.facts.taken_local
    if taken and later:
        is_frame = chance.random() < 0.5
        taken = min(taken + timedelta(seconds=1), later) if is_frame else taken
    bits = _like(recent.hash_bits, chance)
    return replace(
        made,
        scene=recent.scene,
        facts=replace(recent.facts, taken_local=taken),
        place=recent.place,
        labels=recent.labels,
        text=recent.text,
        hash_bits=bits,
        distance=(int.from_bytes(bits) ^ int.from_bytes(recent.hash_bits)).bit_count(),
    )


def _where(chance: random.Random) -> tuple[Place | None, Position | None]:
    if chance.random() < 0.3:
        return None, None
    place, latitude, longitude = PLACES[int(len(PLACES) * chance.random() ** 2)]
    near = Position(round(latitude + chance.gauss(0, 0.05), 6), round(longitude + chance.gauss(0, 0.05), 6))
    return place, near


def _labels(chance: random.Random) -> tuple[Label, ...]:
    names = dict.fromkeys(chance.choices(NAMES, cum_weights=NAME_WEIGHTS, k=chance.randrange(7)))
    return tuple(Label(name, round(50 + 50 * chance.random() ** 0.7, 1), _boxes(chance)) for name in names)


def _boxes(chance: random.Random) -> tuple[Box, ...]:
    if chance.random() < 0.4:
        return ()
    width, height = 0.1 + 0.5 * chance.random(), 0.1 + 0.5 * chance.random()
    return (Box((1 - width) * chance.random(), (1 - height) * chance.random(), width, height),)


def _text(chance: random.Random) -> tuple[TextLine, ...]:
    if chance.random() >= TEXT_SHARE:
        return ()
    return (TextLine(chance.choice(TEXTS), round(90 + 10 * chance.random(), 1), Box(0.2, 0.4, 0.5, 0.1)),)


def _like(bits: bytes, chance: random.Random) -> bytes:
    """A near-duplicate's hash: up to ten bits differ."""
    number = int.from_bytes(bits, "big")
    for _ in range(chance.randrange(11)):
        number ^= 1 << chance.randrange(256)
    return number.to_bytes(32, "big")
