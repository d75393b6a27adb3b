"""Two web servers behind nginx come and go while people use the library (F33, F34): deployments, and kills.

nginx stands for the load balancer, too: it takes a server out before that is stopped, as Elastic Beanstalk's
rolling deployments have it done. Against kills it may ask another server again, but never for what changes
something; the people's own programs do that.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import requests
from sqlalchemy import func, select, text

from photos.config import read_settings
from photos.db import migrate
from photos.db.schema import bulk_change
from photos.db.schema import photo as photo_table
from photos.imaging.pool import Decoders
from photos.services import accounts, tokens
from photos.wiring import Backends, open_backends, prepare
from tests import pictures
from tests.e2e.furnished import EMAIL
from tests.faults.conftest import ROOT
from tests.faults.traffic import LATER, Traffic
from tests.needs import require
from tests.proof import Sweep
from tests.servers import nginx
from tests.servers.app import KEPT
from tests.servers.cloud import Process
from tests.servers.nginx import Nginx
from tests.servers.ports import free_port
from tests.servers.worker import SECRET_KEY
from tests.services.conftest import PASSWORD, Library

PROOF_SECONDS = min(60, int(os.environ.get("BIGIMAGE_PROOF_N", "0")))
STEADY_SECONDS = 1.5
"""In which people meet what has just changed."""
NEXT_COLUMN = '    Column("mood", Binary(20), default="new"),\n'
NEXT_MIGRATION = '''"""What a next version could add: old code neither reads nor writes it."""

from sqlalchemy import Column, String

from photos.db.resumable import add_column, drop_column

revision, down_revision, branch_labels, depends_on = "next", "{head}", None, None


def upgrade() -> None:
    add_column("photo", Column("mood", String(20)))


def downgrade() -> None:
    drop_column("photo", "mood")
'''


@dataclass
class Fleet:
    """Two web servers with one library, and what people are asked to type."""

    environ: dict[str, str]
    front: Nginx
    library: Library
    webs: list[Process] = field(init=False)

    def __post_init__(self) -> None:
        logs = Path(self.environ["BIGIMAGE_DATA"]).parent
        self.webs = [
            Process(self.environ, logs / f"web-{number}.log", port)
            for number, port in enumerate(self.front.behind)
        ]

    @property
    def backends(self) -> Backends:
        return self.library.backends

    def traffic(self, folder: Path) -> Traffic:
        """What people do here."""
        photo = self.library.accept(pictures.jpeg(64, 48, seed=10**6)).photo
        assert photo is not None
        token = tokens.create_token_for(
            EMAIL, name="traffic", scopes=frozenset({"read", "write"}), database=self.backends.database
        )
        return Traffic(self.front.url, token, photo.id, folder)

    def deploy(self, web: Process, root: Path) -> None:
        """The program in `root` takes the place of what runs there, as a rolling deployment does."""
        others = tuple(other.port for other in self.webs if other is not web)
        self.front.send_to(*others)
        web.end()
        web.root = root
        web.start()
        self.front.send_to(*(each.port for each in self.webs))
        time.sleep(STEADY_SECONDS)

    def kill(self, web: Process) -> None:
        """It dies under what it is asked, and comes back."""
        web.kill()
        time.sleep(STEADY_SECONDS)
        web.start()
        time.sleep(STEADY_SECONDS)

    def versions(self) -> set[str]:
        """Which answer."""
        host = {"Host": self.front.url.removeprefix("http://")}
        addresses = [f"http://127.0.0.1:{web.port}/version" for web in self.webs]
        return {requests.get(each, headers=host, timeout=30).json()["version"] for each in addresses}


@pytest.fixture
def fleet(data_folder: Path, mariadb_url: str, darkroom: Decoders) -> Iterator[Fleet]:
    require(
        nginx.program() is not None, "nginx is not installed; `make test` installs it where it may use apt"
    )
    port = free_port()
    settings = {
        "PLATFORM": "aws",
        "TIER": "web",
        "BASE_URL": f"http://127.0.0.1:{port}",
        "PROXY_HOPS": "1",
        "BIGIMAGE_DATA": str(data_folder),
        "DATABASE_URL": mariadb_url,
        "SECRET_KEY": SECRET_KEY,
        "STORAGE": "folder",
        "JOBS": "local",
        "RECOGNITION": "off",
        "WEB_PROCESSES": "1",
    }
    backends = open_backends(read_settings(settings))
    prepare(backends)
    backends.__dict__["darkroom"] = darkroom
    owner = accounts.create_account(EMAIL, PASSWORD, database=backends.database)
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    front = Nginx(
        (free_port(), free_port()), {"proxy_next_upstream off;": "proxy_next_upstream error;"}, port
    )
    made = Fleet({**kept, **settings}, front, Library(backends, owner))
    try:
        for web in made.webs:
            web.start()
        with front:
            yield made
    finally:
        for web in made.webs:
            web.kill()
        backends.database.close()
        backends.storage.close()


def assert_only_kills_were_noticed(traffic: Traffic) -> None:
    """By programs that asked again: of changes, and of what breaks off in the middle. Nothing is refused."""
    assert traffic.seen == []
    assert all(method != "GET" or status == 0 for method, status in traffic.failed), traffic.failed
    assert all(status in LATER for _, status in traffic.failed), traffic.failed


def assert_nothing_is_lost_or_twice(fleet: Fleet, traffic: Traffic) -> None:
    assert traffic.described > 3
    assert traffic.sent > 3
    with fleet.backends.database.read() as connection:
        assert connection.scalar(select(func.count()).select_from(bulk_change)) == traffic.described
    assert fleet.library.photo(traffic.photo_id).description == f"{traffic.described} times described"
    fleet.library.work()
    with fleet.backends.database.read() as connection:
        names = list(connection.scalars(select(photo_table.c.name)))
    assert sorted(names) == sorted(["photo.jpg", *(f"{number}.jpg" for number in range(traffic.sent))])
    fleet.library.sweep()
    assert fleet.library.fsck().total() == 0
    assert "Traceback" not in "".join(web.log for web in fleet.webs)


def test_f33_f34_servers_are_replaced_and_killed_and_nobody_notices(fleet: Fleet, tmp_path: Path) -> None:
    first, second = fleet.webs
    with fleet.traffic(tmp_path / "sent") as traffic:
        fleet.deploy(first, ROOT)
        assert traffic.failed == {}, "not one answer, although nobody asked again"
        fleet.kill(second)
    assert_only_kills_were_noticed(traffic)
    assert_nothing_is_lost_or_twice(fleet, traffic)


@pytest.mark.proof
def test_f33_servers_killed_by_turns(fleet: Fleet, tmp_path: Path, sweep: Sweep) -> None:
    sweep.area, sweep.name = "faults", "web servers killed by turns while people use the library"
    until = time.monotonic() + PROOF_SECONDS
    with fleet.traffic(tmp_path / "sent") as traffic:
        while sweep.cases < 2 or time.monotonic() < until:
            fleet.kill(fleet.webs[sweep.cases % 2])
            sweep.cases += 1
    print("answers:", dict(traffic.answers))
    assert_only_kills_were_noticed(traffic)
    assert_nothing_is_lost_or_twice(fleet, traffic)


@pytest.mark.proof
def test_f34_a_version_with_a_migration_comes_and_goes_server_by_server(
    fleet: Fleet, tmp_path: Path, sweep: Sweep
) -> None:
    sweep.area, sweep.name = "faults", "a version with a migration rolled out and taken back"
    database, head = fleet.backends.database, migrate.newest()
    new = next_version(tmp_path / "next", head)
    until = time.monotonic() + PROOF_SECONDS
    with fleet.traffic(tmp_path / "sent") as traffic:
        while not sweep.cases or time.monotonic() < until:
            migrate.upgrade(database, scripts=new / "migrations")
            for web in fleet.webs:
                fleet.deploy(web, new)
                sweep.cases += 1
            assert fleet.versions() == {"next"}
            with database.write() as connection:
                moods = connection.scalars(text("SELECT mood FROM photo")).all()
                assert "new" in moods, "the new version writes it"
                connection.execute(text("UPDATE photo SET mood = 'moved' WHERE mood IS NULL"))
            for web in fleet.webs:
                fleet.deploy(web, ROOT)
                sweep.cases += 1
            migrate.downgrade(database, target=head, scripts=new / "migrations")
            assert "next" not in fleet.versions()
    print("answers:", dict(traffic.answers))
    assert traffic.failed == {}
    assert traffic.seen == []
    assert_nothing_is_lost_or_twice(fleet, traffic)


def next_version(folder: Path, head: str) -> Path:
    """The program with one column more, which it fills, and the migration that makes it."""
    shutil.copytree(ROOT / "photos", folder / "photos", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "migrations", folder / "migrations")
    for name in ("templates", "static", "tests", "gunicorn.conf.py", "application.py"):
        (folder / name).symlink_to(ROOT / name)
    schema, version = folder / "photos/db/schema.py", folder / "photos/__init__.py"
    begin = 'photo = table(\n    "photo",\n'
    assert begin in schema.read_text()
    schema.write_text(schema.read_text().replace(begin, begin + NEXT_COLUMN))
    version.write_text('__version__ = "next"\n')
    (folder / "migrations/versions/9999_next.py").write_text(NEXT_MIGRATION.format(head=head))
    return folder
