"""Where the flows are played: a process that forks one child to act and one to look at what is left.

Started as `python -m tests.faults.stage FOLDER` with the shim in LD_PRELOAD. Every line on standard input
asks for a sweep, every line on standard output answers it, both JSON. All imports are made before the first
fork, so a case costs what its flow costs.
"""

from __future__ import annotations

import errno
import gc
import hashlib
import json
import logging
import os
import random
import re
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from photos.backends.search.sqlite import SqliteSearch
from photos.backends.storage.folder import FolderStorage
from photos.config import read_settings
from photos.db import chunks, objects
from photos.db import photos as photo_rows
from photos.db import users as user_rows
from photos.errors import BackendError, ConfigError
from photos.imaging.development import develop
from photos.imaging.limits import Limits
from photos.imaging.opening import prepare as prepare_decoders
from photos.imaging.sniff import HEAD_BYTES, sniff
from photos.models import Developed, Identity, Photo, PhotoState, Place, Position, User
from photos.services import fsck, indexing
from photos.wiring import Backends, open_backends, prepare
from tests.faults import flows
from tests.faults.flows import EITHER, Facts, Flow, Promises, body_of, hash_of
from tests.faults.shim import EVERYTHING, FAULTS, KINDS, Fault, Shim, cut_power
from tests.services.conftest import Library

OWNER = Identity("https://example.org", "owner", "owner@example.org", True, "Olga Owner")
LEASES_OVER = 15 * 60
"""Seconds after which everything that a dead process had leased is free again."""
ALL_OVER = 9 * 86400
"""Seconds after which the sweep may throw away whatever nobody goes on with."""
PATIENCE_SECONDS = 60
TAG = re.compile(rb'"etag": "[^,}]*')
"""Of a part: number and true time of its file. They only say whether it changed, and differ in every case."""
NEVER = 1_000_000
"""More calls than any flow makes."""


class InnerDarkroom:
    """Decodes in this process. In the whole program a child does, so the shim stands aside."""

    def __init__(self, shim: Shim) -> None:
        self._shim = shim

    def develop(self, path: Path, *, turn: int = 0) -> Developed:
        """See `photos.imaging.pool.Decoders`."""
        with self._shim.aside(), path.open("rb") as file:
            media_type = sniff(file.read(HEAD_BYTES))
            file.seek(0)
            return develop(file, media_type, Limits(), turn=turn)

    def close(self) -> None:
        """Nothing to end."""


class Nowhere:
    """A gazetteer that costs no memory, since every fork would share it; no photo here has a position."""

    def nearest(self, position: Position) -> Place | None:
        """See `photos.places.Gazetteer`."""
        raise AssertionError(position)


class Stage:
    """One folder to play in."""

    faults = FAULTS
    counting = Fault(EVERYTHING, errno.EIO)
    """What would meet any of their calls."""

    def __init__(self, folder: Path) -> None:
        self.shim = Shim()
        self.begun = folder / "begun"
        self.empty = folder / "empty"
        self.case = folder / "case"
        self.shadow = folder / "shadow"
        self.began = int(time.time())
        self.promises: dict[str, Facts] = {}
        self.seen: dict[str, list[str]] = {}
        """What was wrong with what was left, for each way in which anything was."""
        self.untouched: dict[str, list[int]] = {}
        """How many calls of each kind a flow makes when nothing is in its way."""
        prepare_decoders()
        self.empty.mkdir()

    def set_up(self) -> None:
        """Build the library that every flow begins with, and rehearse, so that no child has to import."""
        self.case.mkdir()
        self.backends = self._open()
        with self._opened(is_fresh=False) as library:
            flows.begin(library, Promises(self.promises))
        shutil.copytree(self.case, self.begun)
        problems: list[dict[str, Any]] = []
        self._look(flows.FLOWS[0], deepcopy(self.promises), lambda **facts: problems.append(facts))
        self.shim.move_clock(0)
        assert not problems, problems
        # what is here stays: children need neither look at it nor copy its pages
        gc.collect()
        gc.freeze()

    def sweep(self, flow: Flow, fault_name: str, *, stride: int, start: int, most: int) -> dict[str, Any]:
        """Let the fault meet call after call until the flow passes untouched."""
        failures: list[str] = []
        cases = 0
        for number in range(start, most + 1, stride):
            fired, _, problems = self.play(flow, self.faults[fault_name], number)
            cases += 1
            failures += _told(flow, fault_name, number, problems)
            if not fired:
                break
        return {"cases": cases, "failures": failures}

    def spread(self, flow: Flow, fault_name: str, *, most: int) -> dict[str, Any]:
        """Let the fault meet every call that the flow makes when untouched; if these are many, about `most`
        of them in equal distances, from another one on for each fault."""
        fault = self.faults[fault_name]
        failures: list[str] = []
        if flow.name not in self.untouched:
            _, self.untouched[flow.name], problems = self.play(flow, self.counting, NEVER)
            failures += _told(flow, "nothing", NEVER, problems)
        untouched = zip(KINDS, self.untouched[flow.name], strict=True)
        counted = sum(calls for kind, calls in untouched if kind & fault.calls)
        distance = max(1, -(-counted // most))
        first = random.Random(f"{flow.name} {fault_name}").randint(1, distance)
        numbers = range(first, counted + 1, distance)
        for number in numbers:
            _, _, problems = self.play(flow, fault, number)
            failures += _told(flow, fault_name, number, problems)
        return {"cases": len(numbers), "failures": failures}

    def play(self, flow: Flow, fault: Fault, number: int) -> tuple[bool, list[int], list[str]]:
        """One case: whether the fault fired, how many calls of each kind there were, and what was wrong."""
        self._begin(flow)
        lines, status = _in_child(lambda tell: self._act(flow, fault, number, tell))
        if fault.cuts_power:
            cut_power(self.case, self.shadow)
        problems = [line["problem"] for line in lines if "problem" in line]
        fired = any(line.get("fired") for line in lines) or status == -signal.SIGKILL
        if status not in (0, -signal.SIGKILL):
            problems.append(f"the flow's process ended with {status}")
        promised = _promised({} if flow.is_first else self.promises, lines)
        problems += self._judge(flow, promised)
        counted = next((line["calls"] for line in lines if "calls" in line), [0] * len(KINDS))
        return fired, counted, problems

    def _judge(self, flow: Flow, promised: dict[str, Facts]) -> list[str]:
        """What is wrong with what is left. Clock and chance are the same in every case, so many faults leave
        the very same bytes behind the same promises: these are looked at once."""
        left = self._fingerprint(flow, promised)
        if left not in self.seen:
            after, status = _in_child(lambda tell: self._look(flow, promised, tell))
            problems = [line["problem"] for line in after if "problem" in line]
            if status != 0:
                problems.append(f"the next process ended with {status}")
            self.seen[left] = problems
        return self.seen[left]

    def _fingerprint(self, flow: Flow, promised: dict[str, Facts]) -> str:
        """A hash of all that a look depends on."""
        known = hashlib.sha256(f"{flow.name} {json.dumps(promised, sort_keys=True)}".encode())
        for path in sorted(self.case.rglob("*")):
            known.update(f"\n{path.relative_to(self.case)}\n".encode())
            if path.is_file():
                known.update(TAG.sub(b"", path.read_bytes()))
        return known.hexdigest()

    def _begin(self, flow: Flow) -> None:
        """Make the library what it is before every flow."""
        shutil.rmtree(self.shadow, ignore_errors=True)
        shutil.rmtree(self.case, ignore_errors=True)
        shutil.copytree(self.empty if flow.is_first else self.begun, self.case)

    def _steady(self, seed: int) -> None:
        """Let clock and chance of this process be the same in every case, for each `seed`."""
        self.shim.steady(self.began, seed)

    def _let_time_pass(self, seconds: int) -> None:
        """Let it be so many seconds later than it was at the beginning."""
        self.shim.move_clock(seconds)

    def _act(self, flow: Flow, fault: Fault, number: int, tell: Callable[..., None]) -> None:
        self._steady(1)
        known = {} if flow.is_first else self.promises
        promises = Promises(dict(known), lambda name, facts: tell(photo=name, facts=facts))
        if fault.cuts_power:
            self.shim.keep_synced(self.case, self.shadow)
        answer = ""
        try:
            if flow.is_first or flow.is_cold:
                self.shim.arm(self.case, fault, number)
            with self._opened(is_fresh=flow.is_first, prepares=flow.is_first) as library:
                if not flow.is_first and not flow.is_cold:
                    _look_around(library, promises)
                    self.shim.arm(self.case, fault, number)
                try:
                    flow.act(library, promises)
                except BackendError as error:
                    answer = type(error).__name__
                if fault is FAULTS["disk full"] and not flow.is_first and not flow.is_cold:
                    _look_around(library, promises)
                fired = self.shim.has_fired
                if fault.cuts_power:
                    # closing would still write
                    tell(fired=fired, calls=self.shim.calls)
                    os._exit(0)
                self.shim.disarm()
        except (BackendError, ConfigError) as error:
            fired = self.shim.has_fired
            answer = type(error).__name__
        self.shim.disarm()
        tell(fired=fired, calls=self.shim.calls)
        if answer and not fired:
            tell(problem=f"it failed untouched: {answer}")

    def _look(self, flow: Flow, promised: dict[str, Facts], tell: Callable[..., None]) -> None:
        self._steady(2)
        promises = Promises(promised)
        self._let_time_pass(LEASES_OVER)
        with self._opened(is_fresh=flow.is_first) as library:
            indexing.mend_index(database=library.backends.database, search=library.backends.search)
            _settle(library, promises, tell, "after the restart")
            flow.act(library, promises)
            _settle(library, promises, tell, "done again")
            self._let_time_pass(ALL_OVER)
            library.sweep()
            _settle(library, promises, tell, "days later")
            self._check_rests(library, tell)

    @contextmanager
    def _opened(self, *, is_fresh: bool, prepares: bool = True) -> Iterator[Library]:
        """The library, ready for use, and closed again. Unless it is to be `is_fresh` from the settings on,
        parts that hold nothing open are taken over from the rehearsal, with SQLAlchemy's compiled statements.
        """
        backends = self._open() if is_fresh else self.backends
        try:
            if prepares:
                prepare(backends)
            yield self._library(backends)
        finally:
            assert isinstance(backends.search, SqliteSearch)
            backends.search.close()
            backends.close()

    def _library(self, backends: Backends) -> Library:
        return Library(backends, _owner(backends))

    def _open(self) -> Backends:
        environ = {"BIGIMAGE_DATA": str(self.case), "RECOGNITION": "off"}
        backends = open_backends(replace(read_settings(environ), part_bytes=flows.PART_BYTES))
        assert isinstance(backends.storage, FolderStorage)
        backends.storage.min_part_size = 1
        backends.__dict__.update(darkroom=InnerDarkroom(self.shim), gazetteer=Nowhere())
        return backends

    def _check_rests(self, library: Library, tell: Callable[..., None]) -> None:
        """Nothing that belongs to nobody is kept for good."""
        storage = library.backends.settings.data / "storage"
        for area in ("incoming", "uploads"):
            for rest in sorted((storage / area).iterdir()):
                names = [each.name for each in rest.glob("*")]
                tell(problem=f"left behind: {area}/{rest.name} {names}")
        _check_objects(library, tell)


def _told(flow: Flow, fault_name: str, number: int, problems: list[str]) -> list[str]:
    return [f"{flow.name}, {fault_name} at {number}: {problem}" for problem in problems]


def _owner(backends: Backends) -> User:
    with backends.database.read() as connection:
        known = user_rows.list_users(connection).items
    if known:
        return known[0]
    with backends.database.write() as connection:
        return user_rows.ensure_user(connection, OWNER, now=datetime.now(UTC))


def _promised(before: dict[str, Facts], lines: list[dict[str, Any]]) -> dict[str, Facts]:
    promises = Promises({name: dict(facts) for name, facts in before.items()})
    for line in lines:
        if "photo" in line:
            promises.note(line["photo"], line["facts"])
    return promises.known


def _look_around(library: Library, promises: Promises) -> None:
    """Read as pages do. Raises BackendError if that cannot be done."""
    photo = library.photo(promises.id_of("lighthouse"))
    for key in (photo.storage_key, *(rendition.key for rendition in photo.renditions)):
        b"".join(library.backends.storage.get(key))
    library.find("dog")


def _settle(library: Library, promises: Promises, tell: Callable[..., None], when: str) -> None:
    """Sweep, do what waits, and hold the library against itself and against what was promised."""
    library.sweep()
    flows.work(library)
    parts = library.backends
    fsck.find_differences(
        database=parts.database,
        storage=parts.storage,
        search=parts.search,
        report=lambda line: tell(problem=f"{when}: fsck {line}"),
    )
    seen = set()
    for name in flows.NAMES:
        with parts.database.read() as connection:
            photo = photo_rows.find_photo_by_hash(connection, library.owner.id, hash_of(name))
            whole = (
                None
                if photo is None
                else photo_rows.get_photo(connection, photo.id, owner_id=library.owner.id)
            )
        for problem in _broken(library, name, whole, promises.known.get(name, {"there": False})):
            tell(problem=f"{when}: {name} {problem}")
        seen |= {whole.id} if whole else set()
    with parts.database.read() as connection:
        counted = sum(chunks.count_shelves(connection, library.owner.id).values())
    if counted != len(seen):
        tell(problem=f"{when}: {counted} photos in place of {len(seen)}")


def _broken(library: Library, name: str, photo: Photo | None, promised: Facts) -> Iterator[str]:
    """In what a photo is not as it was promised."""
    if photo is None:
        if promised["there"] is True:
            yield "is lost"
        return
    if promised["there"] is False:
        yield "is there"
    is_now: Facts = {
        "id": photo.id,
        "trashed": photo.trashed_at is not None,
        "description": photo.description,
        "turn": photo.turn,
        "verdict": next((label.verdict for label in photo.labels if label.name == "dog"), None),
    }
    for fact, value in is_now.items():
        if promised.get(fact, EITHER) not in (EITHER, value):
            yield f"has {fact} {value!r} in place of {promised[fact]!r}"
    if photo.state is not PhotoState.READY:
        yield f"is {photo.state} {photo.reason!r}"
    if b"".join(library.backends.storage.get(photo.storage_key)) != body_of(name):
        yield "has another file"
    for rendition in photo.renditions:
        if library.backends.storage.stat(rendition.key).size_bytes != rendition.size_bytes:
            yield f"has half a {rendition.kind} rendition"
    if photo.turn_made != photo.turn:
        yield f"is shown turned by {photo.turn_made} in place of {photo.turn}"
    if len(photo.renditions) != 3:
        yield f"has {len(photo.renditions)} renditions"


def _check_objects(library: Library, tell: Callable[..., None]) -> None:
    with library.backends.database.read() as connection:
        wanted = {
            key
            for row in objects.iterate_objects(connection)
            for key in (row.storage_key, *row.rendition_keys)
        }
    for key in sorted(library.objects() - wanted):
        tell(problem=f"left behind: {key}")


def _in_child(act: Callable[[Callable[..., None]], None]) -> tuple[list[dict[str, Any]], int]:
    """Run `act` in a fork of this process; what it told, and its exit status (negative: a signal)."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        signal.alarm(PATIENCE_SECONDS)

        def tell(**facts: Any) -> None:
            os.write(writing, json.dumps(facts).encode() + b"\n")

        try:
            act(tell)
        except Exception:
            Shim().disarm()
            tell(problem=traceback.format_exc(limit=-6))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as answers:
        lines = [json.loads(line) for line in answers]
    _, status = os.waitpid(child, 0)
    return lines, os.waitstatus_to_exitcode(status)


def serve(stage: Stage) -> None:
    """Answer sweeps until standard input ends."""
    logging.disable(logging.CRITICAL)
    stage.set_up()
    by_name = {flow.name: flow for flow in (*flows.FLOWS, *flows.WRONG)}
    for line in sys.stdin:
        asked = json.loads(line)
        flow = by_name[asked.pop("flow")]
        play = stage.spread if asked.pop("spreads") else stage.sweep
        print(json.dumps(play(flow, asked.pop("fault"), **asked)), flush=True)


if __name__ == "__main__":
    serve(Stage(Path(sys.argv[1])))
