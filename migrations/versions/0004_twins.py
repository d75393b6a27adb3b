"""Photos that look like each other, found once and kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, false

from photos.db.resumable import add_column, create_index, create_table, drop_column, drop_index, drop_table

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# As it is at this migration; photos/db/schema.py may go on without it.
Key = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    add_column("photo_hash", Column("is_matched", Boolean, nullable=False, server_default=false()))
    create_index("ix_photo_hash_matched", "photo_hash", ["is_matched", "photo_key"])
    create_table(
        "twin",
        _of_photo("photo_key"),
        _of_photo("other_key"),
        Column("distance", Integer, nullable=False),
    )
    create_index("ix_twin_other", "twin", ["other_key"])


def downgrade() -> None:
    drop_table("twin")
    drop_index("ix_photo_hash_matched", "photo_hash")
    drop_column("photo_hash", "is_matched")


def _of_photo(name: str) -> Column[int]:
    reference = ForeignKey("photo.key", name=f"fk_twin_{name}_photo", ondelete="CASCADE")
    return Column(name, Key, reference, primary_key=True, nullable=False, autoincrement=False)
