"""How many connections all processes together may open, against what the server allows."""

from __future__ import annotations

import msgspec

RESERVED = 10
"""Left for commands, a migration, monitoring and the administrator who looks why nothing works."""


class Fleet(msgspec.Struct, frozen=True):
    """Everything that shares one database. `doubles`: while a new version is rolled out, the machines of the
    old one still run beside it (immutable deployments, additional batches)."""

    machines: int
    processes: int
    connections: int
    doubles: bool

    @property
    def most(self) -> int:
        """Connections at the worst moment."""
        return self.machines * self.processes * self.connections * (2 if self.doubles else 1)

    def fitting_connections(self, allowed: int) -> int:
        """How many connections each process may have at most; 0 if even one is too many."""
        return max(0, allowed - RESERVED) * self.connections // self.most


def complaint(fleet: Fleet, allowed: int) -> str:
    """What to change if a server that takes `allowed` connections is too small; empty if it is not."""
    if fleet.most <= allowed - RESERVED:
        return ""
    twice = ", twice during a deployment" if fleet.doubles else ""
    fitting = fleet.fitting_connections(allowed)
    way_out = f"set DATABASE_CONNECTIONS={fitting}, or" if fitting >= 2 else "lower WEB_PROCESSES, or"
    return (
        f"{fleet.machines} machines with {fleet.processes} processes of {fleet.connections} connections"
        f"{twice} make {fleet.most}; the server takes {allowed}, of which {RESERVED} stay free: "
        f"{way_out} take a larger server."
    )
