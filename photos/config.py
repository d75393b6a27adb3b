"""Settings: one frozen dataclass, read once from the environment and validated whole.

Every field names its variable; `docs/settings.md` describes each one, and a test holds the two together.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from photos.errors import ConfigError
from photos.secret_names import find_secret_name

MIB = 1024 * 1024
_HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:[0-9]+)?", re.ASCII | re.IGNORECASE)
"""As browsers write it in an Origin header: no user, no spaces, other scripts as xn--."""
_HOST = re.compile(r"[a-z0-9._-]+", re.ASCII | re.IGNORECASE)
_QUEUE = re.compile(r"[A-Za-z0-9_-]{1,80}", re.ASCII)
WEAK_KEYS = frozenset({"dev", "development", "secret", "changeme", "test", "password", "key"})


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _flag(value: str) -> bool:
    words = {
        "true": True,
        "yes": True,
        "on": True,
        "1": True,
        "false": False,
        "no": False,
        "off": False,
        "0": False,
    }
    try:
        return words[value.strip().lower()]
    except KeyError:
        raise ValueError("must be one of true, false, yes, no, on, off, 1, 0") from None


def _credentials(value: str) -> str:
    """Says nothing of the value: it holds a password."""
    if find_secret_name(value) is None:
        try:
            who = json.loads(value)
            is_one = isinstance(who["username"], str) and isinstance(who["password"], str)
        except (ValueError, TypeError, KeyError):
            is_one = False
        if not is_one:
            raise ValueError('must name a secret, or be JSON as {"username": "...", "password": "..."}')
    return value


def _file(value: str) -> Path:
    path = _path(value)
    if not path.is_file():
        raise ValueError(f"names {path}, where there is no file")
    return path


def _path(value: str) -> Path:
    try:
        return Path(_text(value)).expanduser().absolute()
    except RuntimeError:
        raise ValueError("begins with ~ and the name of nobody on this machine") from None


def _number(low: int, high: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        try:
            number = int(value)
        except ValueError:
            raise ValueError("must be a whole number") from None
        if not low <= number <= high:
            raise ValueError(f"must be between {low} and {high}")
        return number

    return parse


def _one_of(*words: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in words:
            raise ValueError(f"must be one of {', '.join(words)}")
        return value

    return parse


def _database(value: str) -> str:
    """Says nothing of the value: it holds a password."""
    if _text(value).startswith("sqlite:///"):
        return value
    if not value.startswith(("mysql+mysqlconnector://", "mariadb+mysqlconnector://")):
        raise ValueError("must begin with sqlite:/// or mysql+mysqlconnector://")
    parts = urlsplit(value)
    if not parts.hostname or not parts.path.strip("/") or not _has_port(parts) or parts.fragment:
        raise ValueError(
            "must look like mysql+mysqlconnector://user:password@host:3306/name, "
            "with odd characters of the password percent-encoded"
        )
    return value


def _address(value: str) -> str:
    parts = urlsplit(_text(value))
    if parts.scheme not in {"http", "https"} or not parts.hostname or not _has_port(parts):
        raise ValueError("must look like https://s3.example.org")
    return value


def _queue(value: str) -> str:
    """A name, as SQS allows them, or the address of a queue."""
    if value.startswith(("https://", "http://")):
        return _address(value)
    if not _QUEUE.fullmatch(value):
        raise ValueError("must be the name of a queue (letters, digits, - and _, no FIFO queue) or its URL")
    return value


def _has_port(parts: SplitResult) -> bool:
    """Whether the port is a number, or left out."""
    try:
        return parts.port is None or parts.port > 0
    except ValueError:
        return False


def _host(value: str) -> str:
    try:
        is_host = bool(ip_address(value) if ":" in value else _HOST.fullmatch(value))
    except ValueError:
        is_host = False
    if not is_host:
        raise ValueError("must be a name or an address, such as 127.0.0.1 or ::1")
    return value


def _origin(value: str) -> str:
    parts = urlsplit(_text(value).rstrip("/"))
    is_origin = parts.scheme in {"http", "https"} and _HOST_AND_PORT.fullmatch(parts.netloc)
    if not is_origin or not _has_port(parts) or parts.path or parts.query or parts.fragment:
        raise ValueError("must look like https://photos.example.org, without a path")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _origins(value: str) -> tuple[str, ...]:
    return tuple(_origin(word.strip()) for word in value.split(",") if word.strip())


def _tiles(value: str) -> str:
    parts = urlsplit(_text(value))
    is_host = parts.scheme == "https" and _HOST_AND_PORT.fullmatch(parts.netloc) and _has_port(parts)
    if not is_host or any(value.count(place) != 1 for place in ("{z}", "{x}", "{y}")):
        raise ValueError("must look like https://tiles.example.org/{z}/{x}/{y}.png")
    return value


def _set(name: str, parse: Callable[[str], Any], default: Any) -> Any:
    return field(default=default, metadata={"env": name, "parse": parse})


def _secret(name: str, parse: Callable[[str], Any]) -> Any:
    """A text that nobody may see, or the name of a secret: `with_secrets` puts its text in its place."""
    return field(default="", repr=False, metadata={"env": name, "parse": parse, "is_secret": True})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that can be set. Sizes in bytes, times in seconds."""

    platform: str = _set("PLATFORM", _one_of("local", "aws"), "local")
    tier: str = _set("TIER", _one_of("web", "worker", "all"), "all")
    data: Path = _set("BIGIMAGE_DATA", _path, Path("data").absolute())
    host: str = _set("HOST", _host, "127.0.0.1")
    port: int = _set("PORT", _number(1, 65535), 8000)
    base_url: str = _set("BASE_URL", _origin, "")
    other_origins: tuple[str, ...] = _set("OTHER_ORIGINS", _origins, ())
    proxy_hops: int = _set("PROXY_HOPS", _number(0, 5), 0)
    secret_key: str = _secret("SECRET_KEY", _text)
    web_processes: int = _set("WEB_PROCESSES", _number(1, 64), 2)
    web_threads: int = _set("WEB_THREADS", _number(1, 64), 4)

    database_url: str = _secret("DATABASE_URL", _database)
    database_secret: str = field(
        default="", repr=False, metadata={"env": "DATABASE_SECRET", "parse": _credentials}
    )
    database_owner_secret: str = field(
        default="", repr=False, metadata={"env": "DATABASE_OWNER_SECRET", "parse": _credentials}
    )
    database_ca: Path | None = _set("DATABASE_CA", _file, None)
    database_connections: int = _set("DATABASE_CONNECTIONS", _number(2, 100), 10)
    machines: int = _set("MACHINES", _number(1, 1000), 1)

    secrets_endpoint_url: str = _set("SECRETS_ENDPOINT_URL", _address, "")

    storage: str = _set("STORAGE", _one_of("", "folder", "s3"), "")
    s3_bucket: str = _set("S3_BUCKET", _text, "")
    s3_endpoint_url: str = _set("S3_ENDPOINT_URL", _address, "")
    s3_addressing: str = _set("S3_ADDRESSING", _one_of("auto", "path", "virtual"), "auto")
    s3_encryption: str = _set("S3_ENCRYPTION", _one_of("AES256", "aws:kms"), "")
    s3_kms_key: str = _set("S3_KMS_KEY", _text, "")
    aws_region: str = _set("AWS_REGION", _text, "")
    url_seconds: int = _set("URL_SECONDS", _number(60, 604800), 3600)
    part_url_seconds: int = _set("PART_URL_SECONDS", _number(60, 604800), 3600)

    jobs: str = _set("JOBS", _one_of("", "local", "sqs"), "")
    jobs_queue: str = _set("JOBS_QUEUE", _queue, "")
    jobs_dead_queue: str = _set("JOBS_DEAD_QUEUE", _queue, "")
    sqs_endpoint_url: str = _set("SQS_ENDPOINT_URL", _address, "")
    job_seconds: int = _set("JOB_SECONDS", _number(5, 43200), 240)

    recognition: str = _set("RECOGNITION", _one_of("local", "off"), "local")
    models: Path = _set("BIGIMAGE_MODELS", _path, Path("~/.cache/bigimage/models").expanduser())
    suggestion_below: int = _set("SUGGESTION_BELOW", _number(50, 100), 70)

    open_sign_up: bool = _set("OPEN_SIGN_UP", _flag, False)
    session_seconds: int = _set("SESSION_SECONDS", _number(300, 31536000), 14 * 86400)
    session_idle_seconds: int = _set("SESSION_IDLE_SECONDS", _number(300, 31536000), 3 * 86400)
    sign_in_attempts: int = _set("SIGN_IN_ATTEMPTS", _number(3, 1000), 10)
    sign_in_window_seconds: int = _set("SIGN_IN_WINDOW_SECONDS", _number(10, 86400), 900)

    quota_bytes: int = _set("QUOTA_BYTES", _number(0, 2**50), 0)
    uploads_per_minute: int = _set("UPLOADS_PER_MINUTE", _number(1, 1_000_000), 1000)
    max_photo_bytes: int = _set("MAX_PHOTO_BYTES", _number(1, 2**40), 512 * MIB)
    max_photo_pixels: int = _set("MAX_PHOTO_PIXELS", _number(1, 2**31), 200_000_000)
    part_bytes: int = _set("PART_BYTES", _number(5 * MIB, 1024 * MIB), 8 * MIB)
    upload_days: int = _set("UPLOAD_DAYS", _number(1, 365), 7)
    trash_days: int = _set("TRASH_DAYS", _number(1, 3650), 30)

    map_tiles_url: str = _set("MAP_TILES_URL", _tiles, "")
    map_attribution: str = _set("MAP_ATTRIBUTION", _text, "")

    decoders: int = _set("DECODERS", _number(1, 64), 2)
    decode_seconds: int = _set("DECODE_SECONDS", _number(1, 600), 20)
    decode_memory_bytes: int = _set("DECODE_MEMORY_BYTES", _number(64 * MIB, 2**40), 400 * MIB)
    job_lease_seconds: int = _set("JOB_LEASE_SECONDS", _number(5, 43200), 120)
    job_attempts: int = _set("JOB_ATTEMPTS", _number(1, 100), 10)

    metrics: bool = _set("METRICS", _flag, False)
    traces_url: str = _set("TRACES_URL", _address, "")
    log_level: str = _set("LOG_LEVEL", _one_of("debug", "info", "warning", "error"), "info")

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
    names = {*secrets_named(settings).values(), settings.database_secret, settings.database_owner_secret}
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
