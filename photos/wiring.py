"""Settings become objects here and nowhere else: one match per role.

Opening is cheap: nothing connects, starts a child process or imports a heavy library before first use.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from photos import logs
from photos.backends.identity import IdentityProvider
from photos.backends.jobs import Jobs
from photos.backends.recognition import Recognition
from photos.backends.search import Search
from photos.backends.secrets import Secrets
from photos.backends.secrets.named import NamedSecrets
from photos.backends.storage import Storage
from photos.config import Settings, ensure_secret_key, read_environment, secrets_named, with_secrets
from photos.db import mysql
from photos.db.budget import Fleet
from photos.db.engine import Database
from photos.db.mysql import parse_credentials
from photos.db.objects import DROPBOX
from photos.errors import ConfigError, DatabaseError, NotFound
from photos.secret_names import find_secret_name

if TYPE_CHECKING:
    from photos.backends.aws.rights import Finding
    from photos.imaging.pool import Decoders
    from photos.places import Gazetteer

JOBS_PURPOSE = "jobs"
"""What the key of jobs is derived for."""
MAGNIFIER_BYTES = 160 * 1024**2
"""Enough for a HEIC of 12 megapixels, and little beside the decoders of the runner."""


@dataclass(frozen=True)
class Backends:
    """Everything outside this process, by role."""

    settings: Settings
    secret_key: str
    database: Database
    storage: Storage
    recognition: Recognition
    search: Search
    identity: IdentityProvider
    jobs: Jobs
    secrets: NamedSecrets

    @cached_property
    def darkroom(self) -> Decoders:
        """Guarded decoder children; only the runner and the worker ever ask for them."""
        return self._decoders(self.settings.decoders, self.settings.decode_memory_bytes)

    def open_magnifier(self) -> Decoders:
        """One guarded decoder child with less memory, for a picture that is only looked at once."""
        return self._decoders(1, min(MAGNIFIER_BYTES, self.settings.decode_memory_bytes))

    def _decoders(self, count: int, memory_bytes: int) -> Decoders:
        from photos.imaging.limits import Limits
        from photos.imaging.pool import Decoders

        limits = Limits(
            size_bytes=self.settings.max_photo_bytes,
            pixels=self.settings.max_photo_pixels,
            seconds=self.settings.decode_seconds,
            memory_bytes=memory_bytes,
        )
        return Decoders(count, limits)

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """Offline place names, 10 MB; only the runner and the worker ever ask for them."""
        from photos.places import gazetteer

        return gazetteer()

    def close(self) -> None:
        """End child processes and give connections back."""
        if "darkroom" in self.__dict__:
            self.darkroom.close()
        self.recognition.close()
        self.search.close()
        self.storage.close()
        self.jobs.close()
        self.database.close()
        self.secrets.close()


def open_backends(settings: Settings) -> Backends:
    """Build every part. Raises ConfigError if the settings cannot work, SecretsError if a store is down."""
    secrets = _secrets(settings)
    settings = _with_secrets(settings, secrets)
    secret_key = ensure_secret_key(settings)
    logs.hide(secret_key, unquote(urlsplit(settings.database_url).password or ""))
    database = open_database(settings, secrets, settings.database_secret)
    return Backends(
        settings=settings,
        secret_key=secret_key,
        database=database,
        storage=_storage(settings, secret_key),
        recognition=_recognition(settings),
        search=_search(settings),
        identity=_identity(database),
        jobs=_jobs(settings, secret_key, database),
        secrets=secrets,
    )


def open_database(settings: Settings, secrets: NamedSecrets, sign_in: str) -> Database:
    """The database of the settings. `sign_in` holds or names its user's credentials, or is empty."""
    return Database(
        settings.database_url,
        sign_in=_sign_in(secrets, sign_in) if sign_in else None,
        ca=settings.database_ca,
        connections=settings.database_connections,
    )


def examine_rights(settings: Settings) -> Iterator[Finding]:
    """What the role of this machine may do in its account, right by right. Raises ConfigError outside AWS."""
    from photos.backends.aws import rights

    if settings.platform != "aws":
        raise ConfigError(["PLATFORM is not aws: nothing is asked of an account here."])
    account = rights.Account(
        region=settings.aws_region,
        bucket=settings.s3_bucket,
        s3_endpoint_url=settings.s3_endpoint_url,
        s3_addressing=settings.s3_addressing,
        s3_encryption=settings.s3_encryption,
        s3_kms_key=settings.s3_kms_key,
        jobs_queue=settings.jobs_queue,
        jobs_dead_queue=settings.jobs_dead_queue,
        sqs_endpoint_url=settings.sqs_endpoint_url,
        secrets_endpoint_url=settings.secrets_endpoint_url,
    )
    return rights.examine(settings.tier, account)


def prepare(backends: Backends) -> bool:
    """Make what a first start needs, and bring the database up to date; whether anything changed.

    A storage folder is only made together with the database: if the rows are there and the folder is
    not, a volume is not mounted, and an empty folder in its place would hide that.
    """
    from photos.backends.storage.folder import FolderStorage, create_folder
    from photos.db import migrate

    with owners_database(backends) as database:
        if isinstance(backends.storage, FolderStorage) and not migrate.current(database):
            create_folder(backends.settings.data / "storage")
        return migrate.upgrade(database)


def fleet(settings: Settings) -> Fleet:
    """All processes that share the database, as far as settings tell."""
    runners = 1 if settings.tier == "all" else 0
    return Fleet(
        machines=settings.machines,
        processes=settings.web_processes + runners,
        connections=settings.database_connections,
        doubles=settings.platform == "aws",
    )


@contextmanager
def owners_database(backends: Backends) -> Iterator[Database]:
    """The database as the user who may change tables and users; the application's own where none is set."""
    settings = backends.settings
    if not settings.database_owner_secret:
        yield backends.database
        return
    database = open_database(settings, backends.secrets, settings.database_owner_secret)
    try:
        yield database
    finally:
        database.close()


def derived_key(secret_key: str, purpose: str) -> bytes:
    """A key of its own for each purpose, so that no signature made for one is good for another."""
    return hmac.new(secret_key.encode(), purpose.encode(), hashlib.sha256).digest()


def _secrets(settings: Settings) -> NamedSecrets:
    from photos.backends.secrets.environment import EnvironmentSecrets

    needed = [*secrets_named(settings).values()]
    if find_secret_name(settings.database_secret):
        needed.append(settings.database_secret)
    stores: dict[str, Secrets] = {"env": EnvironmentSecrets(read_environment)}
    if settings.aws_region:
        from photos.backends.aws import LateClient
        from photos.backends.secrets.aws import QUICKLY
        from photos.backends.secrets.secretsmanager import SecretsManagerSecrets
        from photos.backends.secrets.ssm import SsmSecrets

        place = {"region": settings.aws_region, "endpoint_url": settings.secrets_endpoint_url}
        stores["ssm"] = SsmSecrets(LateClient("ssm", **place, **QUICKLY))
        stores["secretsmanager"] = SecretsManagerSecrets(LateClient("secretsmanager", **place, **QUICKLY))
    return NamedSecrets(stores, needed=needed)


def _with_secrets(settings: Settings, secrets: NamedSecrets) -> Settings:
    """Settings that name secrets, with their texts."""
    names = secrets_named(settings)
    if not names:
        return settings
    try:
        texts = secrets.get_all(names.values())
    except NotFound as missing:
        raise ConfigError([f"{', '.join(names)}: there is no secret {missing.ident}."]) from missing
    return with_secrets(settings, {variable: texts[name] for variable, name in names.items()})


def _sign_in(secrets: NamedSecrets, value: str) -> mysql.SignIn:
    """Credentials from a setting that holds them, or names the secret that does."""
    if find_secret_name(value) is None:
        credentials = parse_credentials(value)
        logs.hide(credentials.password)
        return lambda _is_refused: credentials

    def sign_in(is_refused: bool) -> mysql.Credentials:
        try:
            return parse_credentials(secrets.get_again(value) if is_refused else secrets.get(value))
        except NotFound as error:
            raise DatabaseError("sign in", f"because there is no secret {value}") from error

    return sign_in


def _storage(settings: Settings, secret_key: str) -> Storage:
    match settings.storage:
        case "s3":
            from photos.backends.storage.s3 import S3Storage

            return S3Storage(
                settings.s3_bucket,
                region=settings.aws_region,
                endpoint_url=settings.s3_endpoint_url,
                addressing_style=settings.s3_addressing,
                encryption=settings.s3_encryption,
                kms_key=settings.s3_kms_key,
                url_seconds=settings.url_seconds,
                part_seconds=settings.part_url_seconds,
            )
        case _:
            from photos.backends.storage.folder import FolderStorage

            return FolderStorage(
                settings.data / "storage",
                signing_key=derived_key(secret_key, "media"),
                url_seconds=settings.url_seconds,
                part_seconds=settings.part_url_seconds,
                kept_prefix=DROPBOX,
            )


def _recognition(settings: Settings) -> Recognition:
    match settings.recognition:
        case "local":
            from photos.backends.recognition.onnx import OnnxRecognition

            return OnnxRecognition(settings.models)
        case _:
            from photos.backends.recognition.off import NoRecognition

            return NoRecognition()


def _search(settings: Settings) -> Search:
    from photos.backends.search.sqlite import SqliteSearch

    return SqliteSearch(settings.data / "search.db")


def _identity(database: Database) -> IdentityProvider:
    from photos.backends.identity.local import LocalIdentity

    return LocalIdentity(database)


def _jobs(settings: Settings, secret_key: str, database: Database) -> Jobs:
    match settings.jobs:
        case "sqs":
            from photos.backends.jobs.sqs import SqsJobs

            return SqsJobs(
                settings.jobs_queue,
                settings.jobs_dead_queue,
                signing_key=derived_key(secret_key, JOBS_PURPOSE),
                region=settings.aws_region,
                endpoint_url=settings.sqs_endpoint_url,
            )
        case _:
            from photos.backends.jobs.local import LocalJobs

            return LocalJobs(
                database,
                first=("change_photos",),  # somebody looks at its progress
                last=("label_photo", "read_text"),
                dead_after=settings.job_attempts,
            )
