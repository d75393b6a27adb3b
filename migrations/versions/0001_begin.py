"""The first tables: people and how they sign in, photos and all that is derived from them, uploads, jobs."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Computed,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql

from photos.db.resumable import create_index, create_table, drop_table

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Types as they are at this migration; photos/db/schema.py may go on without it.
Key = BigInteger().with_variant(Integer, "sqlite")
Instant = BigInteger
LongText = Text().with_variant(
    mysql.MEDIUMTEXT(charset="utf8mb4", collation="utf8mb4_unicode_520_ci"), "mysql", "mariadb"
)

SHELF = (
    "CASE WHEN trashed_at IS NOT NULL THEN 'trash' WHEN state = 'refused' THEN 'refused' "
    "WHEN archived_at IS NOT NULL THEN 'archive' ELSE 'timeline' END"
)

TABLES = (
    "user", "account", "account_link", "sign_in_code", "session", "api_token", "rate", "lease", "upload",
    "photo", "rendition", "photo_hash", "label", "label_verdict", "text_line", "tag", "discarded_object",
    "discarded_document", "job",
)  # fmt: skip


def upgrade() -> None:
    _people()
    _sign_in()
    _limits()
    _uploads()
    _photos()
    _photo_indexes()
    _derived()
    _decided()
    _work()


def downgrade() -> None:
    for name in reversed(TABLES):
        drop_table(name)


def _binary(length: int) -> String:
    return String(length, collation="BINARY").with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def _words(length: int) -> String:
    return String(length).with_variant(
        mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_unicode_520_ci"), "mysql", "mariadb"
    )


def _owner(table: str, name: str = "user_id") -> Column[int]:
    reference = ForeignKey("user.id", name=f"fk_{table}_{name}_user", ondelete="CASCADE")
    return Column(name, Key, reference, nullable=False)


def _of_photo(table: str) -> Column[int]:
    reference = ForeignKey("photo.key", name=f"fk_{table}_photo_key_photo", ondelete="CASCADE")
    return Column("photo_key", Key, reference, primary_key=True, nullable=False, autoincrement=False)


def _people() -> None:
    create_table(
        "user",
        Column("id", Key, primary_key=True),
        Column("issuer", _binary(255), nullable=False),
        Column("subject", _binary(255), nullable=False),
        Column("name", _words(200), nullable=False),
        Column("email", _words(320), nullable=False),
        Column("is_admin", Boolean, nullable=False),
        Column("is_disabled", Boolean, nullable=False),
        Column("quota_bytes", BigInteger),
        Column("used_bytes", BigInteger, nullable=False),
        Column("created_at", Instant, nullable=False),
        UniqueConstraint("issuer", "subject", name="uq_user_identity"),
    )
    create_table(
        "account",
        Column("subject", _binary(22), primary_key=True),
        Column("email", _binary(320), nullable=False),
        Column("name", _words(200), nullable=False),
        Column("password_hash", _binary(255), nullable=False),
        Column("is_disabled", Boolean, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("password_at", Instant, nullable=False),
        UniqueConstraint("email", name="uq_account_email"),
    )


def _sign_in() -> None:
    create_table(
        "account_link",
        Column("token_hash", _binary(64), primary_key=True),
        Column("purpose", _binary(16), nullable=False),
        Column("subject", _binary(22), nullable=False),
        Column("email", _binary(320), nullable=False),
        Column("is_admin", Boolean, nullable=False),
        Column("created_by", Key),
        Column("created_at", Instant, nullable=False),
        Column("expires_at", Instant, nullable=False),
        Column("used_at", Instant),
    )
    create_table(
        "sign_in_code",
        Column("code_hash", _binary(64), primary_key=True),
        Column("subject", _binary(22), nullable=False),
        Column("redirect_uri", _binary(500), nullable=False),
        Column("nonce", _binary(128), nullable=False),
        Column("code_challenge", _binary(128), nullable=False),
        Column("expires_at", Instant, nullable=False),
        Column("used_at", Instant),
    )
    create_table(
        "session",
        Column("id_hash", _binary(64), primary_key=True),
        Column("public_id", _binary(22), nullable=False),
        _owner("session"),
        Column("content", LongText, nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("last_seen_at", Instant, nullable=False),
        Column("expires_at", Instant, nullable=False),
        Column("user_agent", _words(300), nullable=False),
        Column("address", _binary(64), nullable=False),
        UniqueConstraint("public_id", name="uq_session_public_id"),
    )
    create_index("ix_session_expires_at", "session", ["expires_at"])
    create_index("ix_session_user", "session", ["user_id"])
    create_table(
        "api_token",
        Column("token_hash", _binary(64), primary_key=True),
        Column("public_id", _binary(22), nullable=False),
        _owner("api_token"),
        Column("name", _words(100), nullable=False),
        Column("scopes", _binary(64), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("last_used_at", Instant),
        Column("expires_at", Instant),
        UniqueConstraint("public_id", name="uq_api_token_public_id"),
    )
    create_index("ix_api_token_user", "api_token", ["user_id"])


def _limits() -> None:
    create_table(
        "rate",
        Column("name", _binary(128), primary_key=True),
        Column("window_at", Instant, nullable=False),
        Column("count", Integer, nullable=False),
    )
    create_table(
        "lease",
        Column("name", _binary(64), primary_key=True),
        Column("holder", _binary(64), nullable=False),
        Column("expires_at", Instant, nullable=False),
    )


def _uploads() -> None:
    create_table(
        "upload",
        Column("id", _binary(22), primary_key=True),
        _owner("upload", "owner_id"),
        Column("name", _words(255), nullable=False),
        Column("size_bytes", BigInteger, nullable=False),
        Column("sha256", _binary(64), nullable=False),
        Column("storage_key", _binary(200), nullable=False),
        Column("multipart_id", _binary(1024), nullable=False),
        Column("part_size", BigInteger, nullable=False),
        Column("state", _binary(16), nullable=False),
        Column("photo_id", _binary(22), nullable=False),
        Column("reason", _words(500), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("expires_at", Instant, nullable=False),
    )
    create_index("ix_upload_owner_hash", "upload", ["owner_id", "sha256"])
    create_index("ix_upload_state_expires", "upload", ["state", "expires_at"])


def _photos() -> None:
    create_table(
        "photo",
        Column("key", Key, primary_key=True),
        Column("id", _binary(22), nullable=False),
        _owner("photo", "owner_id"),
        Column("sha256", _binary(64), nullable=False),
        Column("size_bytes", BigInteger, nullable=False),
        Column("name", _words(255), nullable=False),
        Column("media_type", _binary(64), nullable=False),
        Column("storage_key", _binary(200), nullable=False),
        Column("state", _binary(16), nullable=False),
        Column("reason", _words(500), nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("lease_token", _binary(22), nullable=False),
        Column("lease_until", Instant),
        Column("taken_local", BigInteger, nullable=False),
        Column("taken_source", _binary(16), nullable=False),
        Column("offset_minutes", Integer),
        Column("taken_at", Instant),
        Column("width", Integer, nullable=False),
        Column("height", Integer, nullable=False),
        Column("camera_make", _words(100), nullable=False),
        Column("camera_model", _words(100), nullable=False),
        Column("lens", _words(150), nullable=False),
        Column("f_number", Double),
        Column("exposure_seconds", Double),
        Column("iso", Integer),
        Column("focal_length_mm", Double),
        Column("latitude", Double),
        Column("longitude", Double),
        Column("altitude_m", Double),
        Column("place_name", _words(150), nullable=False),
        Column("place_region", _words(150), nullable=False),
        Column("place_country", _words(100), nullable=False),
        Column("place_country_code", _binary(2), nullable=False),
        Column("description", LongText, nullable=False),
        Column("description_by", _binary(16), nullable=False),
        Column("rating", Integer),
        Column("is_favourite", Boolean, nullable=False),
        Column("thumbhash", _binary(64), nullable=False),
        Column("colours", _binary(255), nullable=False),
        Column("light", _binary(16), nullable=False),
        Column("developed_with", Integer, nullable=False),
        Column("recogniser", _binary(100), nullable=False),
        Column("text_reader", _binary(100), nullable=False),
        Column("created_at", Instant, nullable=False),
        Column("updated_at", Instant, nullable=False),
        Column("archived_at", Instant),
        Column("trashed_at", Instant),
        Column("revision", Integer, nullable=False),
        Column("is_indexed", Boolean, nullable=False),
        Column("shelf", _binary(16), Computed(SHELF, persisted=False)),
        UniqueConstraint("id", name="uq_photo_id"),
        UniqueConstraint("owner_id", "sha256", name="uq_photo_owner_hash"),
    )


def _photo_indexes() -> None:
    create_index("ix_photo_shelf", "photo", ["owner_id", "shelf", "taken_local", "key"])
    create_index("ix_photo_trashed", "photo", ["trashed_at"])
    create_index("ix_photo_state", "photo", ["state", "lease_until", "key"])
    create_index("ix_photo_indexed", "photo", ["is_indexed", "key"])
    create_index("ix_photo_recogniser", "photo", ["state", "recogniser", "key"])
    create_index("ix_photo_text_reader", "photo", ["state", "text_reader", "key"])
    create_index("ix_photo_developed_with", "photo", ["state", "developed_with", "key"])


def _derived() -> None:
    create_table(
        "rendition",
        _of_photo("rendition"),
        Column("kind", _binary(16), primary_key=True),
        Column("storage_key", _binary(200), nullable=False),
        Column("width", Integer, nullable=False),
        Column("height", Integer, nullable=False),
        Column("size_bytes", BigInteger, nullable=False),
        Column("media_type", _binary(64), nullable=False),
    )
    create_table(
        "photo_hash",
        _of_photo("photo_hash"),
        Column("variant", _binary(16), primary_key=True),
        Column("bits", LargeBinary(32).with_variant(mysql.VARBINARY(32), "mysql", "mariadb"), nullable=False),
        Column("quality", Integer, nullable=False),
    )
    create_table(
        "label",
        _of_photo("label"),
        Column("name", _binary(100), primary_key=True),
        Column("provider", _binary(100), primary_key=True),
        Column("confidence", Double, nullable=False),
        Column("boxes", LongText, nullable=False),
    )
    create_table(
        "text_line",
        _of_photo("text_line"),
        Column("position", Integer, primary_key=True, autoincrement=False),
        Column("text", _words(1000), nullable=False),
        Column("confidence", Double, nullable=False),
        Column("box", _binary(200), nullable=False),
    )


def _decided() -> None:
    create_table(
        "label_verdict",
        _of_photo("label_verdict"),
        Column("name", _binary(100), primary_key=True),
        Column("verdict", _binary(16), nullable=False),
        Column("decided_at", Instant, nullable=False),
    )
    create_table(
        "tag",
        _of_photo("tag"),
        Column("name", _binary(100), primary_key=True),
        Column("source", _binary(16), nullable=False),
    )


def _work() -> None:
    create_table(
        "discarded_object",
        Column("storage_key", _binary(200), primary_key=True),
        Column("discarded_at", Instant, nullable=False),
    )
    create_table("discarded_document", Column("photo_key", Key, primary_key=True, autoincrement=False))
    create_table(
        "job",
        Column("id", Key, primary_key=True),
        Column("digest", _binary(64), nullable=False),
        Column("name", _binary(64), nullable=False),
        Column("payload", LongText, nullable=False),
        Column("due_at", Instant, nullable=False),
        Column("attempts", Integer, nullable=False),
        Column("lease_token", _binary(22), nullable=False),
        Column("error", _words(500), nullable=False),
        Column("created_at", Instant, nullable=False),
        UniqueConstraint("digest", name="uq_job_digest"),
    )
    create_index("ix_job_due", "job", ["due_at", "id"])
