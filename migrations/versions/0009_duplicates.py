"""Pairs of photos that look alike say whose they are: one person's are found beside any number of others'."""

from __future__ import annotations

from alembic import op
from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    TableClause,
    column,
    delete,
    insert,
    inspect,
    select,
    table,
)

from photos.db.resumable import create_index, create_table, drop_table

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

# As it is at this migration; photos/db/schema.py may go on without it.
Key = BigInteger().with_variant(Integer, "sqlite")
AT_ONCE = 5000

photo = table("photo", column("key"), column("owner_id"))


def upgrade() -> None:
    # no release has ever had the tables by their names before
    create_table(
        "duplicate",
        _reference("duplicate", "photo_key", "photo.key", primary_key=True),
        _reference("duplicate", "other_key", "photo.key", primary_key=True),
        _reference("duplicate", "owner_id", "user.id"),
        Column("distance", Integer, nullable=False),
    )
    create_index("ix_duplicate_owner", "duplicate", ["owner_id", "other_key", "photo_key"])
    create_index("ix_duplicate_other", "duplicate", ["other_key"])
    _verdicts("duplicate_verdict")
    _move("twin", "duplicate", "distance", is_owned=True)
    _move("twin_verdict", "duplicate_verdict", "decided_at")


def downgrade() -> None:
    create_table(
        "twin",
        _reference("twin", "photo_key", "photo.key", primary_key=True),
        _reference("twin", "other_key", "photo.key", primary_key=True),
        Column("distance", Integer, nullable=False),
    )
    create_index("ix_twin_other", "twin", ["other_key"])
    _verdicts("twin_verdict")
    _move("duplicate", "twin", "distance")
    _move("duplicate_verdict", "twin_verdict", "decided_at")


def _verdicts(name: str) -> None:
    create_table(
        name,
        _reference(name, "photo_key", "photo.key", primary_key=True),
        _reference(name, "other_key", "photo.key", primary_key=True),
        Column("decided_at", BigInteger, nullable=False),
    )


def _reference(of: str, name: str, target: str, *, primary_key: bool = False) -> Column[int]:
    constraint = ForeignKey(target, name=f"fk_{of}_{name}_{target.partition('.')[0]}", ondelete="CASCADE")
    return Column(name, Key, constraint, primary_key=primary_key, nullable=False, autoincrement=False)


def _move(old_name: str, new_name: str, fact: str, *, is_owned: bool = False) -> None:
    """Bring all pairs into the other table, some thousands at a time, and drop the one they were in."""
    connection = op.get_bind()
    if not inspect(connection).has_table(old_name):
        return
    old, new = _pairs(old_name, fact), _pairs(new_name, fact)
    # what a killed run has left may be a part of a step
    connection.execute(delete(new))
    names = ["photo_key", "other_key", fact]
    rows = select(*(old.c[name] for name in names))
    if is_owned:
        names.append("owner_id")
        rows = rows.add_columns(photo.c.owner_id).join(photo, photo.c.key == old.c.photo_key)
    in_order, last = select(old.c.photo_key).order_by(old.c.photo_key).limit(AT_ONCE), 0
    while keys := connection.scalars(in_order.where(old.c.photo_key > last)).all():
        step = rows.where(old.c.photo_key > last, old.c.photo_key <= keys[-1])
        connection.execute(insert(new).from_select(names, step))
        last = keys[-1]
    drop_table(old_name)


def _pairs(name: str, fact: str) -> TableClause:
    return table(name, column("photo_key"), column("other_key"), column("owner_id"), column(fact))
