"""A large library written straight into the database, and a signed-in browser for it."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from sqlalchemy import insert

from photos.db import sessions as session_rows
from photos.db.engine import Database, to_micros, wall_to_micros
from photos.db.schema import label, photo, rendition
from photos.ids import hash_secret, new_id, new_secret
from photos.models import PhotoState, User
from photos.services.processing import DEVELOPED_WITH, rendition_key

BATCH = 5000
FIRST_DAY = datetime(2015, 1, 1)
RENDITIONS = (("large", 1600, 1200), ("medium", 512, 384), ("square", 256, 256))
COMMON = ("person", "outdoor", "sky")
SEEN = ("dog", "cat", "tree", "car", "boat", "bicycle", "food", "cup", "horse", "bird", "train", "book")
RARE_EVERY, RAREST_EVERY = 1_500, 10_000
"""One photo in so many has these words: enough to fill a page of a large library, and hardly any."""
PLACES = (
    ("Vienna", "Vienna", "Austria", "AT"),
    ("Lisbon", "Lisbon District", "Portugal", "PT"),
    ("", "", "", ""),
)
CAMERAS = (("Canon", "EOS R6"), ("Apple", "iPhone 15"), ("FUJIFILM", "X-T5"), ("", ""))
UNTOUCHED = {
    "size_bytes": 3_600_000, "media_type": "image/jpeg", "storage_key": "originals/none", "state": "ready",
    "reason": "", "attempts": 1, "lease_token": "", "taken_source": "file", "offset_minutes": 120,
    "width": 4032, "height": 3024, "lens": "", "f_number": 2.8, "exposure_seconds": 0.004, "iso": 200,
    "focal_length_mm": 35.0, "description_by": "file", "colours": json.dumps([["#336699", 0.5]]), "light": "",
    "thumbhash": base64.b64encode(bytes(range(25))).decode(), "developed_with": DEVELOPED_WITH,
    "recogniser": "bench/1", "text_reader": "bench/1", "revision": 1,
}  # fmt: skip


def add_photos(database: Database, owner: User, count: int) -> None:
    """`count` ready photos with three renditions and four labels each, about fifteen a day."""
    numbers = iter(range(count))
    while batch := list(islice(numbers, BATCH)):
        with database.write() as connection:
            first = (
                connection.scalar(photo.select().with_only_columns(photo.c.key).order_by(photo.c.key.desc()))
                or 0
            ) + 1
            rows = [_photo(first + offset, number, owner) for offset, number in enumerate(batch)]
            connection.execute(insert(photo), rows)
            connection.execute(insert(rendition), [made for row in rows for made in _renditions(row)])
            connection.execute(insert(label), [seen for row in rows for seen in _labels(row)])


def sha256_of(number: int) -> str:
    """The hash that photo `number` has."""
    return hashlib.sha256(b"bench %d" % number).hexdigest()


def sign_in(database: Database, user: User) -> str:
    """The cookie of a browser in which this person has just signed in."""
    secret, now = f"s.{new_secret()}", datetime.now(UTC)
    content = {"_user_id": str(user.id), "_fresh": True, "csrf_token": "bench"}
    with database.write() as connection:
        session_rows.add_session(
            connection,
            id_hash=hash_secret(secret),
            user_id=user.id,
            content=json.dumps(content),
            now=now,
            expires_at=now + timedelta(days=1),
            user_agent="bench",
            address="127.0.0.1",
        )
    return f"bigimage={secret}"


def _photo(key: int, number: int, owner: User) -> dict[str, object]:
    chance = random.Random(number)
    taken = FIRST_DAY + timedelta(minutes=96 * number)
    make, model = CAMERAS[number % len(CAMERAS)]
    place, region, country, code = PLACES[number // 40 % len(PLACES)]
    instant = to_micros(datetime(2026, 1, 1, tzinfo=UTC)) + number
    return {
        **UNTOUCHED,
        "key": key,
        "id": new_id(),
        "owner_id": owner.id,
        "sha256": sha256_of(number),
        "name": f"IMG_{number:06}.jpg",
        "lease_until": instant,
        "taken_local": wall_to_micros(taken),
        "taken_at": wall_to_micros(taken - timedelta(hours=2)),
        "camera_make": make,
        "camera_model": model,
        "latitude": 48.2 + chance.random(),
        "longitude": 16.3 + chance.random(),
        "place_name": place,
        "place_region": region,
        "place_country": country,
        "place_country_code": code,
        "description": _description(number),
        "is_favourite": number % 50 == 0,
        "created_at": instant,
        "updated_at": instant,
        "is_indexed": False,
        "state": PhotoState.READY,
    }


def _description(number: int) -> str:
    if number % RAREST_EVERY == 77:
        return "an eclipse at dawn"
    return "a lighthouse at noon" if number % RARE_EVERY == 77 else ""


def _renditions(row: dict[str, object]) -> Iterator[dict[str, object]]:
    for kind, width, height in RENDITIONS:
        yield {
            "photo_key": row["key"],
            "kind": kind,
            "storage_key": rendition_key(str(row["id"]), kind),
            "width": width,
            "height": height,
            "size_bytes": width * height // 6,
            "media_type": "image/jpeg",
        }


def _labels(row: dict[str, object]) -> Iterator[dict[str, object]]:
    chance = random.Random(str(row["name"]))
    names = {chance.choice(COMMON), COMMON[0], *chance.sample(SEEN, 3)}
    for name in sorted(names):
        yield {
            "photo_key": row["key"],
            "name": name,
            "provider": "bench/1",
            "confidence": round(50 + 50 * chance.random(), 1),
            "boxes": "[[0.1,0.1,0.5,0.5]]",
        }
