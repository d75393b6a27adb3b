"""A real MariaDB 10.11, the nearest relative of RDS MySQL that a test machine can install."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from urllib.parse import quote

import mysql.connector
from mysql.connector.abstracts import MySQLConnectionAbstract
from sqlalchemy import Connection, delete, exists, literal, select, union_all

from photos.db.schema import metadata
from tests.servers.ports import free_port
from tests.servers.processes import end

PROGRAMS = ("mariadbd", "mariadb-install-db")
SQL_MODE = (
    "STRICT_TRANS_TABLES,ONLY_FULL_GROUP_BY,NO_ZERO_DATE,NO_ZERO_IN_DATE,"
    "ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION"
)
LOG_SIZE = "--innodb-log-file-size=16M"
"""A sixth of what is usual: it is written whole when the folder is filled."""
START_SECONDS = 30
STOP_SECONDS = 15
# Debian keeps servers out of an ordinary user's path.
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"


def missing_programs() -> list[str]:
    """The programs this server needs that are not installed."""
    return [name for name in PROGRAMS if shutil.which(name, path=SEARCH_PATH) is None]


def _program(name: str) -> str:
    found = shutil.which(name, path=SEARCH_PATH)
    if found is None:
        raise FileNotFoundError(name)
    return found


def _as_root() -> list[str]:
    """Root has to say that it means it; the server package alone makes no user `mysql`."""
    return ["--user=root"] if os.geteuid() == 0 else []


def _environment(folder: Path) -> dict[str, str]:
    """With a folder for temporary tables that is this server's own: each server that starts removes all it
    finds there, also those of another one that is just being set up."""
    temporary = folder / "tmp"
    temporary.mkdir(exist_ok=True)
    return {**os.environ, "TMPDIR": str(temporary)}


@dataclass
class MariaDB:
    """One server with a data folder of its own. `start` and the ways to end it may alternate; the data stays.

    `is_durable` makes a commit wait for the disk, as RDS does; else `kill` takes a second's commits along.
    """

    folder: Path
    port: int
    is_durable: bool = False
    options: tuple[str, ...] = ()
    """More options of mariadbd, for the next start."""
    _process: subprocess.Popen[bytes] | None = None
    _names: count[int] = field(default_factory=lambda: count(1))

    @classmethod
    def create(cls, *, is_durable: bool = False) -> MariaDB:
        """Fill a new data folder. It lies directly in the temporary folder, because the path of a
        socket must stay under 108 bytes."""
        folder = Path(tempfile.mkdtemp(prefix="bigimage-db-"))
        command = [
            _program("mariadb-install-db"),
            "--no-defaults",
            f"--datadir={folder / 'data'}",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
            LOG_SIZE,
            *_as_root(),
        ]
        made = subprocess.run(command, capture_output=True, text=True, check=False, env=_environment(folder))
        if made.returncode != 0:
            raise RuntimeError(f"mariadb-install-db failed: {made.stdout}{made.stderr}")
        return cls(folder, free_port(), is_durable)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        command = [
            _program("mariadbd"),
            "--no-defaults",
            f"--datadir={self.folder / 'data'}",
            f"--socket={self.folder / 's'}",
            f"--pid-file={self.folder / 'pid'}",
            "--bind-address=127.0.0.1",
            f"--port={self.port}",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            "--collation-server=utf8mb4_unicode_520_ci",
            "--innodb-buffer-pool-size=64M",
            LOG_SIZE,
            f"--innodb-flush-log-at-trx-commit={int(self.is_durable)}",
            f"--sql-mode={SQL_MODE}",
            *_as_root(),
            *self.options,
        ]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment(self.folder)
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """End the server; without effect when it does not run."""
        if self._process is None:
            return
        end(self._process, STOP_SECONDS)
        self._process = None

    def kill(self) -> None:
        """SIGKILL: nothing of it can tidy up."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop()
        shutil.rmtree(self.folder)

    def create_database(self) -> str:
        """Make an empty database and return its URL for SQLAlchemy."""
        name = f"test_{next(self._names)}"
        self._execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci")
        return f"mysql+mysqlconnector://root:@127.0.0.1:{self.port}/{name}"

    def drop_database(self, url: str) -> None:
        """Delete a database made by `create_database`."""
        self._execute(f"DROP DATABASE IF EXISTS {url.rpartition('/')[2]}")

    @property
    def _log(self) -> Path:
        return self.folder / "server.log"

    def _connect(self) -> MySQLConnectionAbstract:
        connection = mysql.connector.connect(
            host="127.0.0.1", port=self.port, user="root", password="", connection_timeout=START_SECONDS
        )
        assert isinstance(connection, MySQLConnectionAbstract)
        return connection

    def create_user(self, name: str, password: str, rights: str, url: str, *, over_tls: bool = False) -> str:
        """Make a user with `rights` in the database of `url`; returns that URL for this user."""
        who = f"'{name}'@'%'"
        secret = password.replace("\\", "\\\\").replace("'", "\\'")
        encryption = "REQUIRE SSL" if over_tls else "REQUIRE NONE"
        self._execute(f"CREATE OR REPLACE USER {who} IDENTIFIED BY '{secret}' {encryption}")
        self._execute(f"GRANT {rights} ON {url.rpartition('/')[2]}.* TO {who}")
        return url.replace("root:", f"{name}:{quote(password, safe='')}")

    def _execute(self, statement: str) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _wait_until_it_answers(self) -> None:
        assert self._process is not None
        give_up_at = time.monotonic() + START_SECONDS
        while True:
            try:
                self._connect().close()
                return
            except mysql.connector.Error:
                if self._process.poll() is not None or time.monotonic() > give_up_at:
                    self.stop()
                    raise RuntimeError(f"mariadbd did not start: {self._log.read_text()}") from None
                time.sleep(0.05)


def clear(connection: Connection) -> None:
    """Delete all rows. Most tables have none, and to ask all of them at once costs less than to delete."""
    asked = (
        select(literal(table.name)).where(exists().select_from(table)) for table in metadata.sorted_tables
    )
    filled = set(connection.scalars(union_all(*asked)))
    for table in reversed(metadata.sorted_tables):
        if table.name in filled:
            connection.execute(delete(table))
