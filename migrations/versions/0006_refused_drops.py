"""Files in dropboxes that could not be taken, and why."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, String
from sqlalchemy.dialects import mysql

from photos.db.resumable import create_index, create_table, drop_table

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

# As it is at this migration; photos/db/schema.py may go on without it.
Key = BigInteger().with_variant(Integer, "sqlite")


def upgrade() -> None:
    owner = ForeignKey("user.id", name="fk_refused_drop_owner_id_user", ondelete="CASCADE")
    create_table(
        "refused_drop",
        Column("key_hash", _text(64, "BINARY", "utf8mb4_bin"), primary_key=True),
        Column("owner_id", Key, owner, nullable=False, autoincrement=False),
        Column("name", _text(255, None, "utf8mb4_unicode_520_ci"), nullable=False),
        Column("etag", _text(255, "BINARY", "utf8mb4_bin"), nullable=False),
        Column("reason", _text(500, None, "utf8mb4_unicode_520_ci"), nullable=False),
        Column("refused_at", BigInteger, nullable=False),
    )
    create_index("ix_refused_drop_owner", "refused_drop", ["owner_id", "refused_at"])


def downgrade() -> None:
    drop_table("refused_drop")


def _text(length: int, collation: str | None, on_mysql: str) -> String:
    return String(length, collation=collation).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation=on_mysql), "mysql", "mariadb"
    )
