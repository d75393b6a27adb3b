"""Why messages of the queue failed."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer

from photos.db.resumable import create_index, create_table, drop_table
from photos.db.schema import Binary, Words

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_table(
        "job_failure",
        Column("message_id", Binary(100), primary_key=True),
        Column("reason", Words(500), nullable=False),
        Column("attempt", Integer, nullable=False),
        Column("failed_at", BigInteger, nullable=False),
    )
    create_index("ix_job_failure_failed_at", "job_failure", ["failed_at"])


def downgrade() -> None:
    drop_table("job_failure")
