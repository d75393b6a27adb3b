"""${message}

Every step must find out whether it is done: on MySQL and MariaDB a killed migration stays half done, and the
next start goes on with it (`photos.db.resumable`). Widen first, narrow in a later release.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from photos.db import resumable

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = None
depends_on = None


def upgrade() -> None:
    ${upgrades if upgrades else "raise NotImplementedError"}


def downgrade() -> None:
    ${downgrades if downgrades else "raise NotImplementedError"}
