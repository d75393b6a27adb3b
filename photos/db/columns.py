"""What a file tells, as columns of the table `photo`."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import Column, String

from photos.db.cells import cell_of
from photos.db.engine import MICROSECOND, wall_to_micros
from photos.db.schema import photo
from photos.models import Developed, FileFacts, Place, TakenSource


def picture(developed: Developed) -> dict[str, Any]:
    """What decoding says about the picture itself."""
    return {
        "media_type": developed.media_type,
        "width": developed.width,
        "height": developed.height,
        "thumbhash": base64.b64encode(developed.thumbhash).decode(),
        "colours": _write_colours(developed.colours),
        "light": developed.light,
    }


@lru_cache(64)
def _write_colours(colours: tuple[tuple[str, float], ...]) -> str:
    """A JSON list of [colour, share]. Invented photos share their pictures."""
    return json.dumps([[colour, round(share, 3)] for colour, share in colours], separators=(",", ":"))


def camera(facts: FileFacts) -> dict[str, Any]:
    """How it was taken; numbers are None where the file does not say."""
    camera = facts.camera
    return {
        "camera_make": cut(photo.c.camera_make, camera.make),
        "camera_model": cut(photo.c.camera_model, camera.model),
        "lens": cut(photo.c.lens, camera.lens),
        "f_number": camera.f_number,
        "exposure_seconds": camera.exposure_seconds,
        "iso": camera.iso,
        "focal_length_mm": camera.focal_length_mm,
    }


def where(facts: FileFacts, place: Place | None) -> dict[str, Any]:
    """Where it was taken, and the name of that place."""
    position = facts.position
    return {
        "latitude": position.latitude if position else None,
        "longitude": position.longitude if position else None,
        "altitude_m": position.altitude_m if position else None,
        "cell": cell_of(position.latitude, position.longitude) if position else None,
        "place_name": cut(photo.c.place_name, place.name) if place else "",
        "place_region": cut(photo.c.place_region, place.region) if place else "",
        "place_country": cut(photo.c.place_country, place.country) if place else "",
        "place_country_code": place.country_code if place else "",
    }


def when(facts: FileFacts, created_at: int) -> dict[str, Any]:
    """By the file's clock; a file without one takes its time of upload, in UTC, and says so."""
    if facts.taken_local is None:
        return {
            "taken_local": created_at,
            "taken_source": TakenSource.UPLOAD,
            "offset_minutes": None,
            "taken_at": None,
        }
    taken_local = wall_to_micros(facts.taken_local)
    offset = facts.offset_minutes
    return {
        "taken_local": taken_local,
        "taken_source": TakenSource.FILE,
        "offset_minutes": offset,
        "taken_at": None if offset is None else taken_local - timedelta(minutes=offset) // MICROSECOND,
    }


def cut(column: Column[Any], text: str) -> str:
    """As much as the column holds; MySQL refuses a longer text, and SQLite would keep it."""
    assert isinstance(column.type, String)
    return text[: column.type.length]
