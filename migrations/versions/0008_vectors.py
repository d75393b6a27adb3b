"""Vectors of photos by their owner, and tags by their source: neither is looked for among all photos."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, inspect
from sqlalchemy.dialects import mysql

from photos.db.resumable import create_index, create_table, drop_index, drop_table

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# As it is at this migration; photos/db/schema.py may go on without it.
Key = BigInteger().with_variant(Integer, "sqlite")
Provider = String(100, collation="BINARY").with_variant(
    mysql.VARCHAR(100, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
)
Bits = LargeBinary(160).with_variant(mysql.VARBINARY(160), "mysql", "mariadb")


def upgrade() -> None:
    # no release has ever filled the table as it was
    if not _has_owner():
        drop_table("photo_vector")
    create_table(
        "photo_vector",
        _photo(),
        Column(
            "owner_id",
            Key,
            ForeignKey("user.id", name="fk_photo_vector_owner_id_user", ondelete="CASCADE"),
            nullable=False,
        ),
        Column("provider", Provider, nullable=False),
        Column("bits", Bits, nullable=False),
        Column("made_at", BigInteger, nullable=False),
    )
    create_index("ix_photo_vector_owner", "photo_vector", ["owner_id", "provider", "made_at"])
    create_index("ix_tag_source", "tag", ["source", "photo_key"])


def downgrade() -> None:
    drop_index("ix_tag_source", "tag")
    if _has_owner():
        drop_table("photo_vector")
    create_table(
        "photo_vector",
        _photo(),
        Column("provider", Provider, nullable=False),
        Column("bits", Bits, nullable=False),
    )


def _photo() -> Column[int]:
    reference = ForeignKey("photo.key", name="fk_photo_vector_photo_key_photo", ondelete="CASCADE")
    return Column("photo_key", Key, reference, primary_key=True, nullable=False, autoincrement=False)


def _has_owner() -> bool:
    inspector = inspect(op.get_bind())
    known = inspector.get_columns("photo_vector") if inspector.has_table("photo_vector") else []
    return any(column["name"] == "owner_id" for column in known)
