"""Counts of the timeline, changes to many photos at once, turned photos, vectors, and twins kept apart."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
)
from sqlalchemy.dialects import mysql

from photos.db.resumable import add_column, create_index, create_table, drop_column, drop_table

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Types as they are at this migration; photos/db/schema.py may go on without it.
Key = BigInteger().with_variant(Integer, "sqlite")
Instant = BigInteger
LongText = Text().with_variant(
    mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_unicode_520_ci"), "mysql", "mariadb"
)

TABLES = ("timeline_chunk", "bulk_change", "bulk_photo", "photo_vector", "twin_verdict")


def upgrade() -> None:
    add_column("photo", Column("turn", Integer, nullable=False, server_default="0"))
    add_column("photo", Column("place_source", _binary(16), nullable=False, server_default=""))
    _counts()
    _changes()
    _likeness()


def downgrade() -> None:
    for name in reversed(TABLES):
        drop_table(name)
    drop_column("photo", "place_source")
    drop_column("photo", "turn")


def _binary(length: int) -> String:
    return String(length, collation="BINARY").with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def _words(length: int) -> String:
    return String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_unicode_520_ci"), "mysql", "mariadb"
    )


def _blob(length: int) -> LargeBinary:
    return LargeBinary(length).with_variant(mysql.VARBINARY(length), "mysql", "mariadb")


def _reference(table: str, name: str, target: str, *, primary_key: bool = False) -> Column[int]:
    constraint = ForeignKey(target, name=f"fk_{table}_{name}_{target.partition('.')[0]}", ondelete="CASCADE")
    return Column(name, Key, constraint, primary_key=primary_key, nullable=False, autoincrement=False)


def _counts() -> None:
    create_table(
        "timeline_chunk",
        _reference("timeline_chunk", "owner_id", "user.id", primary_key=True),
        Column("shelf", _binary(16), primary_key=True),
        Column("month", Integer, primary_key=True, autoincrement=False),
        Column("first_local", BigInteger, primary_key=True, autoincrement=False),
        Column("first_key", Key, primary_key=True, autoincrement=False),
        Column("count", Integer, nullable=False),
    )


def _changes() -> None:
    create_table(
        "bulk_change",
        Column("id", _binary(22), primary_key=True),
        _reference("bulk_change", "owner_id", "user.id"),
        Column("action", _binary(32), nullable=False),
        Column("content", LongText, nullable=False),
        Column("state", _binary(16), nullable=False),
        Column("total", Integer, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
    )
    create_index("ix_bulk_change_owner", "bulk_change", ["owner_id", "created_at"])
    create_index("ix_bulk_change_state", "bulk_change", ["state", "updated_at"])
    create_table(
        "bulk_photo",
        Column(
            "bulk_id",
            _binary(22),
            ForeignKey("bulk_change.id", name="fk_bulk_photo_bulk_id_bulk_change", ondelete="CASCADE"),
            primary_key=True,
        ),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("photo_id", _binary(22), nullable=False),
        Column("state", _binary(16), nullable=False),
        Column("reason", _words(500), nullable=False),
        Column("before", LongText, nullable=False),
    )
    create_index("ix_bulk_photo_state", "bulk_photo", ["bulk_id", "state", "position"])


def _likeness() -> None:
    create_table(
        "photo_vector",
        _reference("photo_vector", "photo_key", "photo.key", primary_key=True),
        Column("provider", _binary(100), nullable=False),
        Column("bits", _blob(160), nullable=False),
    )
    create_table(
        "twin_verdict",
        _reference("twin_verdict", "photo_key", "photo.key", primary_key=True),
        _reference("twin_verdict", "other_key", "photo.key", primary_key=True),
        Column("decided_at", Instant, nullable=False),
    )
