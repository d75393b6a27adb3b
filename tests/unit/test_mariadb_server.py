"""The test bed itself: the server that the database tests trust."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DatabaseError, DataError

from tests.servers.mariadb import MariaDB


def _version(url: str) -> str:
    engine = sa.create_engine(url)
    try:
        with engine.connect() as connection:
            return str(connection.scalar(sa.text("select version()")))
    finally:
        engine.dispose()


def test_a_fresh_database_is_a_strict_mariadb(mariadb_url: str) -> None:
    engine = sa.create_engine(mariadb_url)
    try:
        with engine.begin() as connection:
            assert "MariaDB" in str(connection.scalar(sa.text("select version()")))
            connection.execute(sa.text("create table words (word varchar(4))"))
            connection.execute(sa.text("insert into words values ('🦆🦆')"))
            assert connection.scalar(sa.text("select word from words")) == "🦆🦆"
            with pytest.raises(DataError):
                connection.execute(sa.text("insert into words values ('ducks')"))
    finally:
        engine.dispose()


def test_two_databases_do_not_see_each_other(mariadb: MariaDB) -> None:
    assert mariadb.create_database() != mariadb.create_database()


def test_data_outlives_a_restart_and_a_stopped_server_refuses(mariadb: MariaDB) -> None:
    url = mariadb.create_database()
    mariadb.stop()
    with pytest.raises(DatabaseError):
        _version(url)
    mariadb.start()
    assert "MariaDB" in _version(url)
