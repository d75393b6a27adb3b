"""How Alembic reaches the database: over the connection that `photos.db.migrate` hands in, locked."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection, Table

from photos.config import read_settings
from photos.db.schema import metadata
from photos.wiring import open_backends, owners_database


def is_ours(obj: object, name: str | None, kind: str, reflected: bool, compare_to: object) -> bool:
    """Tables that an adapter keeps for itself, such as a search index, are none of Alembic's business."""
    return not (isinstance(obj, Table) and reflected and compare_to is None)


def run(connection: Connection) -> None:
    """Run the chosen migrations. In a transaction that is open already they all hold or none does."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        include_object=is_ours,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    backends = open_backends(read_settings())
    with owners_database(backends) as database, database.write() as opened:
        run(opened)
    backends.close()
