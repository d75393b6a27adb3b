"""The same stage with a library on servers, MariaDB and a bucket: there, calls to the network fail.

Started as `python -m tests.faults.elsewhere FOLDER`; DATABASE_URL and the settings of the bucket are in the
environment. The library is made anew for every case, and time passes by setting instants back: a store
refuses requests of a clock that is wrong.
"""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from secrets import token_hex
from typing import Any

import requests
from sqlalchemy import select, update

import tests.compiling  # noqa: F401 # what botocore reads, all children have from here
from photos.config import read_settings
from photos.db.schema import metadata, upload
from photos.services import arrival
from photos.wiring import Backends, open_backends, prepare
from tests.faults import flows
from tests.faults.flows import Facts, Flow, Promises
from tests.faults.shim import NETWORK, NETWORK_FAULTS, Fault, Shim
from tests.faults.stage import InnerDarkroom, Nowhere, Stage, _check_objects, _owner, serve
from tests.servers.mariadb import clear
from tests.services.conftest import Library

NAMES = (
    *("DATABASE_URL", "STORAGE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"),
    *("S3_BUCKET", "S3_ENDPOINT_URL", "S3_ADDRESSING"),
)
INSTANTS = ("_at", "_until")
"""How columns end that hold microseconds since 1970."""


class RemoteLibrary(Library):
    """Parts go to the bucket, as a browser sends them: not our calls to count."""

    def send(
        self, offer: arrival.Offer, body: bytes, *, only: Callable[[int], bool] = lambda _: True
    ) -> None:
        """See `Library`."""
        assert offer.upload is not None
        with Shim().aside():
            for part in offer.parts:
                start = (part.number - 1) * offer.upload.part_size
                if only(part.number):
                    content = body[start : start + part.size_bytes]
                    requests.put(part.url, data=content, timeout=30).raise_for_status()


class Elsewhere(Stage):
    """A database, a bucket, and a folder for what stays here."""

    faults = NETWORK_FAULTS
    counting = Fault(NETWORK, errno.ECONNRESET)

    def set_up(self) -> None:
        """Make the tables, and rehearse."""
        self.case.mkdir()
        self.backends = self._open()
        prepare(self.backends)
        flow = next(flow for flow in flows.FLOWS if flow.name == "process")
        self._begin(flow)
        problems: list[dict[str, Any]] = []
        self._look(flow, deepcopy(self.promises), lambda **facts: problems.append(facts))
        assert not problems, problems

    def play(self, flow: Flow, fault: Fault, number: int) -> tuple[bool, list[int], list[str]]:
        """See `Stage`. The process has just begun: it has no connections yet."""
        return super().play(replace(flow, is_cold=True), fault, number)

    def _begin(self, flow: Flow) -> None:
        storage = self.backends.storage
        with self.backends.database.write() as connection:
            clear(connection)
        for item in list(storage.list()):
            storage.delete(item.key)
        for key, multipart_id in list(storage.list_multiparts()):
            storage.abort_multipart(key, multipart_id)
        shutil.rmtree(self.case)
        self.case.mkdir()
        self.promises.clear()
        with self._opened(is_fresh=False) as library:
            flows.begin(library, Promises(self.promises))

    def _steady(self, seed: int) -> None:
        """Servers have clocks of their own, and remember the ids of other cases."""

    def _fingerprint(self, flow: Flow, promised: dict[str, Facts]) -> str:
        """What is left is on servers: no two cases are the same."""
        return token_hex()

    def _let_time_pass(self, seconds: int) -> None:
        with self.backends.database.write() as connection:
            for table in metadata.sorted_tables:
                earlier = {
                    each: each - seconds * 1_000_000 for each in table.c if each.name.endswith(INSTANTS)
                }
                if earlier:
                    connection.execute(update(table).values(earlier))

    def _library(self, backends: Backends) -> Library:
        return RemoteLibrary(backends, _owner(backends))

    def _open(self) -> Backends:
        environ = {"BIGIMAGE_DATA": str(self.case), "RECOGNITION": "off"}
        backends = open_backends(read_settings(environ | {name: os.environ[name] for name in NAMES}))
        backends.__dict__.update(darkroom=InnerDarkroom(self.shim), gazetteer=Nowhere())
        return backends

    def _check_rests(self, library: Library, tell: Callable[..., None]) -> None:
        _check_objects(library, tell)
        with library.backends.database.read() as connection:
            known = set(connection.scalars(select(upload.c.multipart_id)))
        for key, multipart_id in library.backends.storage.list_multiparts():
            if multipart_id not in known:
                tell(problem=f"left behind: an upload of {key}")


if __name__ == "__main__":
    serve(Elsewhere(Path(sys.argv[1])))
