"""A new password for the database: nobody is locked out, wherever it stops."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import text

from photos import wiring
from photos.app import create_app
from photos.backends.secrets.named import AGAIN_SECONDS
from photos.config import read_settings
from photos.db import migrate
from photos.db.diagnose import diagnose
from photos.db.engine import Database
from photos.db.mysql import server_lock
from photos.errors import Conflict, DatabaseError, NotFound, SecretsError
from photos.services import rotation
from photos.wiring import Backends
from tests.conftest import migrated_database
from tests.servers.mariadb import MariaDB
from tests.servers.moto import REGION, Moto

NAME = "secretsmanager:bigimage/database"


@dataclass
class Stage:
    """A database, the empty secret of its application, and its owner."""

    mariadb: MariaDB
    owner: Database
    open: Callable[[], Backends]

    def rotate(self, backends: Backends) -> str:
        return rotation.rotate_password(
            NAME,
            first_name="bigimage",
            over_tls=False,
            owner=self.owner,
            secrets=backends.secrets,
            open_as=lambda secret: wiring.open_database(backends.settings, backends.secrets, secret),
        )


@pytest.fixture(scope="module")
def migrated_url(mariadb: MariaDB) -> Iterator[str]:
    """A database with all tables; tests here play with its version."""
    yield from migrated_database(mariadb)


@pytest.fixture
def stage(mariadb: MariaDB, migrated_url: str, data_folder: Path, moto: Moto) -> Iterator[Stage]:
    client = moto.client("secretsmanager")
    client.create_secret(Name="bigimage/database")
    client.close()
    owner = Database(migrated_url)
    opened: list[Backends] = []

    def open_backends() -> Backends:
        environ = {
            "BIGIMAGE_DATA": str(data_folder),
            "DATABASE_URL": migrated_url.replace("root:@", ""),
            "DATABASE_SECRET": NAME,
            "AWS_REGION": REGION,
            "SECRETS_ENDPOINT_URL": moto.url,
        }
        opened.append(wiring.open_backends(read_settings(environ)))
        return opened[-1]

    yield Stage(mariadb, owner, open_backends)
    for backends in opened:
        backends.close()
    for name in ("bigimage", "bigimage_b"):
        mariadb._execute(f"DROP USER IF EXISTS {name}@'%'")
    owner.close()


def user_of(database: Database) -> str:
    with database.read() as connection:
        return str(connection.scalar(text("SELECT CURRENT_USER()")))


def test_the_first_turn_makes_the_user_of_the_application(stage: Stage) -> None:
    backends = stage.open()
    with pytest.raises(DatabaseError):
        backends.database.ping()
    assert stage.rotate(backends) == "bigimage"
    backends.database.ping()
    assert diagnose(backends.database) == ""
    with pytest.raises(DatabaseError), backends.database.write() as connection:
        connection.execute(text("CREATE TABLE x (a INT)"))


def test_who_is_at_work_works_on_through_every_turn(stage: Stage) -> None:
    operator, web = stage.open(), stage.open()
    stage.rotate(operator)
    web.database.ping()
    with web.database.engine.connect() as at_work:
        at_work.execute(text("SELECT 1"))
        assert stage.rotate(operator) == "bigimage_b"
        web.database.engine.dispose()
        assert user_of(web.database) == "bigimage@%", "what it remembers is good until the next turn"
        assert stage.rotate(operator) == "bigimage"
        web.database.engine.dispose()
        time.sleep(AGAIN_SECONDS)
        assert user_of(web.database) == "bigimage@%", "refused with the old password, it read the new one"
        assert at_work.scalar(text("SELECT 2")) == 2


def test_what_else_is_in_the_secret_stays(stage: Stage) -> None:
    backends = stage.open()
    backends.secrets.put(NAME, json.dumps({"username": "root", "password": "", "host": "db", "port": 3306}))
    assert stage.rotate(backends) == "root_b"
    kept = json.loads(backends.secrets.get(NAME))
    assert (kept["username"], kept["host"], kept["port"]) == ("root_b", "db", 3306)
    assert len(kept["password"]) == 40
    stage.mariadb._execute("DROP USER root_b@'%'")


def test_a_store_that_cannot_be_written_leaves_everybody_signed_in(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    backends = stage.open()
    stage.rotate(backends)
    before = backends.secrets.get(NAME)

    def refuse(*_: object) -> None:
        raise SecretsError("write", NAME, "no")

    with monkeypatch.context() as broken:
        broken.setattr(backends.secrets, "put", refuse)
        with pytest.raises(SecretsError):
            stage.rotate(backends)
    assert backends.secrets.get(NAME) == before
    for other in (backends, stage.open()):
        other.database.engine.dispose()
        assert user_of(other.database) == "bigimage@%"
    assert stage.rotate(backends) == "bigimage_b", "run again, it comes through"


def test_a_user_who_could_not_work_is_not_written_down(stage: Stage) -> None:
    backends = stage.open()
    stage.rotate(backends)
    before = backends.secrets.get(NAME)
    newest = migrate.current(stage.owner)
    version = text("UPDATE alembic_version SET version_num = :version")
    with stage.owner.write() as connection:
        connection.execute(version, {"version": "older"})
    try:
        with pytest.raises(Conflict, match=r"The secret is as it was.*flask migrate"):
            stage.rotate(backends)
    finally:
        with stage.owner.write() as connection:
            connection.execute(version, {"version": newest})
    assert backends.secrets.get(NAME) == before


def test_two_at_once_do_not_lock_anybody_out(stage: Stage) -> None:
    backends = stage.open()
    with (
        stage.owner.read() as other,
        server_lock(other, "rotate", seconds=0),
        pytest.raises(DatabaseError, match="another process"),
    ):
        stage.rotate(backends)
    with pytest.raises(NotFound):
        backends.secrets.get(NAME)


def test_a_secret_that_is_something_else_is_left_alone(stage: Stage) -> None:
    backends = stage.open()
    backends.secrets.put(NAME, "not ours")
    with pytest.raises(Conflict, match="no JSON object"):
        stage.rotate(backends)
    assert backends.secrets.get(NAME) == "not ours"


def test_the_commands_make_an_empty_server_ready_and_say_so(
    mariadb: MariaDB, mariadb_url: str, data_folder: Path, moto: Moto
) -> None:
    """Migration by the owner, a user for the application, and everything works: from nothing."""
    client = moto.client("secretsmanager")
    client.create_secret(Name="bigimage/database")
    client.close()
    environ = {
        "BIGIMAGE_DATA": str(data_folder),
        "DATABASE_URL": mariadb_url.replace("root:@", ""),
        "DATABASE_SECRET": NAME,
        "DATABASE_OWNER_SECRET": '{"username": "root", "password": ""}',
        "AWS_REGION": REGION,
        "SECRETS_ENDPOINT_URL": moto.url,
        "RECOGNITION": "off",
    }
    backends = wiring.open_backends(read_settings(environ))
    runner = create_app(backends=backends).test_cli_runner()
    checked = runner.invoke(args=["check", "database", "secrets"])
    assert checked.exit_code == 1 and "secrets could not find bigimage/database" in checked.output
    assert runner.invoke(args=["migrate"]).output == "The database is up to date now.\n"
    rotated = runner.invoke(args=["rotate-db-password"])
    assert f"{NAME} holds the user bigimage with a new password, and it works." in rotated.output
    checked = runner.invoke(args=["check", "database", "secrets"])
    assert checked.exit_code == 0 and "database: works\nsecrets: works\n" in checked.output
    assert "Note: nobody proves that the database is the right one: set DATABASE_CA." in checked.output
    backends.close()
    mariadb._execute("DROP USER bigimage@'%'")


def test_without_somewhere_to_write_nothing_is_changed(data_folder: Path) -> None:
    backends = wiring.open_backends(read_settings({"BIGIMAGE_DATA": str(data_folder), "RECOGNITION": "off"}))
    refused = create_app(backends=backends).test_cli_runner().invoke(args=["rotate-db-password"])
    assert refused.exit_code == 1 and "Set DATABASE_SECRET to the name of a secret" in refused.output
    backends.close()
