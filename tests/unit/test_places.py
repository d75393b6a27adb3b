"""Offline place names at known positions, at the date line and far from everywhere."""

from __future__ import annotations

import subprocess
import sys
from copy import copy

import numpy as np
import pytest

from photos.models import Position
from photos.places import gazetteer


@pytest.mark.parametrize(
    ("latitude", "longitude", "name", "code"),
    [
        (38.7169, -9.1399, "Lisbon", "PT"),
        (52.52, 13.40, "Berlin", "DE"),
        (48.8584, 2.2945, "Paris", "FR"),
        (46.55, 7.98, "Lauterbrunnen", "CH"),
        (-33.8568, 151.2153, "Sydney", "AU"),
        (-16.5, 179.99, "Labasa", "FJ"),
    ],
)
def test_known_positions_have_their_names(latitude: float, longitude: float, name: str, code: str) -> None:
    place = gazetteer().nearest(Position(latitude, longitude))
    assert place is not None
    assert (place.name, place.country_code) == (name, code)


def test_the_date_line_is_no_border() -> None:
    east, west = (gazetteer().nearest(Position(-16.5, longitude)) for longitude in (179.999, -179.999))
    assert east == west
    assert east is not None


@pytest.mark.parametrize(("latitude", "longitude"), [(0, -30), (89.9, 0), (-60, -120)])
def test_the_open_sea_has_no_name(latitude: float, longitude: float) -> None:
    assert gazetteer().nearest(Position(latitude, longitude)) is None


def test_looking_near_by_finds_what_looking_everywhere_finds() -> None:
    places = gazetteer()
    everywhere = copy(places)
    everywhere.reach_degrees = 180.0
    chance = np.random.default_rng(5)
    # half of them near places, where people take photos; half anywhere, poles and seas included
    near = places.latitudes[chance.integers(0, len(places.latitudes), 60)] + chance.normal(0, 0.7, 60)
    latitudes = np.clip(np.concatenate((near, chance.uniform(-90, 90, 60), (-90, 90))), -90, 90)
    found = 0
    for latitude, longitude in zip(latitudes, chance.uniform(-180, 180, len(latitudes)), strict=True):
        position = Position(float(latitude), float(longitude))
        place = places.nearest(position)
        assert place == everywhere.nearest(position), position
        found += place is not None
    assert found > 20


def test_scipy_is_never_loaded() -> None:
    program = (
        "import sys; from photos.places import gazetteer; from photos.models import Position;"
        "gazetteer().nearest(Position(1, 1)); print('scipy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
