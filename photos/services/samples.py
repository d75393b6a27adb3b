"""A few photos to look around with, for somebody whose library is empty: sent like theirs, and gone at once.

They are drawn, so they are nobody's, and need no network. The tag `sample` of the source `sample` marks them:
whoever takes the tag away keeps the photo.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

from photos.backends.jobs import Jobs
from photos.backends.search import Search
from photos.backends.storage import Storage
from photos.config import Settings
from photos.db import photos as photo_rows
from photos.db import samples as sample_rows
from photos.db import users as user_rows
from photos.db.engine import Database, repeated
from photos.models import User
from photos.services import whole_files
from photos.services.indexing import index_photos

DAYS = (
    (datetime(2025, 12, 3, 8), "+13:00", -43.59, 170.14),
    (datetime(2025, 9, 14, 7), "+02:00", 47.05, 12.69),
    (datetime(2025, 6, 21, 19), "+00:00", 64.26, -20.16),
    (datetime(2025, 3, 30, 6), "+09:00", 35.36, 138.73),
)
"""When, the offset from UTC, latitude and longitude: mountains and water around the world."""
A_DAY = 4
COUNT = 16


def add_samples(
    user_id: str, *, settings: Settings, database: Database, storage: Storage, jobs: Jobs
) -> None:
    """Draw and send the sample photos; those that are there already are left alone.

    Raises NotFound for a person who is gone, TooMany and BackendError for later.
    """
    from photos.imaging.scenes import draw_photo

    with database.read() as connection:
        owner = user_rows.get_user(connection, int(user_id))
    for number in range(COUNT):
        start, offset, latitude, longitude = DAYS[number // A_DAY % len(DAYS)]
        taken = start + number % A_DAY * timedelta(minutes=37)
        drawn = draw_photo(number, taken=taken, offset=offset, latitude=latitude, longitude=longitude)
        offer = whole_files.accept(
            io.BytesIO(drawn),
            name=f"sample-{number + 1:02}.jpg",
            owner=owner,
            settings=settings,
            database=database,
            storage=storage,
            jobs=jobs,
        )
        if offer.photo is not None and offer.status != "known":
            with database.write() as connection:
                sample_rows.mark_sample(connection, offer.photo.key, now=datetime.now(UTC))


@repeated
def remove_samples(*, owner: User, database: Database, search: Search) -> int:
    """Delete the sample photos for good; returns how many there were. Objects go with the sweep."""
    with database.write() as connection:
        keys = sample_rows.list_samples(connection, owner.id)
        for key in keys:
            photo_rows.purge_photo(connection, key, now=datetime.now(UTC))
    index_photos(keys, database=database, search=search)
    return len(keys)
