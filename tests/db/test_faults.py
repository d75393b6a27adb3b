"""What happens when the database is busy (F14), gone (F13), slow (F17) or foreign; and odd text."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, insert, select, text, update
from sqlalchemy.exc import DataError, SQLAlchemyError

from photos.db import edits, migrate, photos, users
from photos.db.diagnose import diagnose
from photos.db.engine import Database, repeated
from photos.db.schema import lease
from photos.db.schema import user as user_table
from photos.errors import ConfigError, DatabaseError, RolledBack
from tests.db.making import NOW, add_photo, add_ready_photo, add_user
from tests.servers.mariadb import MariaDB


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def test_eight_writers_that_read_first_are_never_told_locked(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        owner = add_user(connection)
    failures: list[BaseException] = []
    barrier = Barrier(8)

    def write_often() -> None:
        barrier.wait()
        for _ in range(25):
            try:
                with sqlite_database.write() as connection:
                    used = users.get_user(connection, owner.id).used_bytes
                    connection.execute(update(user_table).values(used_bytes=used + 1))
            except (DatabaseError, SQLAlchemyError) as error:
                failures.append(error)

    threads = [Thread(target=write_often) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with sqlite_database.read() as connection:
        assert users.get_user(connection, owner.id).used_bytes == 200


def test_of_two_transactions_in_each_others_way_both_end_well(mariadb_database: Database) -> None:
    """A deadlock: one of the two is rolled back whole, and repeated."""
    with mariadb_database.write() as connection:
        people = [add_user(connection).id, add_user(connection).id]
    barrier = Barrier(2)
    attempts: list[int] = []
    failures: list[BaseException] = []

    @repeated
    def count_both(first: int, second: int) -> None:
        attempts.append(first)
        with mariadb_database.write() as connection:
            users.lock_user(connection, first)
            if len(attempts) <= 2:
                barrier.wait(timeout=20)
            for each in (first, second):
                connection.execute(
                    update(user_table)
                    .where(user_table.c.id == each)
                    .values(used_bytes=user_table.c.used_bytes + 1)
                )

    def run(first: int, second: int) -> None:
        try:
            count_both(first, second)
        except DatabaseError as error:
            failures.append(error)

    threads = [Thread(target=run, args=order) for order in (people, people[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(attempts) > 2, "there was no deadlock to end"
    with mariadb_database.read() as connection:
        assert [users.get_user(connection, each).used_bytes for each in people] == [2, 2]


def test_what_stays_in_the_way_is_given_up_after_three_tries() -> None:
    attempts = []

    @repeated
    def unlucky() -> None:
        attempts.append(1)
        raise RolledBack("write", "InternalError")

    with pytest.raises(DatabaseError):
        unlucky()
    assert len(attempts) == 3


def test_sqlite_keeps_what_it_acknowledged_and_its_foreign_keys(sqlite_database: Database) -> None:
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "secure_delete": 1,
        "busy_timeout": 10000,
    }
    with sqlite_database.read() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
    assert found == wanted


def test_sqlite_waits_for_the_disk_unless_told_that_it_need_not(sqlite_database: Database) -> None:
    for is_flushed, level in ((False, 1), (True, 2)):
        with sqlite_database.write(is_flushed=is_flushed) as connection:
            assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == level


def test_instants_are_utc_whatever_the_servers_clock_says(database: Database, mariadb: MariaDB) -> None:
    with opened(str(database.url.render_as_string(hide_password=False))) as other:
        if not other.is_sqlite:
            mariadb._execute("SET GLOBAL time_zone = '-11:00'")
        try:
            with other.write() as connection:
                owner = add_user(connection)
                photo = add_ready_photo(connection, owner)
                if not other.is_sqlite:
                    now = connection.scalar(text("SELECT NOW()"))
                    assert abs(now.replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=1)
        finally:
            if not other.is_sqlite:
                mariadb._execute("SET GLOBAL time_zone = SYSTEM")
    with database.read() as connection:
        again = photos.get_photo(connection, photo.id, owner_id=owner.id)
    assert again.created_at == NOW
    assert again.taken_at == photo.taken_at and again.taken_local == photo.taken_local


@pytest.mark.parametrize(
    "words",
    [
        "👩‍🚀🏳️‍🌈",
        "NUL\0inside",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "%_\\",
        "日本語",
        "e\u0301 \u00e9",
        "\u202e",
        "x" * 5000,
    ],
)
def test_text_comes_back_as_it_went_in(database: Database, words: str) -> None:
    with database.write() as connection:
        photo = add_photo(connection, add_user(connection))
        edits.write(connection, photo.key, edits.description(words), now=NOW)
        assert photos.get_photo(connection, photo.id, owner_id=photo.owner_id).description == words


def test_ids_are_compared_byte_by_byte(database: Database) -> None:
    with database.write() as connection:
        for name in ("a", "A", "á", "\u0430"):
            connection.execute(insert(lease).values(name=name, holder="h", expires_at=1))
        assert connection.scalar(select(func.count()).select_from(lease).where(lease.c.name == "A")) == 1


def test_too_long_text_is_an_error_of_the_caller_on_mariadb(mariadb_database: Database) -> None:
    with pytest.raises(DataError), mariadb_database.write() as connection:
        connection.execute(insert(lease).values(name="x" * 65, holder="h", expires_at=1))


def test_a_killed_session_heals_with_the_next_request(mariadb_database: Database, mariadb: MariaDB) -> None:
    with pytest.raises(DatabaseError), mariadb_database.read() as connection:
        mariadb._execute(f"KILL {connection.scalar(text('SELECT CONNECTION_ID()'))}")
        connection.execute(text("SELECT 1"))
    with mariadb_database.read() as connection:
        idle = connection.scalar(text("SELECT CONNECTION_ID()"))
    mariadb._execute(f"KILL {idle}")
    mariadb_database.ping()


def test_a_lock_wait_means_later(mariadb_database: Database) -> None:
    with mariadb_database.write() as connection:
        add_user(connection)
    with mariadb_database.write() as first:
        first.execute(update(user_table).values(used_bytes=1))
        with pytest.raises(DatabaseError), mariadb_database.write() as second:
            second.execute(text("SET innodb_lock_wait_timeout = 1"))
            second.execute(update(user_table).values(used_bytes=2))
    with mariadb_database.read() as connection:
        assert connection.scalar(select(user_table.c.used_bytes)) == 1


def test_of_two_that_wait_for_each_other_one_is_told_later(mariadb_database: Database) -> None:
    with mariadb_database.write() as connection:
        people = [add_user(connection).id for _ in range(2)]
    barrier, failed = Barrier(2), []

    def change(order: list[int]) -> None:
        try:
            with mariadb_database.write() as connection:
                users.lock_user(connection, order[0])
                barrier.wait()
                users.lock_user(connection, order[1])
        except DatabaseError as error:
            failed.append(error)

    threads = [Thread(target=change, args=(order,)) for order in (people, people[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(failed) == 1


def test_a_read_only_server_still_reads(mariadb: MariaDB, mariadb_database: Database) -> None:
    mariadb._execute("SET GLOBAL read_only = 1")
    try:
        with mariadb_database.read() as connection:
            assert users.count_users(connection) == 0
        with pytest.raises(DatabaseError), mariadb_database.write() as connection:
            add_user(connection)
    finally:
        mariadb._execute("SET GLOBAL read_only = 0")


def test_the_application_needs_no_right_to_change_tables(mariadb_database: Database) -> None:
    """Every test here on MariaDB runs without that right; see `mariadb_database`."""
    with mariadb_database.write() as connection:
        photo = add_ready_photo(connection, add_user(connection))
        photos.purge_photo(connection, photo.key, now=NOW)
    assert migrate.is_current(mariadb_database) and not migrate.upgrade(mariadb_database)
    for statement in (
        "DROP TABLE photo",
        "CREATE TABLE x (a INT)",
        "ALTER TABLE photo ADD b INT",
        "TRUNCATE photo",
    ):
        with pytest.raises(DatabaseError), mariadb_database.write() as connection:
            connection.execute(text(statement))


def test_nothing_there_is_told_within_the_time_out(mariadb: MariaDB) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        nobody = silent.getsockname()[1]
        with opened(f"mysql+mysqlconnector://root:@127.0.0.1:{nobody}/x") as database:
            begun = time.monotonic()
            with pytest.raises(DatabaseError):
                database.ping()
            assert time.monotonic() - begun < 2
        silent.listen()
        with opened(f"mysql+mysqlconnector://root:@127.0.0.1:{nobody}/x") as database:
            begun = time.monotonic()
            with pytest.raises(DatabaseError):
                database.ping()
            assert time.monotonic() - begun < 7


def test_an_exhausted_pool_means_later(mariadb_database: Database) -> None:
    held = [mariadb_database.engine.connect() for _ in range(10)]
    try:
        with pytest.raises(DatabaseError):
            mariadb_database.ping()
    finally:
        for connection in held:
            connection.close()
    mariadb_database.ping()


def test_a_server_that_died_is_used_again_when_it_is_back(mariadb: MariaDB) -> None:
    server = MariaDB.create()
    try:
        server.start()
        # the test servers save the flush; a real one keeps every commit that it acknowledged
        server._execute("SET GLOBAL innodb_flush_log_at_trx_commit = 1")
        with opened(server.create_database()) as database:
            migrate.upgrade(database)
            with database.write() as connection:
                owner = add_user(connection)
            assert server._process is not None
            server._process.kill()
            server._process.wait()
            with pytest.raises(DatabaseError):
                database.ping()
            server.start()
            with database.read() as connection:
                assert users.get_user(connection, owner.id) == owner
    finally:
        server.remove()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database " * 100)
    for path in (tmp_path / "notes.txt", tmp_path / "missing" / "photos.db"):
        with opened(f"sqlite:///{path}") as database:
            assert str(path) in diagnose(database)
            with pytest.raises(DatabaseError):
                database.ping()


def test_another_kind_of_database_is_refused() -> None:
    with pytest.raises(ConfigError):
        Database("postgresql://localhost/x")
