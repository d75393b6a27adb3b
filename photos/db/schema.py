"""The tables. Instants are BIGINT microseconds since 1970 UTC (`*_at`); `taken_local` is the wall
clock counted the same way. Ids that leave the house are 22 random urlsafe characters in a binary
collation; integer keys never leave it. Every constraint is named, so that migrations can name it too.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    VARBINARY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
metadata = MetaData(naming_convention=NAMING)

Key = BigInteger().with_variant(Integer, "sqlite")  # SQLite numbers only INTEGER primary keys by itself
Instant = BigInteger


def Binary(length: int) -> String:
    """Text compared byte by byte on every engine: ids, hashes, storage keys, identities."""
    return String(length, collation="BINARY").with_variant(
        String(length, collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def Words(length: int) -> String:
    """Text that people write."""
    return String(length).with_variant(String(length, collation="utf8mb4_unicode_520_ci"), "mysql", "mariadb")


class MediumText(Text):
    """MySQL's MEDIUMTEXT. The type of the same name in its dialect would load all of it on SQLite too."""

    __visit_name__ = "MEDIUMTEXT"


LongText = Text().with_variant(MediumText(collation="utf8mb4_unicode_520_ci"), "mysql", "mariadb")


def table(name: str, *parts: Column[Any] | UniqueConstraint | CheckConstraint | Index) -> Table:
    """A table as statements know it: no implicit RETURNING, so that MariaDB takes MySQL's path.

    How it is made (engine, character set, keys that never come back) is said by `photos.db.resumable` alone;
    to say it here too would load the dialects of every engine.
    """
    return Table(name, metadata, *parts, implicit_returning=False)


def reference(name: str, target: str, *, primary_key: bool = False) -> Column[int]:
    """A reference to a row; this one goes with it."""
    return Column(
        name,
        Key,
        ForeignKey(target, ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
        autoincrement=False,
    )


def owner(name: str = "user_id") -> Column[int]:
    """A reference to a person."""
    return reference(name, "user.id")


def of_photo() -> Column[int]:
    """A reference to the photo that a row is about."""
    return reference("photo_key", "photo.key", primary_key=True)


user = table(
    "user",
    Column("id", Key, primary_key=True),
    Column("issuer", Binary(255), nullable=False),
    Column("subject", Binary(255), nullable=False),
    Column("name", Words(200), nullable=False),
    Column("email", Words(320), nullable=False),
    Column("is_admin", Boolean, nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("quota_bytes", BigInteger),
    Column("used_bytes", BigInteger, nullable=False),
    Column("created_at", Instant, nullable=False),
    UniqueConstraint("issuer", "subject", name="uq_user_identity"),
)

# The local identity provider's own people. The application knows them only as (issuer, subject).
account = table(
    "account",
    Column("subject", Binary(22), primary_key=True),
    Column("email", Binary(320), nullable=False, unique=True),
    Column("name", Words(200), nullable=False),
    Column("password_hash", Binary(255), nullable=False),
    Column("is_disabled", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("password_at", Instant, nullable=False),
)

# One-time links: `setup` (first administrator), `invitation`, `reset` (password).
account_link = table(
    "account_link",
    Column("token_hash", Binary(64), primary_key=True),
    Column("purpose", Binary(16), nullable=False),
    Column("subject", Binary(22), nullable=False),
    Column("email", Binary(320), nullable=False),  # always empty; the version before this one writes it
    Column("is_admin", Boolean, nullable=False),
    Column("created_by", Key),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

sign_in_code = table(
    "sign_in_code",
    Column("code_hash", Binary(64), primary_key=True),
    Column("subject", Binary(22), nullable=False),
    Column("redirect_uri", Binary(500), nullable=False),
    Column("nonce", Binary(128), nullable=False),
    Column("code_challenge", Binary(128), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

session = table(
    "session",
    Column("id_hash", Binary(64), primary_key=True),
    Column("public_id", Binary(22), nullable=False, unique=True),
    owner(),
    Column("content", LongText, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_seen_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False, index=True),
    Column("user_agent", Words(300), nullable=False),
    Column("address", Binary(64), nullable=False),
    Index("ix_session_user", "user_id"),
)

api_token = table(
    "api_token",
    Column("token_hash", Binary(64), primary_key=True),
    Column("public_id", Binary(22), nullable=False, unique=True),
    owner(),
    Column("name", Words(100), nullable=False),
    Column("scopes", Binary(64), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("last_used_at", Instant),
    Column("expires_at", Instant),
    Index("ix_api_token_user", "user_id"),
)

# Counters of limits that hold across processes: one atomic upsert a try.
rate = table(
    "rate",
    Column("name", Binary(128), primary_key=True),
    Column("window_at", Instant, nullable=False),
    Column("count", Integer, nullable=False),
)

lease = table(
    "lease",
    Column("name", Binary(64), primary_key=True),
    Column("holder", Binary(64), nullable=False),
    Column("expires_at", Instant, nullable=False),
)

upload = table(
    "upload",
    Column("id", Binary(22), primary_key=True),
    owner("owner_id"),
    Column("name", Words(255), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("sha256", Binary(64), nullable=False),
    Column("storage_key", Binary(200), nullable=False),
    Column("multipart_id", Binary(1024), nullable=False),
    Column("part_size", BigInteger, nullable=False),
    Column("state", Binary(16), nullable=False),
    Column("photo_id", Binary(22), nullable=False),
    Column("reason", Words(500), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Index("ix_upload_owner_hash", "owner_id", "sha256"),
    Index("ix_upload_state_expires", "state", "expires_at"),
)

SHELF = (
    "CASE WHEN trashed_at IS NOT NULL THEN 'trash' WHEN state = 'refused' THEN 'refused' "
    "WHEN archived_at IS NOT NULL THEN 'archive' ELSE 'timeline' END"
)

photo = table(
    "photo",
    Column("key", Key, primary_key=True),
    Column("id", Binary(22), nullable=False, unique=True),
    owner("owner_id"),
    Column("sha256", Binary(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("name", Words(255), nullable=False),
    Column("media_type", Binary(64), nullable=False),
    Column("storage_key", Binary(200), nullable=False),
    Column("state", Binary(16), nullable=False),
    Column("reason", Words(500), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_token", Binary(22), nullable=False),
    Column("lease_until", Instant),
    Column("taken_local", BigInteger, nullable=False),
    Column("taken_source", Binary(16), nullable=False),
    Column("offset_minutes", Integer),
    Column("taken_at", Instant),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("camera_make", Words(100), nullable=False),
    Column("camera_model", Words(100), nullable=False),
    Column("lens", Words(150), nullable=False),
    Column("f_number", Double),
    Column("exposure_seconds", Double),
    Column("iso", Integer),
    Column("focal_length_mm", Double),
    Column("latitude", Double),
    Column("longitude", Double),
    Column("altitude_m", Double),
    Column("place_name", Words(150), nullable=False),
    Column("place_region", Words(150), nullable=False),
    Column("place_country", Words(100), nullable=False),
    Column("place_country_code", Binary(2), nullable=False),
    Column("place_source", Binary(16), nullable=False, server_default=""),
    Column("description", LongText, nullable=False),
    Column("description_by", Binary(16), nullable=False),
    Column("rating", Integer),
    Column("is_favourite", Boolean, nullable=False),
    Column("thumbhash", Binary(64), nullable=False),
    Column("colours", Binary(255), nullable=False),
    Column("light", Binary(16), nullable=False),
    Column("turn", Integer, nullable=False, server_default="0"),
    Column("turn_made", Integer, nullable=False, server_default="0"),
    Column("developed_with", Integer, nullable=False),
    Column("recogniser", Binary(100), nullable=False),
    Column("text_reader", Binary(100), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("archived_at", Instant),
    Column("trashed_at", Instant),
    Column("revision", Integer, nullable=False),
    Column("is_indexed", Boolean, nullable=False),
    Column("shelf", Binary(16), Computed(SHELF, persisted=False)),
    Column("cell", BigInteger),
    UniqueConstraint("owner_id", "sha256", name="uq_photo_owner_hash"),
    Index("ix_photo_shelf", "owner_id", "shelf", "taken_local", "key"),
    Index("ix_photo_cell", "owner_id", "shelf", "cell"),
    Index("ix_photo_trashed", "trashed_at"),
    Index("ix_photo_state", "state", "lease_until", "key"),
    Index("ix_photo_indexed", "is_indexed", "key"),
    Index("ix_photo_recogniser", "state", "recogniser", "key"),
    Index("ix_photo_text_reader", "state", "text_reader", "key"),
    Index("ix_photo_developed_with", "state", "developed_with", "key"),
)

rendition = table(
    "rendition",
    of_photo(),
    Column("kind", Binary(16), primary_key=True),
    Column("storage_key", Binary(200), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", Binary(64), nullable=False),
)

photo_hash = table(
    "photo_hash",
    of_photo(),
    Column("variant", Binary(16), primary_key=True),
    Column("bits", LargeBinary(32).with_variant(VARBINARY(32), "mysql", "mariadb"), nullable=False),
    Column("quality", Integer, nullable=False),
    Column("is_matched", Boolean, nullable=False, server_default=false()),
    Index("ix_photo_hash_matched", "is_matched", "photo_key"),
)

label = table(
    "label",
    of_photo(),
    Column("name", Binary(100), primary_key=True),
    Column("provider", Binary(100), primary_key=True),
    Column("confidence", Double, nullable=False),
    Column("boxes", LongText, nullable=False),
)

label_verdict = table(
    "label_verdict",
    of_photo(),
    Column("name", Binary(100), primary_key=True),
    Column("verdict", Binary(16), nullable=False),
    Column("decided_at", Instant, nullable=False),
)

text_line = table(
    "text_line",
    of_photo(),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("text", Words(1000), nullable=False),
    Column("confidence", Double, nullable=False),
    Column("box", Binary(200), nullable=False),
)

tag = table(
    "tag",
    of_photo(),
    Column("name", Binary(100), primary_key=True),
    Column("source", Binary(16), nullable=False),
    Index("ix_tag_source", "source", "photo_key"),
)

# How many photos stand where, a row for at most 500 neighbours on one shelf within one month
# (year * 12 + month - 1): from this place in the order of the timeline up to the next row's.
timeline_chunk = table(
    "timeline_chunk",
    reference("owner_id", "user.id", primary_key=True),
    Column("shelf", Binary(16), primary_key=True),
    Column("month", Integer, primary_key=True, autoincrement=False),
    Column("first_local", BigInteger, primary_key=True, autoincrement=False),
    Column("first_key", Key, primary_key=True, autoincrement=False),
    Column("count", Integer, nullable=False),
)

# One change to many photos; `content` says what, as JSON, and `before` of each photo what undoing needs. The
# tables keep the names they were made with, which programs of the version before ask for during an update.
bulk_change = table(
    "bulk_change",
    Column("id", Binary(22), primary_key=True),
    owner("owner_id"),
    Column("action", Binary(32), nullable=False),
    Column("content", LongText, nullable=False),
    Column("state", Binary(16), nullable=False),
    Column("total", Integer, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Index("ix_bulk_change_owner", "owner_id", "created_at"),
    Index("ix_bulk_change_state", "state", "updated_at"),
)

bulk_photo = table(
    "bulk_photo",
    Column("bulk_id", Binary(22), ForeignKey("bulk_change.id", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("photo_id", Binary(22), nullable=False),
    Column("state", Binary(16), nullable=False),
    Column("reason", Words(500), nullable=False),
    Column("before", LongText, nullable=False),
    Index("ix_bulk_photo_state", "bulk_id", "state", "position"),
)

# What the recogniser's classifier saw, reduced to a short vector: photos alike point the same way.
photo_vector = table(
    "photo_vector",
    of_photo(),
    owner("owner_id"),
    Column("provider", Binary(100), nullable=False),
    Column("bits", LargeBinary(160).with_variant(VARBINARY(160), "mysql", "mariadb"), nullable=False),
    Column("made_at", Instant, nullable=False),
    Index("ix_photo_vector_owner", "owner_id", "provider", "made_at"),
)

# Two photos of one owner whose hashes are near each other; the smaller key first.
duplicate = table(
    "duplicate",
    of_photo(),
    reference("other_key", "photo.key", primary_key=True),
    owner("owner_id"),
    Column("distance", Integer, nullable=False),
    Index("ix_duplicate_owner", "owner_id", "other_key", "photo_key"),
    Index("ix_duplicate_other", "other_key"),
)

# Two photos of which their owner has said that they are not the same picture; the smaller key first.
duplicate_verdict = table(
    "duplicate_verdict",
    of_photo(),
    reference("other_key", "photo.key", primary_key=True),
    Column("decided_at", Instant, nullable=False),
)

# Objects that no row needs any more; the sweep deletes them after the commit that wrote them here.
discarded_object = table(
    "discarded_object",
    Column("storage_key", Binary(200), primary_key=True),
    Column("discarded_at", Instant, nullable=False),
)

# What lies in somebody's dropbox and could not be taken. Keys are longer than an index takes.
refused_drop = table(
    "refused_drop",
    Column("key_hash", Binary(64), primary_key=True),
    owner("owner_id"),
    Column("name", Words(255), nullable=False),
    Column("etag", Binary(255), nullable=False),
    Column("reason", Words(500), nullable=False),
    Column("refused_at", Instant, nullable=False),
    Index("ix_refused_drop_owner", "owner_id", "refused_at"),
)

# Photos that are gone and that the index may still know; the sweep removes them there.
discarded_document = table(
    "discarded_document",
    Column("photo_key", Key, primary_key=True, autoincrement=False),
)

job = table(
    "job",
    Column("id", Key, primary_key=True),
    Column("digest", Binary(64), nullable=False, unique=True),
    Column("name", Binary(64), nullable=False),
    Column("payload", LongText, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("lease_token", Binary(22), nullable=False),
    Column("error", Words(500), nullable=False),
    Column("created_at", Instant, nullable=False),
    Index("ix_job_due", "due_at", "id"),
)

job_failure = table(
    "job_failure",
    Column("message_id", Binary(100), primary_key=True),
    Column("reason", Words(500), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("failed_at", Instant, nullable=False),
    Index("ix_job_failure_failed_at", "failed_at"),
)
