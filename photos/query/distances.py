"""Distances and boxes on the globe."""

from __future__ import annotations

from math import asin, cos, radians, sin, sqrt

from photos.query import tree as nodes

EARTH_RADIUS_KM = 6371.0088
"""Mean radius R1 of the IUGG."""


def distance_km(latitude: float, longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance of two points in degrees, by the haversine formula on a sphere."""
    phi, to_phi = radians(latitude), radians(to_latitude)
    half = sin((to_phi - phi) / 2) ** 2
    half += cos(phi) * cos(to_phi) * sin(radians(to_longitude - longitude) / 2) ** 2
    return 2 * EARTH_RADIUS_KM * asin(min(1.0, sqrt(half)))


def is_within(box: nodes.Within, latitude: float, longitude: float) -> bool:
    """Whether a point lies in the box or on its edge."""
    if not box.south <= latitude <= box.north:
        return False
    if box.west <= box.east:
        return box.west <= longitude <= box.east
    return longitude >= box.west or longitude <= box.east
