"""Latitude and longitude as people write them."""

from __future__ import annotations

from photos.errors import Invalid
from photos.models import Position


def read_position(text: str, field: str) -> Position:
    """`38.7223, -9.1393`, in degrees. Raises Invalid for anything else."""
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError:
        latitude = longitude = float("nan")
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid("Write latitude and longitude, as in 38.7223, -9.1393.", field=field)
    return Position(latitude, longitude)
