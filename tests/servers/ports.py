"""Ports for test servers."""

import random
import socket

FIRST, LAST = 20000, 32000
"""Below 32768, where the kernel starts to hand out ports of its own accord."""


def free_port() -> int:
    """A TCP port on 127.0.0.1 that nobody listens on; chosen at random, so that workers do not meet."""
    for port in random.sample(range(FIRST, LAST), 200):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"no free port between {FIRST} and {LAST}")
