"""Which way up the renditions of a photo were made."""

from __future__ import annotations

from sqlalchemy import Column, Integer

from photos.db.resumable import add_column, drop_column

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_column("photo", Column("turn_made", Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    drop_column("photo", "turn_made")
