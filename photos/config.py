"""Settings: one frozen dataclass, read once from the environment and validated whole.

Every field names its variable; `docs/settings.md` describes each one, and a test holds the two together.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from photos import setting_kinds as kind
from photos.errors import ConfigError
from photos.secret_names import find_secret_name

MIB = 1024 * 1024
WEAK_KEYS = frozenset({"dev", "development", "secret", "changeme", "test", "password", "key"})


def _set(name: str, parse: Callable[[str], Any], default: Any) -> Any:
    return field(default=default, metadata={"env": name, "parse": parse})


def _secret(name: str, parse: Callable[[str], Any]) -> Any:
    """A text that nobody may see, or the name of a secret: `with_secrets` puts its text in its place."""
    return field(default="", repr=False, metadata={"env": name, "parse": parse, "is_secret": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Sizes in bytes, times in seconds."""

    platform: str = _set("PLATFORM", kind.one_of("local", "aws"), "local")
    tier: str = _set("TIER", kind.one_of("web", "worker", "all"), "all")
    data: Path = _set("BIGIMAGE_DATA", kind.path, Path("data").absolute())
    host: str = _set("HOST", kind.host, "127.0.0.1")
    port: int = _set("PORT", kind.number(1, 65535), 8000)
    base_url: str = _set("BASE_URL", kind.origin, "")
    other_origins: tuple[str, ...] = _set("OTHER_ORIGINS", kind.origins, ())
    proxy_hops: int = _set("PROXY_HOPS", kind.number(0, 5), 0)
    secret_key: str = _secret("SECRET_KEY", kind.text)
    web_processes: int = _set("WEB_PROCESSES", kind.number(1, 64), 2)
    web_threads: int = _set("WEB_THREADS", kind.number(1, 64), 4)

    database_url: str = _secret("DATABASE_URL", kind.database)
    database_secret: str = field(
        default="", repr=False, metadata={"env": "DATABASE_SECRET", "parse": kind.credentials}
    )
    database_owner_secret: str = field(
        default="", repr=False, metadata={"env": "DATABASE_OWNER_SECRET", "parse": kind.credentials}
    )
    database_ca: Path | None = _set("DATABASE_CA", kind.file, None)
    database_connections: int = _set("DATABASE_CONNECTIONS", kind.number(2, 100), 10)
    machines: int = _set("MACHINES", kind.number(1, 1000), 1)

    secrets_endpoint_url: str = _set("SECRETS_ENDPOINT_URL", kind.address, "")

    storage: str = _set("STORAGE", kind.one_of("", "folder", "s3"), "")
    s3_bucket: str = _set("S3_BUCKET", kind.text, "")
    s3_endpoint_url: str = _set("S3_ENDPOINT_URL", kind.address, "")
    s3_addressing: str = _set("S3_ADDRESSING", kind.one_of("auto", "path", "virtual"), "auto")
    s3_encryption: str = _set("S3_ENCRYPTION", kind.one_of("AES256", "aws:kms"), "")
    s3_kms_key: str = _set("S3_KMS_KEY", kind.text, "")
    aws_region: str = _set("AWS_REGION", kind.text, "")
    url_seconds: int = _set("URL_SECONDS", kind.number(60, 604800), 3600)
    part_url_seconds: int = _set("PART_URL_SECONDS", kind.number(60, 604800), 3600)

    jobs: str = _set("JOBS", kind.one_of("", "local", "sqs"), "")
    jobs_queue: str = _set("JOBS_QUEUE", kind.queue, "")
    jobs_dead_queue: str = _set("JOBS_DEAD_QUEUE", kind.queue, "")
    sqs_endpoint_url: str = _set("SQS_ENDPOINT_URL", kind.address, "")
    job_seconds: int = _set("JOB_SECONDS", kind.number(5, 43200), 240)

    recognition: str = _set("RECOGNITION", kind.one_of("local", "off"), "local")
    models: Path = _set("BIGIMAGE_MODELS", kind.path, Path("~/.cache/bigimage/models").expanduser())
    suggestion_below: int = _set("SUGGESTION_BELOW", kind.number(50, 100), 70)

    open_sign_up: bool = _set("OPEN_SIGN_UP", kind.flag, False)
    session_seconds: int = _set("SESSION_SECONDS", kind.number(300, 31536000), 14 * 86400)
    session_idle_seconds: int = _set("SESSION_IDLE_SECONDS", kind.number(300, 31536000), 3 * 86400)
    sign_in_attempts: int = _set("SIGN_IN_ATTEMPTS", kind.number(3, 1000), 10)
    sign_in_window_seconds: int = _set("SIGN_IN_WINDOW_SECONDS", kind.number(10, 86400), 900)

    quota_bytes: int = _set("QUOTA_BYTES", kind.number(0, 2**50), 0)
    uploads_per_minute: int = _set("UPLOADS_PER_MINUTE", kind.number(1, 1_000_000), 1000)
    max_photo_bytes: int = _set("MAX_PHOTO_BYTES", kind.number(1, 2**40), 512 * MIB)
    max_photo_pixels: int = _set("MAX_PHOTO_PIXELS", kind.number(1, 2**31), 200_000_000)
    part_bytes: int = _set("PART_BYTES", kind.number(5 * MIB, 1024 * MIB), 8 * MIB)
    upload_days: int = _set("UPLOAD_DAYS", kind.number(1, 365), 7)
    trash_days: int = _set("TRASH_DAYS", kind.number(1, 3650), 30)

    map_tiles_url: str = _set("MAP_TILES_URL", kind.tiles, "")
    map_attribution: str = _set("MAP_ATTRIBUTION", kind.text, "")

    decoders: int = _set("DECODERS", kind.number(1, 64), 2)
    decode_seconds: int = _set("DECODE_SECONDS", kind.number(1, 600), 20)
    decode_memory_bytes: int = _set("DECODE_MEMORY_BYTES", kind.number(64 * MIB, 2**40), 400 * MIB)
    job_lease_seconds: int = _set("JOB_LEASE_SECONDS", kind.number(5, 43200), 120)
    job_attempts: int = _set("JOB_ATTEMPTS", kind.number(1, 100), 10)

    metrics: bool = _set("METRICS", kind.flag, False)
    traces_url: str = _set("TRACES_URL", kind.address, "")
    log_level: str = _set("LOG_LEVEL", kind.one_of("debug", "info", "warning", "error"), "info")

    @property
    def is_https(self) -> bool:
        """Whether browsers reach us over https: decides cookie names, Secure and HSTS."""
        return self.base_url.startswith("https://")

    @property
    def tiles_origin(self) -> str:
        """Where pieces of the map come from; empty for nowhere but here."""
        parts = urlsplit(self.map_tiles_url)
        return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""

    @property
    def origins(self) -> tuple[str, ...]:
        """Every origin that browsers may use, ours first."""
        return (self.base_url, *self.other_origins)


def read_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read and check everything. Raises ConfigError with all problems at once.

    Without `environ` the process environment counts, over the file `.env` of the current folder.
    """
    if environ is None:
        environ = read_environment()
    problems: list[str] = []
    values: dict[str, Any] = {}
    for item in fields(Settings):
        raw = environ.get(item.metadata["env"], "")
        if raw == "":
            continue
        try:
            is_named = item.metadata.get("is_secret") and find_secret_name(raw)
            values[item.name] = raw if is_named else item.metadata["parse"](raw)
        except ValueError as error:
            problems.append(f"{item.metadata['env']} {error}.")
    settings = Settings(**values)
    problems += _contradictions(settings)
    if problems:
        raise ConfigError(problems)
    return _with_defaults(settings)


def read_environment() -> dict[str, str]:
    """The environment of the process, over the file `.env` of the current folder."""
    return {**_dotenv(Path(".env")), **os.environ}


def secrets_named(settings: Settings) -> dict[str, str]:
    """Variable -> the name of a secret that it holds in place of a text."""
    return {
        item.metadata["env"]: value
        for item in fields(Settings)
        if item.metadata.get("is_secret") and find_secret_name(value := getattr(settings, item.name))
    }


def secrets_in_use(settings: Settings) -> dict[str, str]:
    """The same, and what is read while the program runs: users of the database and their passwords."""
    later = {
        "DATABASE_SECRET": settings.database_secret,
        "DATABASE_OWNER_SECRET": settings.database_owner_secret,
    }
    return secrets_named(settings) | {name: value for name, value in later.items() if find_secret_name(value)}


def with_secrets(settings: Settings, found: Mapping[str, str]) -> Settings:
    """The same with texts (variable -> text) in the place of names. Raises ConfigError with all problems."""
    problems: list[str] = []
    values: dict[str, Any] = {}
    for item in fields(Settings):
        if (variable := item.metadata["env"]) in found:
            try:
                values[item.name] = item.metadata["parse"](found[variable])
            except ValueError as error:
                problems.append(f"{variable}: the secret that it names {error}.")
    settings = replace(settings, **values)
    problems += _contradictions(settings)
    if problems:
        raise ConfigError(problems)
    return settings


def _dotenv(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    from dotenv import dotenv_values

    return {
        name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None
    }


def _contradictions(settings: Settings) -> list[str]:
    problems = []
    if settings.platform == "local" and settings.tier != "all":
        problems.append("TIER must be all on PLATFORM=local: one machine runs both tiers.")
    if settings.platform == "aws":
        if settings.tier == "all":
            problems.append("TIER must be web or worker on PLATFORM=aws.")
        for name, value in (("SECRET_KEY", settings.secret_key), ("DATABASE_URL", settings.database_url)):
            if not value:
                problems.append(f"{name} is missing: PLATFORM=aws has no default for it.")
        if not settings.base_url:
            problems.append(
                "BASE_URL is missing: set it to the address that people type, such as https://photos.example.org."
            )
    if settings.machines > 1:
        problems.append("MACHINES must be 1: the search index is a file in BIGIMAGE_DATA, on one machine.")
    problems += _storage_contradictions(settings)
    problems += _jobs_contradictions(settings)
    problems += _about_database(settings)
    is_here = settings.secret_key and not find_secret_name(settings.secret_key)
    if is_here and (len(settings.secret_key) < 32 or settings.secret_key.lower() in WEAK_KEYS):
        problems.append(
            "SECRET_KEY is too short: use 32 or more random characters, or leave it out on one machine."
        )
    if settings.session_idle_seconds > settings.session_seconds:
        problems.append("SESSION_IDLE_SECONDS must not be larger than SESSION_SECONDS.")
    return problems


def _about_database(settings: Settings) -> list[str]:
    names = secrets_in_use(settings).values()
    stores = {name.store for value in names if (name := find_secret_name(value))}
    problems = []
    if stores - {"env"} and not settings.aws_region:
        problems.append("AWS_REGION is missing: a setting names a secret that is kept in AWS.")
    if not settings.database_url or settings.database_url.startswith("sqlite:"):
        problems += [
            f"{variable} is for a database server: DATABASE_URL names none."
            for variable, value in (
                ("DATABASE_SECRET", settings.database_secret),
                ("DATABASE_OWNER_SECRET", settings.database_owner_secret),
                ("DATABASE_CA", settings.database_ca),
            )
            if value
        ]
    return problems


def _storage_contradictions(settings: Settings) -> list[str]:
    problems = []
    if _storage(settings) == "s3":
        if not settings.s3_bucket:
            problems.append("S3_BUCKET is missing: STORAGE=s3 needs the name of a bucket.")
        if not settings.aws_region:
            problems.append("AWS_REGION is missing: STORAGE=s3 needs a region, such as eu-central-1.")
    if settings.s3_kms_key and settings.s3_encryption != "aws:kms":
        problems.append("S3_KMS_KEY is only used with S3_ENCRYPTION=aws:kms.")
    return problems


def _storage(settings: Settings) -> str:
    return settings.storage or ("folder" if settings.platform == "local" else "s3")


def _jobs_contradictions(settings: Settings) -> list[str]:
    if _jobs(settings) != "sqs":
        is_worker = settings.tier == "worker"
        return ["JOBS must be sqs with TIER=worker: its jobs come from a queue."] if is_worker else []
    queues = {"JOBS_QUEUE": settings.jobs_queue, "JOBS_DEAD_QUEUE": settings.jobs_dead_queue}
    problems = [
        f"{name} is missing: JOBS=sqs needs a queue and one for its dead letters."
        for name, value in queues.items()
        if not value
    ]
    if not settings.aws_region and _storage(settings) != "s3":
        problems.append("AWS_REGION is missing: JOBS=sqs needs a region, such as eu-central-1.")
    return problems


def _jobs(settings: Settings) -> str:
    return settings.jobs or ("local" if settings.platform == "local" else "sqs")


def _with_defaults(settings: Settings) -> Settings:
    return replace(
        settings,
        storage=_storage(settings),
        jobs=_jobs(settings),
        base_url=settings.base_url or f"http://{_bracketed(settings.host)}:{settings.port}",
        database_url=settings.database_url or f"sqlite:///{settings.data / 'bigimage.db'}",
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def ensure_secret_key(settings: Settings) -> str:
    """The signing key: from the settings, or made once in the data folder with mode 0600.

    Raises ConfigError if the data folder cannot be written.
    """
    if settings.secret_key:
        return settings.secret_key
    path = settings.data / "secret_key"
    try:
        settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        draft = settings.data / f".secret_key.{os.getpid()}.{secrets.token_hex(4)}"
        if not path.exists():
            handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_urlsafe(48))
                file.flush()
                os.fsync(file.fileno())
            try:
                # link, not rename: the first of several starting processes wins
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        key = path.read_text().strip()
    except OSError as error:
        raise ConfigError([f"BIGIMAGE_DATA: {settings.data} cannot be used: {error.strerror}."]) from error
    if len(key) < 32:
        raise ConfigError(
            [f"{path} is damaged: restore it from a backup, or delete it (everybody is signed out)."]
        )
    return key
