"""Any password reaches the server as it is, on every way that a setting offers."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from pathlib import Path

import dotenv
import pytest
from sqlalchemy import text

from photos import wiring
from photos.config import read_environment, read_settings
from photos.db import migrate
from photos.db.engine import Database
from photos.errors import ConfigError, DatabaseError
from tests.servers.mariadb import MariaDB
from tests.servers.moto import REGION, Moto

ODD = "".join(chr(code) for code in range(0x20, 0x7F)) + "ä🗝"
"""Every printable character, the space first."""
assert set(string.printable) - set(string.whitespace) < set(ODD)
WHO = json.dumps({"username": "odd", "password": ODD, "engine": "mysql", "port": 3306})


@pytest.fixture
def odd_url(mariadb: MariaDB, mariadb_url: str) -> str:
    """An empty database whose owner has such a password."""
    return mariadb.create_user("odd", ODD, "ALL", mariadb_url)


@pytest.fixture
def bare_url(odd_url: str) -> str:
    """The same without user and password."""
    scheme, _, rest = odd_url.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"


def user_of(folder: Path, environ: Mapping[str, str], *, migrates: bool = False) -> str:
    """Who the server says is signed in; first all tables are made, as `flask migrate` does, if asked for."""
    backends = wiring.open_backends(read_settings({"BIGIMAGE_DATA": str(folder), **environ}))
    try:
        backends.secrets.ping()
        if migrates:
            assert wiring.prepare(backends)
        with backends.database.read() as connection:
            return str(connection.execute(text("SELECT user()")).scalar_one()).partition("@")[0]
    finally:
        backends.close()


def test_in_the_address(odd_url: str, data_folder: Path) -> None:
    assert user_of(data_folder, {"DATABASE_URL": odd_url}, migrates=True) == "odd"


def test_in_a_setting(bare_url: str, data_folder: Path) -> None:
    assert user_of(data_folder, {"DATABASE_URL": bare_url, "DATABASE_SECRET": WHO}) == "odd"


def test_in_a_file_of_settings(
    odd_url: str, bare_url: str, data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in (("DATABASE_SECRET", WHO), ("DATABASE_URL", bare_url), ("OTHER_URL", odd_url)):
        dotenv.set_key(".env", name, value)
    named = {key: read_environment()[key] for key in ("DATABASE_SECRET", "DATABASE_URL")}
    assert user_of(data_folder, named) == "odd"
    for name in (read_environment()["OTHER_URL"], "env:OTHER_URL"):
        assert user_of(data_folder, {"DATABASE_URL": name}) == "odd"


@pytest.mark.parametrize("name", ["ssm:/bigimage/database", "secretsmanager:bigimage/database"])
def test_in_a_secret(name: str, bare_url: str, data_folder: Path, moto: Moto) -> None:
    keep(moto, name, WHO)
    settings = {**elsewhere(moto), "DATABASE_URL": bare_url, "DATABASE_SECRET": name}
    assert user_of(data_folder, settings) == "odd"


def test_the_whole_address_in_a_field_of_a_secret(odd_url: str, data_folder: Path, moto: Moto) -> None:
    keep(moto, "secretsmanager:bigimage", json.dumps({"url": odd_url, "key": "k" * 40}))
    environ = {
        "DATABASE_URL": "secretsmanager:bigimage#url",
        "SECRET_KEY": "secretsmanager:bigimage#key",
    }
    assert user_of(data_folder, elsewhere(moto) | environ) == "odd"


def test_tables_are_changed_by_the_owner_alone(mariadb: MariaDB, mariadb_url: str, data_folder: Path) -> None:
    url = mariadb.create_user("few_rights", ODD, "SELECT, INSERT, UPDATE, DELETE", mariadb_url)
    owner = json.dumps({"username": "root", "password": ""})
    with pytest.raises(DatabaseError):
        user_of(data_folder, {"DATABASE_URL": url}, migrates=True)
    settings = {"DATABASE_URL": url, "DATABASE_OWNER_SECRET": owner}
    assert user_of(data_folder, settings, migrates=True) == "few_rights", (
        "the owner signs in for the tables only"
    )
    database = Database(url)
    assert migrate.is_current(database)
    database.close()


def test_a_secret_that_is_missing_stops_the_start_by_its_name(data_folder: Path, moto: Moto) -> None:
    environ = {**elsewhere(moto), "BIGIMAGE_DATA": str(data_folder), "SECRET_KEY": "ssm:/not/there"}
    with pytest.raises(ConfigError, match=r"SECRET_KEY: there is no secret /not/there"):
        wiring.open_backends(read_settings(environ))


def test_a_secret_that_is_unfit_stops_the_start_without_being_told(data_folder: Path, moto: Moto) -> None:
    keep(moto, "ssm:/short", "canary-key")
    keep(moto, "ssm:/url", "postgres://canary@host/x")
    environ = {**elsewhere(moto), "SECRET_KEY": "ssm:/short", "DATABASE_URL": "ssm:/url"}
    with pytest.raises(ConfigError, match="SECRET_KEY is too short") as caught:
        wiring.open_backends(read_settings({**environ, "BIGIMAGE_DATA": str(data_folder)}))
    assert "DATABASE_URL: the secret that it names must begin with" in str(caught.value)
    assert "canary" not in str(caught.value)


def test_a_missing_secret_of_the_database_means_later(bare_url: str, data_folder: Path, moto: Moto) -> None:
    environ = {"DATABASE_URL": bare_url, "DATABASE_SECRET": "secretsmanager:none"}
    backends = wiring.open_backends(
        read_settings({**elsewhere(moto), **environ, "BIGIMAGE_DATA": str(data_folder)})
    )
    with pytest.raises(DatabaseError, match="there is no secret secretsmanager:none"):
        backends.database.ping()
    backends.close()


def elsewhere(moto: Moto) -> dict[str, str]:
    return {"AWS_REGION": REGION, "SECRETS_ENDPOINT_URL": moto.url}


def keep(moto: Moto, name: str, text: str) -> None:
    store, _, name = name.partition(":")
    client = moto.client(store)
    if store == "ssm":
        client.put_parameter(Name=name, Value=text, Type="SecureString")
    else:
        client.create_secret(Name=name, SecretString=text)
    client.close()
