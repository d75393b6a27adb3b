"""Offline place names at known positions, at the date line and far from everywhere."""

from __future__ import annotations

import subprocess
import sys

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


def test_scipy_is_never_loaded() -> None:
    program = (
        "import sys; from photos.places import gazetteer; from photos.models import Position;"
        "gazetteer().nearest(Position(1, 1)); print('scipy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
