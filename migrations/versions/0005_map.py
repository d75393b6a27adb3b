"""Where on the map a photo was taken, as one number that an index can hold."""

from __future__ import annotations

from alembic import op
from sqlalchemy import BigInteger, Column, bindparam, column, select, table, update

from photos.db.cells import cell_of
from photos.db.resumable import add_column, create_index, drop_column, drop_index

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

AT_ONCE = 1000
photo = table("photo", column("key"), column("latitude"), column("longitude"), column("cell"))


def upgrade() -> None:
    add_column("photo", Column("cell", BigInteger))
    _count_cells()
    create_index("ix_photo_cell", "photo", ["owner_id", "shelf", "cell"])


def downgrade() -> None:
    drop_index("ix_photo_cell", "photo")
    drop_column("photo", "cell")


def _count_cells() -> None:
    connection, last = op.get_bind(), 0
    unknown = select(photo).where(photo.c.latitude.is_not(None), photo.c.longitude.is_not(None))
    statement = update(photo).where(photo.c.key == bindparam("photo_key")).values(cell=bindparam("new_cell"))
    while rows := connection.execute(
        unknown.where(photo.c.key > last).order_by(photo.c.key).limit(AT_ONCE)
    ).all():
        cells = [{"photo_key": row.key, "new_cell": cell_of(row.latitude, row.longitude)} for row in rows]
        connection.execute(statement, cells)
        last = rows[-1].key
