"""The whole program for a while: answers, known files, a thousand uploads, many people at once."""

from __future__ import annotations

import hashlib
import re
import shutil
import statistics
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.camera import photographs
from bench.database import add_photos
from bench.measure import MIB, Effort, Figure, Findings, first_in_line, percentile, resident_bytes, single
from bench.served import Client, Failed, Served, running, unfinished, wait_until_ready
from photos.client import Uploader
from photos.db.schema import photo
from tests import pictures

PEOPLE, SENDERS = 200, 50
KNOWN = 1000
WRK_LINE = re.compile(r"^BENCH p50=(\d+) p95=(\d+) requests=(\d+) errors=(\d+) lost=(\d+)$", re.MULTILINE)
WRK_SCRIPT = """
done = function(summary, latency, requests)
  io.write(string.format("BENCH p50=%d p95=%d requests=%d errors=%d lost=%d\\n",
    latency:percentile(50), latency:percentile(95), summary.requests, summary.errors.status,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
"""


def measure(effort: Effort) -> Findings:
    """The rows about the whole program at work."""
    # the servers inherit it: what is told is how long the program takes, not what else the machine does
    with first_in_line(), running(effort.folder / "answers") as served:
        answers = _answers(served, effort.choose(30, 100))
        known = _known_files(served, effort.folder / "known")
    with running(effort.folder / "endurance") as served:
        memory = _endurance(served, effort.choose(60, 1000))
    with running(effort.folder / "crowd") as served:
        crowd = _crowd(served, effort)
    return Findings(figures=[answers, known, *memory, *crowd], peers=_wrk_version())


def _answers(served: Served, count: int) -> Figure:
    picture = photographs(1)[0]
    client = Client(served)
    # five megabytes, each another file; what follows the end of a JPEG is not read
    bodies = (picture + b"%06d" % number + bytes(5 * MIB - len(picture) - 6) for number in range(count + 1))
    seconds = [client.upload(body) for body in bodies][1:]
    client.close()
    wait_until_ready(served, seconds=120)
    return Figure(
        name="answer after the last byte of 5 MB, p95",
        value=1000 * percentile(seconds, 95),
        low=1000 * min(seconds),
        high=1000 * max(seconds),
        unit="ms",
        how=f"wall time until `complete` has answered, {count} files one after the other, the runner at work "
        f"beside it; median {1000 * statistics.median(seconds):.0f} ms",
        bar=150.0,
    )


def _known_files(served: Served, folder: Path) -> Figure:
    folder.mkdir()
    body = bytes(100_000)
    paths = [folder / f"{number}.jpg" for number in range(KNOWN)]
    add_photos(served.database, served.owner, KNOWN)
    with served.database.write() as connection:
        numbers = dict(
            connection.execute(photo.select().with_only_columns(photo.c.name, photo.c.key)).tuples().all()
        )
        for number, path in enumerate(paths):
            path.write_bytes(b"%d" % number + body)
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            key = numbers[f"IMG_{number:06}.jpg"]
            connection.execute(photo.update().where(photo.c.key == key).values(sha256=digest))
    uploader = Uploader(served.app.url, served.token)
    started = time.perf_counter()
    statuses = {outcome.status for outcome in uploader.upload(paths)}
    seconds = time.perf_counter() - started
    uploader.session.close()
    if statuses != {"known"}:
        raise Failed(f"known files were {statuses}")
    return single(
        "sending 1,000 known files again",
        seconds,
        "s",
        "wall time of `flask upload`'s client, 100 KB each, hashing included; no part is asked for, so no "
        "bytes are sent",
        bar=5.0,
    )


def _endurance(served: Served, count: int) -> list[Figure]:
    small = [pictures.jpeg(1600, 1200, seed=seed, quality=85) for seed in range(6)]
    hundred = max(10, count // 10)
    client = Client(served)
    readings: dict[str, list[int]] = {"web": [], "runner": [], "decoders": []}
    for number in range(count):
        client.upload(small[number % len(small)] + b"%d" % number)
        while unfinished(served) > 8:
            time.sleep(0.02)
        if number % 2:
            client.call("GET", "photos?limit=60")
        for name, word in (("web", "gunicorn"), ("runner", "photos.runner"), ("decoders", "imaging.child")):
            readings[name].append(sum(resident_bytes(pid) for pid in served.app.pids(word)))
    client.close()
    wait_until_ready(served, seconds=300)
    return [
        single(
            f"memory of {name} over {count:,} uploads",
            statistics.median(taken[-hundred:]) / statistics.median(taken[hundred : 2 * hundred]),
            "x the start",
            f"median resident memory of the last {hundred} uploads beside the second {hundred}; "
            f"at most {max(taken) / MIB:.0f} MiB",
            bar=1.1,
            noise=0.05,
        )
        for name, taken in readings.items()
    ]


def _crowd(served: Served, effort: Effort) -> list[Figure]:
    seconds = effort.choose(8, 30)
    add_photos(served.database, served.owner, effort.choose(3_000, 20_000))
    script = served.app.data / "crowd.lua"
    script.write_text(WRK_SCRIPT, encoding="utf-8")
    picture = pictures.jpeg(1600, 1200, seed=9, quality=85)
    stop = threading.Event()
    with ThreadPoolExecutor(SENDERS) as pool:
        sending = [pool.submit(_keep_sending, served, picture, number, stop) for number in range(SENDERS)]
        shown = subprocess.run(
            ["wrk", "-t2", f"-c{PEOPLE}", f"-d{seconds}s", "--timeout", "30s", "--latency", "-s", str(script),
             "-H", f"Cookie: {served.cookie}", f"{served.app.url}/"],
            capture_output=True, text=True, check=True,
        ).stdout  # fmt: skip
        stop.set()
        outcomes = [future.result() for future in sending]
    sent = [taken for times, _ in outcomes for taken in times]
    failures = sum(failed for _, failed in outcomes)
    found = WRK_LINE.search(shown)
    if found is None:
        raise Failed(shown)
    p50, p95, requests, errors, lost = map(int, found.groups())
    wait_until_ready(served, seconds=600)
    how = f"{PEOPLE} connections ask for the timeline, {SENDERS} upload 1600 x 1200 JPEGs, {seconds} s"
    return [
        single(
            "requests lost or refused in a crowd",
            float(errors + lost + failures),
            "",
            f"{how}; {requests:,} pages and {len(sent):,} uploads answered, all became photos",
            bar=0.0,
            noise=0.0,
        ),
        single(
            "a timeline page in a crowd, p95",
            p95 / 1000,
            "ms",
            f"{how}; median {p50 / 1000:.0f} ms, {requests / seconds:.0f} a second",
        ),
        single(
            "an upload's answer in a crowd, p95",
            1000 * percentile(sent, 95),
            "ms",
            f"from the last byte to `complete`; median {1000 * statistics.median(sent):.0f} ms",
        ),
    ]


def _keep_sending(
    served: Served, picture: bytes, number: int, stop: threading.Event
) -> tuple[list[float], int]:
    """Upload one file after the other; the seconds each took to be answered, and how many failed."""
    taken, failures, turn = [], 0, 0
    client = Client(served)
    while not stop.is_set():
        try:
            taken.append(client.upload(picture + b"%d %d" % (number, turn)))
        except Failed:
            failures += 1
        turn += 1
        # somebody who uploads also looks
        stop.wait(1.0)
    client.close()
    return taken, failures


def _wrk_version() -> list[str]:
    program = shutil.which("wrk")
    if program is None:
        raise Failed("wrk is not installed")
    said = subprocess.run([program, "-v"], capture_output=True, text=True, check=False)
    return [f"wrk {found[1]}"] if (found := re.search(r"wrk ([\w./]+)", said.stdout + said.stderr)) else []
