"""Commands for people: `flask check`, `migrate`, `secrets`, `rotate-db-password`, `accounts`, `upload`,
`demo`, `bucket`, `sweep`, `fsck`, `relabel`, `reindex`.

The web process imports this file too, so a command loads what only it needs.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC
from pathlib import Path
from typing import TextIO

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from photos.config import read_settings, secrets_in_use
from photos.errors import BackendError, BigimageError, ConfigError
from photos.models import SecretVersion
from photos.secret_names import find_secret_name
from photos.services import accounts, links, tokens
from photos.wiring import Backends, examine_rights, fleet, open_database, owners_database, prepare


@contextmanager
def plain_errors() -> Iterator[None]:
    """What this program raises on purpose ends a command with a sentence and exit code 1."""
    try:
        yield
    except ConfigError as error:
        problems = "".join(f"\n  - {problem}" for problem in error.problems)
        raise click.ClickException(
            f"Please mend these settings (docs/settings.md explains each):{problems}"
        ) from error
    except BackendError as error:
        raise click.ClickException(
            f"{error}. `flask check` tells more; a new data folder needs `make migrate` first."
        ) from error
    except BigimageError as error:
        raise click.ClickException(str(error)) from error


class PlainCommand(click.Command):
    """A command under `plain_errors`. It speaks in words, so the log says only what goes wrong."""

    def invoke(self, ctx: click.Context) -> object:
        """Run it."""
        if logging.root.level == logging.INFO:
            logging.root.setLevel(logging.WARNING)
        with plain_errors():
            return super().invoke(ctx)


accounts_group = AppGroup("accounts", help="People who can sign in on this machine.")


def register(app: Flask) -> None:
    """Add every command to the application."""
    app.cli.add_command(accounts_group)
    for command in (
        *(check, migrate, list_secrets, rotate_db_password, upload, demo, check_bucket),
        *(simulate_event, sweep, fsck, relabel, reindex),
    ):
        app.cli.add_command(command)


def backends() -> Backends:
    """The parts of the running application."""
    found: Backends = current_app.extensions["bigimage"]
    return found


@click.command(cls=PlainCommand)
@with_appcontext
def migrate() -> None:
    """Bring the database up to date; safe to repeat, and from several machines at once."""
    click.echo("The database is up to date now." if prepare(backends()) else "The database was up to date.")


PARTS = ("database", "secrets", "storage", "search", "identity", "jobs", "recognition")
RIGHTS = "aws"
"""What this machine may do in its account; asked for by name, since it takes a call for each right."""


@click.command(cls=PlainCommand)
@click.argument("names", nargs=-1, metavar="[PART]...", type=click.Choice((*PARTS, RIGHTS)))
@with_appcontext
def check(names: tuple[str, ...]) -> None:
    """Ask every PART whether it works, or those that are named, and list every problem at once.

    Parts: database, secrets, storage, search, identity, jobs, recognition; and aws, which tries each right
    that this machine needs in its account, and shows who it is, where, and whether its clock is right.
    """
    parts = backends()
    problems = []
    for name in names or PARTS:
        if name == RIGHTS:
            problems += _missing_rights(parts)
        elif problem := _problem_of(name, parts):
            problems.append(f"{name}: {problem}")
        else:
            click.echo(f"{name}: works")
    for note in _notes(parts):
        click.echo(f"Note: {note}")
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)


def _problem_of(name: str, parts: Backends) -> str:
    if name == "database":
        from photos.db.diagnose import diagnose

        return diagnose(parts.database, fleet(parts.settings))
    try:
        getattr(parts, name).ping()
    except BackendError as error:
        return str(error)
    return ""


def _missing_rights(parts: Backends) -> list[str]:
    """Shows every right that is there, and gives back what is wrong."""
    findings = list(examine_rights(parts.settings))
    for finding in findings:
        if not finding.is_wrong:
            click.echo(finding.text)
    return [finding.text for finding in findings if finding.is_wrong]


def _notes(parts: Backends) -> list[str]:
    """What works, and should be known."""
    notes = []
    if parts.settings.recognition == "off":
        notes.append(parts.recognition.missing())
    if not parts.database.is_sqlite and parts.settings.database_ca is None:
        notes.append("nobody proves that the database is the right one: set DATABASE_CA.")
    return notes


@click.command("secrets", cls=PlainCommand)
@with_appcontext
def list_secrets() -> None:
    """List the secrets that settings name: which version is there, and since when.

    The texts themselves are never shown. Exits with 1 unless all are there.
    """
    # the application has the texts in the place of the names
    named = secrets_in_use(read_settings())
    versions = backends().secrets.list_versions(named.values())
    for variable, name in named.items():
        if found := versions.get(name):
            click.echo(f"{variable}: {name}{_version_words(found)}")
    missing = {variable: name for variable, name in named.items() if name not in versions}
    for variable, name in missing.items():
        secret = find_secret_name(name)
        click.echo(f"{variable}: {name} is not there. Make it: {secret.making if secret else ''}", err=True)
    if not named:
        click.echo("No setting names a secret.")
    if missing:
        sys.exit(1)


def _version_words(found: SecretVersion) -> str:
    since = f", since {found.changed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC" if found.changed_at else ""
    return (f", version {found.version}" if found.version else "") + since


@click.command("rotate-db-password", cls=PlainCommand)
@click.option("--user", default="bigimage", show_default=True, help="The first user, for an empty secret.")
@with_appcontext
def rotate_db_password(user: str) -> None:
    """Write a new user and password of the database into the secret that DATABASE_SECRET names.

    Two users take turns: whoever signed in as the other one works on. Run it twice to end a password that
    leaked.
    """
    from photos.services.rotation import rotate_password

    parts = backends()
    settings = parts.settings
    if not find_secret_name(settings.database_secret) or not settings.database_owner_secret:
        raise click.ClickException(
            "Set DATABASE_SECRET to the name of a secret, "
            "and DATABASE_OWNER_SECRET to somebody who may make users."
        )
    with owners_database(parts) as owner:
        name = rotate_password(
            settings.database_secret,
            first_name=user,
            over_tls=settings.database_ca is not None,
            owner=owner,
            secrets=parts.secrets,
            open_as=lambda secret: open_database(settings, parts.secrets, secret),
        )
    click.echo(f"{settings.database_secret} holds the user {name} with a new password, and it works.")


@accounts_group.command("create", cls=PlainCommand)
@click.argument("email")
@click.option("--admin", is_flag=True, help="May invite and manage people.")
@click.option(
    "--name", default="", help="How pages greet this person; the first part of the address by default."
)
@with_appcontext
def create_account(email: str, admin: bool, name: str) -> None:
    """Create a person. The password is asked twice, or read from standard input."""
    accounts.create_account(email, _read_password(), name=name, is_admin=admin, database=backends().database)
    click.echo(f"{email} can sign in now.")


@accounts_group.command("token", cls=PlainCommand)
@click.argument("email")
@click.option("--name", default="command line", help="What the account page calls it.")
@click.option("--read-only", is_flag=True, help="It may look, and change nothing.")
@with_appcontext
def create_token(email: str, name: str, read_only: bool) -> None:
    """Print a new personal token for EMAIL, alone on its line. It is shown only once."""
    scopes = frozenset({"read"} if read_only else {"read", "write"})
    click.echo(tokens.create_token_for(email, name=name, scopes=scopes, database=backends().database))


@accounts_group.command("reset", cls=PlainCommand)
@click.argument("email")
@with_appcontext
def reset_password(email: str) -> None:
    """Print a link, good for one hour and once, where EMAIL can choose a new password."""
    parts = backends()
    click.echo(links.create_reset_link(email, database=parts.database, base_url=parts.settings.base_url))


def _read_password() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt="Once more"))
    return sys.stdin.readline().rstrip("\r\n")


@click.command(cls=PlainCommand)
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option(
    "--server",
    default=lambda: os.environ.get("BIGIMAGE_SERVER", "http://127.0.0.1:8000"),
    show_default="BIGIMAGE_SERVER or http://127.0.0.1:8000",
)
@click.option(
    "--token",
    default=lambda: os.environ.get("BIGIMAGE_TOKEN", ""),
    help="A personal token; or BIGIMAGE_TOKEN.",
)
@click.option(
    "--parallel", default=4, type=click.IntRange(1, 32), show_default=True, help="Files sent at once."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line and file.")
def upload(paths: tuple[Path, ...], server: str, token: str, parallel: int, as_json: bool) -> None:
    """Upload files and folders; known files are not sent. Exits with 1 if any failed or was refused."""
    from photos import client

    if not token.strip():
        raise click.ClickException(
            "A token is missing: make one with `flask accounts token EMAIL`, then pass --token."
        )
    uploader = client.Uploader(server, token.strip(), workers=parallel)
    files = list(client.find_files(paths))
    counts = dict.fromkeys(("sent", "known", "refused", "failed"), 0)
    try:
        uploader.check()
        with click.progressbar(
            uploader.upload(files), length=len(files), label="Uploading", file=sys.stderr, hidden=as_json
        ) as outcomes:
            for outcome in outcomes:
                counts[outcome.status] += 1
                if as_json:
                    click.echo(json.dumps(asdict(outcome)))
                elif outcome.reason:
                    shown = click.format_filename(outcome.path)
                    click.echo(f"\n{shown}: {outcome.status}: {outcome.reason}", err=True)
    except client.ServerError as error:
        raise click.ClickException(str(error)) from error
    if not as_json:
        click.echo(", ".join(f"{count:,} {status}" for status, count in counts.items()))
    if counts["failed"] or counts["refused"]:
        sys.exit(1)


@click.command(cls=PlainCommand)
@click.option("--photos", "count", default=1000, show_default=True, type=click.IntRange(1, 5_000_000))
@click.option("--owner", "email", required=True, help="Whose library it becomes: a local account.")
@click.option("--seed", default="1", show_default=True, help="Another one gives other photos.")
@with_appcontext
def demo(count: int, email: str, seed: str) -> None:
    """Fill a library with invented photos, to look around in and to measure. 100,000 take a minute or two."""
    from photos.services import accounts
    from photos.services.demo import make_library

    parts = backends()
    owner = accounts.get_person(email, database=parts.database)
    with click.progressbar(length=count, label="Inventing photos", file=sys.stderr) as bar:
        make_library(
            count,
            owner=owner,
            seed=seed,
            database=parts.database,
            storage=parts.storage,
            recognition=parts.recognition,
            search=parts.search,
            darkroom=parts.darkroom,
            report=bar.update,
        )
    click.echo(f"{count:,} photos are in the library of {email} now.")


@click.command("bucket", cls=PlainCommand)
@click.option("--set", "is_set", is_flag=True, help="Give the bucket the rules that it lacks.")
@with_appcontext
def check_bucket(is_set: bool) -> None:
    """Tell what the bucket's rules lack: for pages that send to it, and for abandoned uploads.

    With --set they are added; rules of others stay. Exits with 1 if anything is lacking then.
    """
    from photos.services import bucket
    from photos.web.security import trusted_origins

    parts = backends()
    origins = sorted(set(trusted_origins(parts.settings).values()))
    if is_set:
        bucket.set_rules(origins, settings=parts.settings, storage=parts.storage)
    problems = bucket.find_problems(origins, settings=parts.settings, storage=parts.storage)
    for problem in problems:
        click.echo(problem, err=True)
    if problems:
        sys.exit(1)
    click.echo("The bucket's rules are as they have to be.")


@click.command("simulate-event", cls=PlainCommand)
@click.argument("file", type=click.File(encoding="utf-8"))
@with_appcontext
def simulate_event(file: TextIO) -> None:
    """Do what the message in FILE says, as the worker tier would; - reads standard input.

    FILE holds a bucket's event, or a job as {"name": "process_photo", "payload": {"photo_id": "..."}}, which
    is signed here.
    """
    from photos.web import worker

    worker.simulate(file.read(), backends())
    click.echo("Done.")


@click.command(cls=PlainCommand)
@click.option("--all", "every", is_flag=True, help="Every photo, not only those that lack something.")
@with_appcontext
def relabel(every: bool) -> None:
    """Have photos looked at again that lack what “More like this” compares. The runner does it."""
    from photos.services import likeness

    parts = backends()
    total = likeness.ask_again(database=parts.database, recognition=parts.recognition, every=every)
    click.echo(f"{total:,} photos wait for the recogniser.")


@click.command(cls=PlainCommand)
@with_appcontext
def sweep() -> None:
    """Send overdue work again and throw away what nobody needs."""
    from photos.services import upkeep

    parts = backends()
    swept = upkeep.sweep(
        settings=parts.settings,
        database=parts.database,
        storage=parts.storage,
        recognition=parts.recognition,
        search=parts.search,
        jobs=parts.jobs,
    )
    for name, count in asdict(swept).items():
        click.echo(f"{name}: {count}")


@click.command(cls=PlainCommand)
@click.option("--repair", is_flag=True, help="Mend what can be made again.")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as one JSON object.")
@with_appcontext
def fsck(repair: bool, as_json: bool) -> None:
    """Compare rows, objects and index; print differences as counts. Exits with 1 unless all are 0.

    With --repair it mends first: what is counted then is left.
    """
    from photos.services import fsck

    parts = backends()

    def report(line: str) -> None:
        click.echo(line, err=True)

    if repair:
        mended = fsck.repair(
            database=parts.database,
            storage=parts.storage,
            search=parts.search,
            jobs=parts.jobs,
            report=report,
        )
        report(", ".join(f"{name}: {count:,}" for name, count in asdict(mended).items()))
    differences = fsck.find_differences(
        database=parts.database, storage=parts.storage, search=parts.search, report=report
    )
    if as_json:
        click.echo(json.dumps(asdict(differences)))
    else:
        for name, count in asdict(differences).items():
            click.echo(f"{name}: {count}")
    if differences.total():
        sys.exit(1)


@click.command(cls=PlainCommand)
@with_appcontext
def reindex() -> None:
    """Empty the search index and fill it from the database."""
    from photos.services import indexing

    parts = backends()
    total = indexing.reindex(
        database=parts.database, search=parts.search, report=lambda line: click.echo(line, err=True)
    )
    click.echo(f"{total:,} photos in the index")
