"""A clock that is put back or forward (F32): nobody waits for a time that was written by a wrong clock."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import pictures
from tests.e2e.furnished import Furnished, furnish, until
from tests.faults.visit import Visit
from tests.servers.app import RunningApp
from tests.services.conftest import lay_foundation

HOUR, DAY = 3600, 86400
LEASE_SECONDS = 5


@dataclass
class Clockwork:
    """A library whose clock can be moved while it is down."""

    library: Furnished
    visit: Visit

    def set(self, seconds: int) -> None:
        """Kill everything and start it again with the clock so far from the true time."""
        self.library.app.kill()
        self.library.app.settings["FAULT_CLOCK"] = str(seconds)
        self.library.app.start()


@pytest.fixture
def clockwork(shim_library: Path, data_folder: Path, migrated_file: Path) -> Iterator[Clockwork]:
    lay_foundation(data_folder, migrated_file)
    settings = {
        "RECOGNITION": "off",
        "WEB_PROCESSES": "1",
        "DECODERS": "1",
        "JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "LD_PRELOAD": str(shim_library),
    }
    app = RunningApp(data_folder, settings)
    library = furnish(app)
    yield Clockwork(library, Visit(library))
    app.kill()


def _send(clockwork: Clockwork, *seeds: int) -> None:
    for seed in seeds:
        assert "It has arrived" in clockwork.visit.send_form(pictures.jpeg(64, 48, seed=seed)).text


def _assert_all_ready(clockwork: Clockwork, count: int) -> None:
    def is_ready() -> bool:
        items = clockwork.library.api("GET", "photos?limit=100")["items"]
        return [item["state"] for item in items] == ["ready"] * count

    until(is_ready, "every photo is ready")
    counted = json.loads(clockwork.library.app.flask("fsck", "--json").stdout)
    assert not any(counted.values()), counted


def test_f32_a_clock_put_back_an_hour_holds_nobody_off(clockwork: Clockwork) -> None:
    _send(clockwork, *range(8))
    photo = clockwork.library.api("GET", "photos?limit=1")["items"][0]
    clockwork.set(-HOUR)
    assert "Sign out" in clockwork.visit.get("/").text
    assert clockwork.visit.get(photo["original_url"]).ok
    _send(clockwork, 8)
    _assert_all_ready(clockwork, 9)


def test_f32_a_clock_put_forward_for_a_year_and_back_only_signs_people_out(clockwork: Clockwork) -> None:
    _send(clockwork, 0)
    clockwork.set(400 * DAY)
    assert "Sign out" not in clockwork.visit.get("/").text
    clockwork.visit.sign_in()
    _send(clockwork, 1, 2, 3)
    clockwork.set(0)
    clockwork.visit.sign_in()
    _send(clockwork, 4)
    _assert_all_ready(clockwork, 5)
