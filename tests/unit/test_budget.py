"""How many connections a fleet opens, and what to do when a server takes fewer."""

from __future__ import annotations

import pytest

from photos.db.budget import Fleet, complaint


@pytest.mark.parametrize(
    ("machines", "processes", "connections", "doubles", "most"),
    [
        (1, 3, 10, False, 30),
        (8, 3, 10, False, 240),
        (4, 3, 10, True, 240),
        (4, 2, 5, True, 80),
        (1, 1, 2, True, 4),
    ],
)
def test_what_a_fleet_opens(
    machines: int, processes: int, connections: int, doubles: bool, most: int
) -> None:
    fleet = Fleet(machines=machines, processes=processes, connections=connections, doubles=doubles)
    assert fleet.most == most


@pytest.mark.parametrize(
    ("fleet", "allowed", "words"),
    [
        (Fleet(1, 3, 10, doubles=False), 85, ""),
        (Fleet(1, 3, 10, doubles=False), 40, ""),
        (Fleet(1, 3, 10, doubles=False), 39, "make 30; the server takes 39"),
        (Fleet(4, 3, 10, doubles=True), 341, ""),
        (Fleet(4, 3, 10, doubles=True), 170, "DATABASE_CONNECTIONS=6,"),
        (Fleet(4, 3, 10, doubles=True), 85, "twice during a deployment"),
        (Fleet(40, 3, 10, doubles=True), 85, "lower WEB_PROCESSES"),
    ],
)
def test_what_to_do_when_it_is_too_many(fleet: Fleet, allowed: int, words: str) -> None:
    found = complaint(fleet, allowed)
    assert words in found and bool(found) == bool(words)


def test_what_is_proposed_fits() -> None:
    for machines in range(1, 12):
        for allowed in range(40, 400, 7):
            fleet = Fleet(machines, 3, 10, doubles=True)
            fitting = fleet.fitting_connections(allowed)
            if complaint(fleet, allowed) and fitting:
                assert complaint(Fleet(machines, 3, fitting, doubles=True), allowed) == ""
