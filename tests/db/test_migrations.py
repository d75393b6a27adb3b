"""Migrations: equal to the schema, once, repeatable (F35), and without harm to the rows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import func, insert, inspect, select, text

from photos.db import duplicates, migrate, photos
from photos.db.diagnose import diagnose
from photos.db.engine import Database
from photos.db.resumable import TABLE_OPTIONS
from photos.db.schema import duplicate, metadata
from photos.errors import DatabaseError
from photos.models import Verdict
from tests.db.making import NOW, add_ready_photo, add_user

PROOF_N = int(os.environ.get("BIGIMAGE_PROOF_N", "100"))
ROOT = Path(__file__).parents[2]

REBUILD = """
from sqlalchemy import Column, Integer, String
from photos.db import resumable

revision = "9999"
down_revision = "{head}"


def upgrade():
    for table in ("user", "photo"):
        resumable.add_column(table, Column("extra", Integer))
        with resumable.altered(table) as batch:
            batch.alter_column("name", existing_type=String(255), type_=String(300), existing_nullable=False)


def downgrade():
    for table in ("user", "photo"):
        with resumable.altered(table) as batch:
            batch.alter_column("name", existing_type=String(300), type_=String(255), existing_nullable=False)
        resumable.drop_column(table, "extra")
"""

KILLED = """
import os, signal, sys
from sqlalchemy import event
from photos.db import migrate
from photos.db.engine import Database

url, limit = sys.argv[1], int(sys.argv[2])
database, seen = Database(url), 0


def count(_connection, _cursor, statement, *_more):
    global seen
    if statement.lstrip().upper().startswith(("CREATE", "DROP", "INSERT")):
        seen += 1
        if seen > limit:
            os.kill(os.getpid(), signal.SIGKILL)


event.listen(database.engine, "before_cursor_execute", count)
migrate.upgrade(database)
"""


@contextmanager
def opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.close()


def definitions(database: Database) -> dict[str, list[str]]:
    """Every table and index as the engine itself tells it; the order inside a table does not matter."""
    with database.read() as connection:
        if database.is_sqlite:
            rows = connection.execute(
                text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%'")
            ).all()
        else:
            names = inspect(connection).get_table_names()
            rows = [connection.exec_driver_sql(f"SHOW CREATE TABLE `{name}`").one() for name in names]
    return {
        row[0]: sorted(part for part in re.split(r",?\s*\n\s*|,\s+", row[1]) if part)
        for row in rows
        if row[0] != "alembic_version"
    }


def create_all(database: Database) -> None:
    """The tables of the code, made as migrations make them."""
    for table in metadata.sorted_tables:
        table.dialect_kwargs.update(TABLE_OPTIONS)
    metadata.create_all(database.engine)


def test_migrations_end_at_the_schema_of_the_code(empty_url: str) -> None:
    with opened(empty_url) as database:
        assert migrate.upgrade(database)
        migrated = definitions(database)
        assert migrate.downgrade(database, target="base")
        assert definitions(database) == {}
        create_all(database)
        assert definitions(database) == migrated


def test_alembic_itself_finds_nothing_to_add(database: Database) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_version_is_known_before_and_after(empty_url: str) -> None:
    with opened(empty_url) as database:
        assert (migrate.current(database), migrate.is_current(database)) == ("", False)
        assert "make migrate" in diagnose(database)
        assert migrate.upgrade(database) is True
        assert migrate.upgrade(database) is False
        assert (migrate.current(database), migrate.is_current(database)) == (migrate.newest(), True)
        assert diagnose(database) == ""


def test_two_processes_at_once_migrate_once(empty_url: str, tmp_path: Path) -> None:
    program = (
        "import sys; from photos.db import migrate; from photos.db.engine import Database;"
        "print(migrate.upgrade(Database(sys.argv[1])))"
    )

    def start(_: int) -> str:
        command = [sys.executable, "-c", program, empty_url]
        # from another folder: an installed checkout finds its migrations by itself
        ran = subprocess.run(
            command, cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        return ran.stdout.strip() or ran.stderr

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(start, range(3))) == ["False", "False", "True"]
    with opened(empty_url) as database:
        assert migrate.is_current(database)


def counts(database: Database) -> dict[str, int]:
    with database.read() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in metadata.sorted_tables
        }


def test_rebuilding_filled_tables_keeps_every_child(empty_url: str, tmp_path: Path) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9999_rebuild.py").write_text(REBUILD.format(head=migrate.newest()))
    with opened(empty_url) as database:
        migrate.upgrade(database)
        with database.write() as connection:
            owner = add_user(connection)
            for _ in range(3):
                photo = add_ready_photo(connection, owner)
                photos.set_verdict(connection, photo.key, "dog", Verdict.KEPT, now=NOW)
            stored = photos.get_photo(connection, photo.id, owner_id=owner.id)
        before, tables = counts(database), definitions(database)
        assert before["rendition"] == 9 and before["label_verdict"] == 3 and before["photo"] == 3
        for _ in range(2):
            assert migrate.upgrade(database, scripts=scripts)
            assert counts(database) == before
            assert migrate.downgrade(database, target=migrate.newest(), scripts=scripts)
            assert counts(database) == before
        assert definitions(database).keys() == tables.keys()
        with database.write() as connection:
            assert photos.get_photo(connection, photo.id, owner_id=owner.id) == stored
            connection.execute(text("DELETE FROM photo"))
        assert counts(database)["rendition"] == 0, "children still go with their photo"


def test_pairs_of_photos_go_up_and_down_with_their_owners(empty_url: str) -> None:
    with opened(empty_url) as database:
        migrate.upgrade(database)
        with database.write() as connection:
            people = [add_user(connection) for _ in range(2)]
            pairs = []
            for owner in people:
                one, other, third = (add_ready_photo(connection, owner).key for _ in range(3))
                pairs += [(one, other, owner.id, 5), (one, third, owner.id, 31)]
                duplicates.keep_apart(connection, [one, other], now=NOW)
            names = ("photo_key", "other_key", "owner_id", "distance")
            rows = [dict(zip(names, pair, strict=True)) for pair in pairs]
            connection.execute(insert(duplicate), rows)
        before = counts(database)
        assert before["duplicate"] == 4 and before["duplicate_verdict"] == 2
        assert migrate.downgrade(database, target="0008")
        with database.read() as connection:
            assert connection.scalar(text("SELECT count(*) FROM twin")) == 4
            assert connection.scalar(text("SELECT count(*) FROM twin_verdict")) == 2
        assert migrate.upgrade(database)
        assert counts(database) == before
        with database.read() as connection:
            ordered = select(duplicate).order_by(duplicate.c.photo_key, duplicate.c.other_key)
            assert [tuple(row) for row in connection.execute(ordered)] == sorted(pairs)


def test_a_migration_that_would_orphan_rows_is_taken_back(sqlite_database: Database, tmp_path: Path) -> None:
    scripts = tmp_path / "migrations"
    shutil.copytree(migrate.SCRIPTS, scripts, ignore=shutil.ignore_patterns("__pycache__"))
    (scripts / "versions" / "9999_wrong.py").write_text(
        f'from alembic import op\nrevision = "9999"\ndown_revision = "{migrate.newest()}"\n\n\n'
        'def upgrade():\n    op.execute("DELETE FROM photo")\n'
    )
    with sqlite_database.write() as connection:
        add_ready_photo(connection, add_user(connection))
    before = counts(sqlite_database)
    with pytest.raises(DatabaseError):
        migrate.upgrade(sqlite_database, scripts=scripts)
    assert counts(sqlite_database) == before
    assert migrate.is_current(sqlite_database)
    with sqlite_database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1


def definitions_after_a_kill(url: str, after: int, *, may_end: bool = False) -> tuple[object, object]:
    """Kill a migration before its statement number `after`, and run it again: the tables then, and those of
    one that nobody killed."""
    killed = subprocess.run([sys.executable, "-c", KILLED, url, str(after)], cwd=ROOT, check=False)
    if may_end and killed.returncode == 0:
        return None, None  # it has fewer statements
    assert killed.returncode == -9
    with opened(url) as database:
        assert migrate.upgrade(database)
        resumed = definitions(database)
        assert migrate.is_current(database)
        migrate.downgrade(database, target="base")
        create_all(database)
        return resumed, definitions(database)


@pytest.mark.parametrize("after", [1, 9, 30])
def test_a_killed_migration_goes_on_where_it_was(empty_url: str, after: int) -> None:
    resumed, whole = definitions_after_a_kill(empty_url, after)
    assert resumed == whole


@pytest.mark.proof
@pytest.mark.parametrize("after", range(0, 36, max(1, 100 // PROOF_N)))
def test_a_migration_killed_anywhere_goes_on(empty_url: str, after: int) -> None:
    resumed, whole = definitions_after_a_kill(empty_url, after, may_end=after > 30)
    assert resumed == whole


def test_asking_for_the_migrations_does_not_load_alembic() -> None:
    program = "import sys, photos.db.migrate; sys.exit('alembic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
