"""Measurements as log lines that CloudWatch reads as metrics: its Embedded Metric Format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html

Nothing is sent to anybody: values of one name and one set of dimensions are gathered and written as one line,
ten seconds after the first or when there are a hundred. Dimensions are words of our own (a job, a service, a
group of pages), never a person, a photo or an address: each combination is one metric, and is paid for.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time

log = logging.getLogger(__name__)

NAMESPACE = "Bigimage"
GATHER_SECONDS = 10
MOST_VALUES = 100
"""What one line may hold of one metric, by the format."""

Key = tuple[str, str, tuple[tuple[str, str], ...]]


class Meter:
    """Gathers the values of one process. `tier` is a dimension of everything."""

    def __init__(self, tier: str) -> None:
        self._tier = tier
        self._values: dict[Key, list[float]] = {}
        self._timer: threading.Timer | None = None
        self._turn = threading.Lock()

    def record(self, name: str, value: float, unit: str, **dimensions: str) -> None:
        """One value; `unit` is a word of CloudWatch, such as Milliseconds or Count."""
        key = (name, unit, tuple(dimensions.items()))
        with self._turn:
            if self._timer is None:
                self._timer = threading.Timer(GATHER_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()
            values = self._values.setdefault(key, [])
            values.append(round(value, 3))
            gathered = self._take() if len(values) >= MOST_VALUES else {}
        self._write(gathered)

    def flush(self) -> None:
        """Write what is there."""
        with self._turn:
            gathered = self._take()
        self._write(gathered)

    def _take(self) -> dict[Key, list[float]]:
        if self._timer is not None:
            self._timer.cancel()
        gathered, self._values, self._timer = self._values, {}, None
        return gathered

    def _write(self, gathered: dict[Key, list[float]]) -> None:
        for (name, unit, dimensions), values in gathered.items():
            named = {"Tier": self._tier, **dict(dimensions)}
            metric = {"Name": name, "Unit": unit}
            about = {"Namespace": NAMESPACE, "Dimensions": [list(named)], "Metrics": [metric]}
            line = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]}
            log.info("measured", extra={"measured": {"_aws": line, **named, name: values}})


_meter: Meter | None = None


def configure(tier: str, *, is_on: bool) -> None:
    """Begin to measure, or stop; what was gathered before is written."""
    global _meter
    if _meter is not None:
        _meter.flush()
        atexit.unregister(_meter.flush)
    _meter = Meter(tier) if is_on else None
    if _meter is not None:
        log.setLevel(logging.INFO)
        atexit.register(_meter.flush)


def record(name: str, value: float, unit: str, **dimensions: str) -> None:
    """One value of this process; nothing happens where nothing is measured."""
    if _meter is not None:
        _meter.record(name, value, unit, **dimensions)
